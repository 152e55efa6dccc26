//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/tfcli"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

const address = "vmcluster_cluster.astro"

// story is what the chapters share.
type story struct {
	env   map[string]string
	cli   *tfcli.CLI
	cloud *openstack.Client
	id    string
	fe    host // as the login user

	submitted int // jobs, in all chapters
}

func configuration(env map[string]string, count int, retire ...string) string {
	quoted, _ := json.Marshal(append([]string{}, retire...))
	external := ""
	if network := os.Getenv(cloudenv.ExternalNetwork); network != "" {
		external = fmt.Sprintf("external_network = %q", network)
	}
	return fmt.Sprintf(`
terraform {
  required_providers {
    vmcluster = { source = %q }
  }
}

provider "vmcluster" {}

variable "ca_key" {
  type      = string
  ephemeral = true
}

resource "vmcluster_cluster" "astro" {
  name            = "astro"
  image           = %q
  network         = %q
  key_pair        = %q
  security_groups = [%q]
  login_user      = "astro"

  front_end = {
    flavor = %q
    %s
  }

  workers = {
    cpu = { flavor = %q, count = %d, retire = %s }
  }

  batch_system = { type = "htcondor" }

  ssh_ca_private_key_wo         = var.ca_key
  ssh_ca_private_key_wo_version = 1
}
`, tfcli.Source, env[cloudenv.Image], env[cloudenv.Network], env[cloudenv.KeyPair], env[cloudenv.SecurityGroup],
		env[cloudenv.Flavor], external, env[cloudenv.Flavor], count, quoted)
}

func begin(t *testing.T) *story {
	t.Helper()
	env, err := cloudenv.Read("OS_CLOUD", cloudenv.Image, cloudenv.Flavor, cloudenv.Network, cloudenv.SecurityGroup,
		cloudenv.KeyPair, cloudenv.PrivateKey, cloudenv.ImageUser)
	if err != nil {
		t.Fatal(err)
	}
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cli, err := tfcli.New(path, dir, bin)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	cli.Env = []string{"TF_LOG=DEBUG", "TF_LOG_PATH=" + filepath.Join(dir, "debug.log"), "TF_VAR_ca_key=" + key}
	cloud, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &story{env: env, cli: cli, cloud: cloud}
}

