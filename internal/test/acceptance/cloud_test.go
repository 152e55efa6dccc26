//go:build acceptance

package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// bench is one cluster's configuration on the cloud that OS_CLOUD names.
type bench struct {
	name  string
	env   map[string]string
	cli   *tfcli.CLI
	cloud *openstack.Client
	log   string
	seen  map[string]bool // IDs of the cluster's servers, gone ones too
}

func newBench(t *testing.T, name string) *bench {
	t.Helper()
	env, err := cloudenv.Read("OS_CLOUD", cloudenv.Image, cloudenv.Flavor, cloudenv.Network, cloudenv.ExternalNetwork, cloudenv.SecurityGroup)
	if err != nil {
		t.Fatal(err)
	}
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cli, err := tfcli.New(path, dir, "../../../bin")
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "calls.log")
	cli.Env = []string{"TF_LOG_PROVIDER=DEBUG", "TF_LOG_PATH=" + log}
	cloud, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{name: name, env: env, cli: cli, cloud: cloud, log: log, seen: map[string]bool{}}
	t.Cleanup(func() { b.cleanUp(t) })
	return b
}

// want writes the configuration for that many workers.
func (b *bench) want(t *testing.T, workers int, retire ...string) {
	t.Helper()
	quoted, err := json.Marshal(append([]string{}, retire...))
	if err != nil {
		t.Fatal(err)
	}
	b.write(t, b.cli, b.env, wanted{groups: map[string]string{"cpu": fmt.Sprintf("count = %d\nretire = %s", workers, quoted)}})
}

// wanted is what a configuration says beside the cloud's names.
type wanted struct {
	frontEnd string            // attributes beside the flavor and the external network
	groups   map[string]string // attributes beside the flavor
	more     string            // the cluster's own
}

// write writes a configuration; names holds what the cloud calls its things.
func (b *bench) write(t *testing.T, to *tfcli.CLI, names map[string]string, w wanted) {
	t.Helper()
	var groups strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w.groups)) {
		fmt.Fprintf(&groups, "    %s = {\n      flavor = %q\n      %s\n    }\n", name, names[cloudenv.Flavor], strings.ReplaceAll(w.groups[name], "\n", "\n      "))
	}
	text := fmt.Sprintf(`
terraform {
  required_providers {
    vmcluster = { source = %q }
  }
}

provider "vmcluster" {}

resource "vmcluster_cluster" "test" {
  name            = %q
  image           = %q
  network         = %q
  security_groups = [%q]
  wait_for        = "active"
  %s

  front_end = {
    flavor           = %q
    external_network = %q
    %s
  }
  workers = {
%s  }
}
`, tfcli.Source, b.name, names[cloudenv.Image], names[cloudenv.Network], names[cloudenv.SecurityGroup], w.more,
		names[cloudenv.Flavor], names[cloudenv.ExternalNetwork], w.frontEnd, groups.String())
	if err := to.Write("main.tf", text); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) apply(t *testing.T) {
	t.Helper()
	if _, err := b.cli.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) expectNoDifference(t *testing.T) {
	t.Helper()
	text, differs, err := b.cli.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if differs {
		t.Errorf("the plan holds a difference:\n%s", text)
	}
}

// nodes lists the servers tagged with the cluster's name.
func (b *bench) nodes(ctx context.Context, t *testing.T) cluster.Nodes {
	t.Helper()
	nodes, err := b.cloud.Nodes(ctx, cluster.NameTag(b.name))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		b.seen[n.ID] = true
	}
	return nodes
}

func (b *bench) expectServers(t *testing.T, workers int) cluster.Nodes {
	t.Helper()
	nodes := b.nodes(t.Context(), t)
	if _, ok := nodes.FrontEnd(); !ok || len(nodes) != workers+1 {
		t.Errorf("%d servers, want %d workers and a front-end: %v", len(nodes), workers, nodes.Names())
	}
	for _, n := range nodes {
		if n.Status != cluster.StatusActive {
			t.Errorf("%s is %s", n.Name, n.Status)
		}
	}
	return nodes
}

// expectNothing looks for servers and floating IPs of the cluster, and for ports
// of servers that it had.
func (b *bench) expectNothing(t *testing.T, id string, portsBefore int) {
	t.Helper()
	if nodes := b.nodes(t.Context(), t); len(nodes) > 0 {
		t.Errorf("servers left: %v", nodes.Names())
	}
	ips, err := b.cloud.FloatingIPs(t.Context(), id)
	if err != nil || len(ips) > 0 {
		t.Errorf("floating IPs left: %v, %v", ips, err)
	}
	if ports := b.ports(t); ports > portsBefore {
		t.Errorf("%d server ports, %d before", ports, portsBefore)
	}
}

// ports counts the ports of servers that this test has seen: others may work in
// the same project.
func (b *bench) ports(t *testing.T) int {
	t.Helper()
	servers, err := b.cloud.ServerPorts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(slices.DeleteFunc(servers, func(id string) bool { return !b.seen[id] }))
}

// calls returns how many requests the provider's log holds, logs how many there were
// of each kind, and empties the provider's log.
func (b *bench) calls(t *testing.T) int {
	t.Helper()
	requests, err := requestsIn(b.log)
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) == 0 {
		t.Fatal("the provider's log shows no request at all: its words have changed")
	}
	if err := os.Truncate(b.log, 0); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, r := range requests {
		kinds[r]++
	}
	t.Logf("calls: %v", kinds)
	return len(requests)
}

var (
	requestMethod = regexp.MustCompile(`\bmethod=(\S+)`)
	requestPath   = regexp.MustCompile(`\bpath=(\S+)`)
	anID          = regexp.MustCompile(`[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}`)
)

// requestsIn returns method and path of each answered or failed request in a
// provider's log.
func requestsIn(log string) ([]string, error) {
	f, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line := lines.Text()
		if !strings.Contains(line, "OpenStack request: ") && !strings.Contains(line, "OpenStack request failed") {
			continue
		}
		word := func(in *regexp.Regexp) string {
			if m := in.FindStringSubmatch(line); m != nil {
				return m[1]
			}
			return "?"
		}
		out = append(out, word(requestMethod)+" "+anID.ReplaceAllString(word(requestPath), "*"))
	}
	return out, lines.Err()
}

func (b *bench) cleanUp(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	p := provision.New(b.cloud, provision.Options{})
	for _, n := range b.nodes(ctx, t) {
		if err := p.Destroy(ctx, cluster.Ref{ID: n.ClusterID}, nil); err != nil {
			t.Error(err)
		}
	}
}

// number reads a size from the environment, so that a small project can run the
// same tests.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of workers", variable, text)
	}
	return n
}
