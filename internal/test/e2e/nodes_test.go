//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// trusts logs in, as the login user, from every node to every node by name. A prompt or
// a warning is a failure.
func (s *story) trusts(t *testing.T, workers ...string) {
	t.Helper()
	nodes := append([]string{s.frontEnd()}, workers...)
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
	// The block is equal on every node.
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

// forgotten looks for a removed worker's traces on every node that is left.
func (s *story) forgotten(t *testing.T, worker string) {
	t.Helper()
	out := s.fe.must(t, fmt.Sprintf(`for a in $(awk '/^# BEGIN vmcluster/{f=1;next}/^# END vmcluster/{f=0}f{print $2}' /etc/hosts); do
  ssh -o BatchMode=yes $a 'grep -c -w %[1]s /etc/hosts /etc/ssh/ssh_known_hosts ~/.ssh/authorized_keys' </dev/null | grep -c ":0$"
done; true`, worker)) + s.mustAsk(t, s.batch.known(worker))
	// Three files on each node that do not name it, and nothing in the pool.
	if want := strings.TrimSuffix(strings.Repeat("3\n", len(s.servers(t))), "\n"); out != want {
		t.Errorf("%s is still known, or a node was not looked at; files without it, by node, and what the pool knows:\n%s", worker, out)
	}
	if _, there := s.servers(t).ByName(worker); there {
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