func (s *story) apply(t *testing.T, count int, retire ...string) {
	t.Helper()
	if err := s.cli.Write("main.tf", configuration(s.env, count, retire...)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	text, err := s.cli.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("apply with count = %d took %s", count, time.Since(start).Round(time.Second))
	if strings.Contains(text, "Warning:") && !strings.Contains(text, "development overrides") {
		t.Logf("apply warned:\n%s", text)
	}
	text, differs, err := s.cli.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if differs {
		t.Errorf("a plan right after the apply holds a difference:\n%s", text)
	}
}

// TestStory is one cluster's life on a real cloud with servers that boot.
func TestStory(t *testing.T) {
	s := begin(t)
	t.Cleanup(func() { s.cleanUp(t) })
	chapters := []struct {
		name string
		tell func(*testing.T)
	}{
		{"create a front-end and two workers", s.create},
		{"every node trusts every node", func(t *testing.T) { s.trusts(t, "astro-cpu-1", "astro-cpu-2") }},
		{"the pool runs a job", func(t *testing.T) { s.pool(t, "astro-cpu-1", "astro-cpu-2"); s.runJobs(t, 1, 1) }},
		{"the metadata address is closed to users", s.metadataClosed},
		{"no secret where none belongs", s.secrets},
		{"grow to three", func(t *testing.T) {
			s.apply(t, 3)
			s.trusts(t, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
			s.pool(t, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
		}},
		{"shrink to two by name", func(t *testing.T) {
			s.apply(t, 2, "astro-cpu-2")
			s.trusts(t, "astro-cpu-1", "astro-cpu-3")
			s.pool(t, "astro-cpu-1", "astro-cpu-3")
			s.forgotten(t, "astro-cpu-2")
		}},
		{"the scaler follows the queue", s.scaler},
		{"destroy", s.destroy},
	}
	for _, c := range chapters {
		if !t.Run(c.name, c.tell) {
			t.Fatalf("the story ends at %q", c.name)
		}
	}
}

func (s *story) create(t *testing.T) {
	s.apply(t, 2)
	attrs, err := s.cli.Attributes(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	s.id, _ = attrs["id"].(string)
	feAddress, _ := attrs["front_end_address"].(string)
	s.fe = host{address: feAddress, user: "astro", key: s.env[cloudenv.PrivateKey], knownHosts: knownHosts(t)}
	s.fe.knownHosts = filepath.Join(s.cli.Dir, "known_hosts")
	if got := s.fe.must(t, "hostname"); got != "astro-frontend" {
		t.Errorf("the front-end calls itself %q", got)
	}
}

// trusts goes, as the login user, from every node to every node by name, and
// accepts neither a prompt nor a word of warning.
func (s *story) trusts(t *testing.T, workers ...string) {
	t.Helper()
	nodes := append([]string{"astro-frontend"}, workers...)
	list := strings.Join(nodes, " ")
	script := fmt.Sprintf("set -e\nfor a in %s; do\n  ssh -o BatchMode=yes $a 'for b in %s; do ssh -o BatchMode=yes $b \"echo $(hostname)-to-\\$(hostname) \\$(id -u):\\$(id -g)\" </dev/null; done' </dev/null\ndone\n", list, list)
	out, warnings, err := s.fe.run(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	if warnings != "" {
		t.Errorf("ssh between nodes warned:\n%s", warnings)
	}
	lines := strings.Split(out, "\n")
	if want := len(nodes) * len(nodes); len(lines) != want {
		t.Errorf("%d of %d ways between nodes:\n%s", len(lines), want, out)
	}
	for _, from := range nodes {
		for _, to := range nodes {
			if want := fmt.Sprintf("%s-to-%s %d:%d", from, to, cluster.DefaultLoginUID, cluster.DefaultLoginUID); !slices.Contains(lines, want) {
				t.Errorf("no %q in:\n%s", want, out)
			}
		}
	}
	// The block is the same to the letter on every node.
	script = fmt.Sprintf("for a in %s; do ssh -o BatchMode=yes $a 'sed -n \"/^# BEGIN vmcluster/,/^# END vmcluster/p\" /etc/hosts | sha256sum; ' </dev/null; done | sort | uniq -c", list)
	if out := s.fe.must(t, script); len(strings.Split(out, "\n")) != 1 || !strings.HasPrefix(out, fmt.Sprint(len(nodes))) {
		t.Errorf("the hosts block differs between nodes:\n%s", out)
	}
	hosts := s.fe.must(t, "cat /etc/hosts")
	for _, n := range nodes {
		if !strings.Contains(hosts, n) {
			t.Errorf("%s is not in /etc/hosts:\n%s", n, hosts)
		}
	}
}

// pool expects exactly these workers in the collector.
func (s *story) pool(t *testing.T, workers ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("condor_status lists %v", workers), 3*time.Minute, func() (string, bool) {
		out, _, err := s.fe.run(t.Context(), "condor_status -af Machine | cut -d. -f1 | sort -u")
		return out, err == nil && slices.Equal(strings.Fields(out), workers)
	})
}

// forgotten looks for a removed worker's traces on every node that is left.
func (s *story) forgotten(t *testing.T, worker string) {
	t.Helper()
	out := s.fe.must(t, fmt.Sprintf(`for a in $(awk '/^# BEGIN vmcluster/{f=1;next}/^# END vmcluster/{f=0}f{print $2}' /etc/hosts); do
  ssh -o BatchMode=yes $a 'grep -c -w %[1]s /etc/hosts /etc/ssh/ssh_known_hosts ~/.ssh/authorized_keys | grep -v ":0$"' </dev/null
done; condor_status -any -af Machine | grep -w %[1]s; true`, worker))
	if out != "" {
		t.Errorf("%s is still known:\n%s", worker, out)
	}
	servers, err := s.cloud.Nodes(t.Context(), cluster.IDTag(s.id))
	if err != nil {
		t.Fatal(err)
	}
	if _, there := servers.ByName(worker); there {
		t.Errorf("%s still has a server", worker)
	}
}

func (s *story) metadataClosed(t *testing.T) {
	out, _, err := s.fe.run(t.Context(), "curl -s -m 5 http://169.254.169.254/openstack/latest/meta_data.json >/dev/null; echo $?; ssh -o BatchMode=yes astro-cpu-1 'curl -s -m 5 http://169.254.169.254/openstack/latest/user_data >/dev/null; echo $?' </dev/null")
	if err != nil {
		t.Fatal(err)
	}
	// 7 is "refused"; a curl that is missing, or a name that is wrong, proves nothing.
	if out != "7\n7" {
		t.Errorf("the login user reads the metadata service; curl's exit statuses:\n%s", out)
	}
}

func (s *story) destroy(t *testing.T) {
	if _, err := s.cli.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	servers, err := s.cloud.Nodes(t.Context(), cluster.IDTag(s.id))
	if err != nil {
		t.Fatal(err)
	}
	ips, err := s.cloud.FloatingIPs(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	if len(servers) > 0 || len(ips) > 0 {
		t.Errorf("left after destroy: servers %v, floating IPs %v", servers.Names(), ips)
	}
}

// cleanUp removes what a story that ended early leaves, consoles first.
func (s *story) cleanUp(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	servers, err := s.cloud.Nodes(ctx, cluster.NameTag("astro"))
	if err != nil || len(servers) == 0 {
		return
	}
	if t.Failed() {
		for _, n := range servers {
			if text, err := s.cloud.ConsoleTail(ctx, n.ID, 40); err == nil {
				t.Logf("console of %s:\n%s", n.Name, text)
			}
		}
		if os.Getenv("VMCLUSTER_E2E_KEEP") != "" {
			t.Logf("servers are kept: %v; working directory %s", servers.Names(), s.cli.Dir)
			return
		}
	}
	p := provision.New(s.cloud, provision.Options{})
	for _, n := range servers {
		if err := p.Destroy(ctx, n.ClusterID, nil); err != nil {
			t.Error(err)
		}
	}
}
