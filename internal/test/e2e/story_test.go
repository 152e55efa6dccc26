//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// story is what the chapters about one cluster share.
type story struct {
	name  string // the cluster's, and its login user's
	mark  string // of this run, see runMark
	env   map[string]string
	cli   *tfcli.CLI
	cloud *openstack.Client
	batch batchSystem
	want  wanted
	id    string
	fe    host // as the login user

	submitted   int // jobs since the front-end was made
	submissions int

	tasks    map[string]string // worker → submission whose job runs on it until told to end
	journeys []journey         // of jobs to new workers
	creates  *calls            // of the last scaler
}

// chapter is one part of a story. -run can leave out chapters between the first
// and the last, as in TestStory/(create|in_turn|destroy); growth and shrink go together.
type chapter struct {
	name string
	tell func(*testing.T)
}

func (s *story) tell(t *testing.T, chapters []chapter) {
	t.Helper()
	var times []string
	for _, c := range chapters {
		start := time.Now()
		ok := t.Run(c.name, c.tell)
		times = append(times, fmt.Sprintf("%8s  %s", time.Since(start).Round(time.Second), c.name))
		if !ok {
			t.Fatalf("the story ends at %q; until then:\n%s", c.name, strings.Join(times, "\n"))
		}
	}
	t.Logf("what took how long:\n%s", strings.Join(times, "\n"))
}

// TestStory is one cluster's life on a real cloud with servers that boot.
func TestStory(t *testing.T) {
	s := begin(t, "astro")
	s.tell(t, []chapter{
		{"create a front-end and two workers", func(t *testing.T) { s.want.workers = 2; s.create(t) }},
		{"every node trusts every node", func(t *testing.T) { s.trusts(t, s.workers(t)...) }},
		{"the pool runs a job", func(t *testing.T) { s.pool(t, s.workers(t)...); s.runJobs(t, 1, 1) }},
		{"the metadata address is closed to users", s.metadataClosed},
		{"no secret where none belongs", s.secrets},
		{"grow to three", func(t *testing.T) {
			s.want.workers = 3
			s.apply(t)
			s.trusts(t, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
			s.pool(t, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
		}},
		{"shrink to two by name", func(t *testing.T) {
			s.want.workers, s.want.retire = 2, []string{"astro-cpu-2"}
			s.apply(t)
			s.trusts(t, "astro-cpu-1", "astro-cpu-3")
			s.pool(t, "astro-cpu-1", "astro-cpu-3")
			s.forgotten(t, "astro-cpu-2")
		}},
		{"the scaler follows the queue", s.scaler},
		{"workers are replaced in turn under running jobs", s.rollingReplacement},
		{"the front-end is replaced", s.newFrontEnd},
		{"destroy", s.destroy},
	})
}

// create applies for the first time.
func (s *story) create(t *testing.T) {
	s.apply(t)
	s.meetFrontEnd(t)
	if want := len(s.workers(t)); want != s.want.workers {
		t.Fatalf("%d workers were made, %d are wanted", want, s.want.workers)
	}
	s.expectClientConfiguration(t)
}

// meetFrontEnd takes over from the state where a new front-end is.
func (s *story) meetFrontEnd(t *testing.T) {
	t.Helper()
	attrs, err := s.cli.Attributes(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	s.id, _ = attrs["id"].(string)
	feAddress, _ := attrs["front_end_address"].(string)
	s.fe = host{
		address: feAddress, user: s.name, key: s.env[cloudenv.PrivateKey],
		// Another file for each front-end: one that is made anew has another key, perhaps at the same address.
		knownHosts: filepath.Join(s.cli.Dir, fmt.Sprintf("known_hosts-%d", time.Now().UnixNano())),
	}
	known, _ := attrs["known_hosts"].(string) // no login is on trust
	if err := os.WriteFile(s.fe.knownHosts, []byte(known), 0o600); err != nil {
		t.Fatal(err)
	}
	s.fe.strict, s.submitted = true, 0
	// With wait_for = "active", an apply ends before the front-end has booted.
	eventually(t, "the front-end answers, and calls itself "+s.frontEnd(), 15*time.Minute, func() (string, bool) {
		got, _, err := s.fe.run(t.Context(), "hostname")
		if err != nil {
			return err.Error(), false
		}
		return got, got == s.frontEnd()
	})
}

// expectClientConfiguration reaches the front-end and a worker by name, as a person does
// who has written ssh_config and known_hosts to files.
func (s *story) expectClientConfiguration(t *testing.T) {
	t.Helper()
	attrs, err := s.cli.Attributes(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := attrs["ssh_config"].(string)
	named := "~/.ssh/known_hosts_" + s.name
	if !strings.Contains(text, named) {
		t.Fatalf("ssh_config does not name %s:\n%s", named, text)
	}
	text = strings.ReplaceAll(text, named, s.fe.knownHosts) + fmt.Sprintf("  IdentityFile %s\n  BatchMode yes\n", s.fe.key) // of the last entry, which is for all
	file := filepath.Join(s.cli.Dir, "ssh_config")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{s.frontEnd()}, s.workers(t)...) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		out, err := exec.CommandContext(ctx, "ssh", "-F", file, name, "hostname").CombinedOutput()
		cancel()
		if got := strings.TrimSpace(string(out)); err != nil || got != name {
			t.Errorf("ssh -F ssh_config %s: %v\n%s", name, err, out)
		}
	}
}

func (s *story) frontEnd() string { return cluster.FrontEndName(s.name) }

// servers are the cluster's nodes as the cloud lists them.
func (s *story) servers(t *testing.T) cluster.Nodes {
	t.Helper()
	servers, err := s.cloud.Nodes(t.Context(), cluster.IDTag(s.id))
	if err != nil {
		t.Fatal(err)
	}
	return servers
}

// workers names the workers that have a server.
func (s *story) workers(t *testing.T) []string {
	t.Helper()
	return s.servers(t).Workers("").Names()
}

// ids are the IDs of the present servers by node name.
func (s *story) ids(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, n := range s.servers(t) {
		out[n.Name] = n.ID
	}
	return out
}

// asOperator reaches a node as the image's own user, which may become root.
func (s *story) asOperator(n cluster.Node) host {
	return host{address: n.Address, user: s.env[cloudenv.ImageUser], key: s.fe.key, knownHosts: s.fe.knownHosts}
}

// asOperatorOnce is asOperator for a worker that may have the address of an
// earlier one: host keys are remembered by server.
func (s *story) asOperatorOnce(n cluster.Node) host {
	h := s.asOperator(n)
	h.knownHosts = filepath.Join(s.cli.Dir, "known_hosts-"+n.ID)
	h.strict = false // the front-end's file does not have it
	return h
}

func (s *story) destroy(t *testing.T) {
	if _, err := s.cli.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	servers := s.servers(t)
	ips, err := s.cloud.FloatingIPs(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	if len(servers) > 0 || len(ips) > 0 {
		t.Errorf("left after destroy: servers %v, floating IPs %v", servers.Names(), ips)
	}
}
