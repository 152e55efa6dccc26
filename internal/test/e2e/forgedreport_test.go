//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// forger is an attacker who would have later workers of a cluster with
// coordinator = "last_worker" trust a key of its own.
type forger struct {
	key   *trust.CA
	lines []string // that would be taken for reports, if anything but the front-end's signature counted
}

// newForger makes reports that are as good as an attacker can make them: for the
// cluster and the server, well-formed, with two signatures by the attacker's own keys.
func newForger(t *testing.T, from report.Origin) forger {
	t.Helper()
	key, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	f := forger{key: key}
	for _, generation := range []int64{from.Generation + 5, math.MaxInt64} {
		text, err := json.Marshal(cluster.Report{
			Generation: generation, Sequence: math.MaxInt32, Joined: 1, HostKey: key.Public(), CoordinatorKey: key.Public(), HostCA: key.Public(),
		})
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := from.Seal(string(text), key, key)
		if err != nil {
			t.Fatal(err)
		}
		f.lines = append(f.lines, report.Mark+sealed, report.Mark+string(text))
	}
	return f
}

// forgesReports has forged reports written to the front-end's console: by a worker's
// errors, which the front-end prints; by a user's messages to the log and to terminals;
// and, as from any program that may write there, on lines of their own.
func (s *story) forgesReports(t *testing.T, f *forger) {
	front, there := s.servers(t).FrontEnd()
	if !there {
		t.Fatal("there is no front-end")
	}
	document, err := cluster.DecodeDocument(front.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	*f = newForger(t, report.Of(document, front.ID))
	s.answersWithReports(t, *f)
	var user, root strings.Builder
	for _, line := range f.lines {
		fmt.Fprintf(&user, "logger -p user.emerg -- %[1]s || true; logger -p user.emerg -- \"$(printf 'x\\n%%s' %[1]s)\" || true; echo %[1]s | wall 2>/dev/null || true\n", quote(line))
		fmt.Fprintf(&root, "printf '\\n%%s\\r\\n' %[1]s >/dev/console; printf '%%s\\n' %[1]s >/dev/kmsg\n", quote(line))
	}
	s.fe.must(t, user.String())
	s.operatorOn(t, front.Name).must(t, "sudo -n sh -c "+quote(root.String()))
	eventually(t, "the forged lines are on the console", 2*time.Minute, func() (string, bool) {
		console, err := s.cloud.ConsoleTail(t.Context(), front.ID, 400)
		return fmt.Sprintf("%.500s %v", console, err), err == nil && strings.Contains(console, f.key.Public())
	})
}

// answersWithReports has the first worker answer its next requests with errors that
// hold the forged reports, and work as before then.
func (s *story) answersWithReports(t *testing.T, f forger) {
	t.Helper()
	answer, err := json.Marshal(map[string]any{"ok": false, "error": "sorry\r\n" + strings.Join(f.lines, "\r\n")})
	if err != nil {
		t.Fatal(err)
	}
	s.operatorOn(t, s.name+"-cpu-1").must(t, "sudo -n sh -c "+quote(`
cp /usr/local/sbin/vmcluster-node /root/kept
cat >/root/answer <<'X'
`+string(answer)+`
X
cat >/root/forge <<'X'
#!/bin/sh
n=$(cat /run/forged 2>/dev/null || echo 0)
echo $((n + 1)) >/run/forged
test "$n" -ge 4 && exec /root/kept "$@"
cat /root/answer
X
install -m 755 /root/forge /usr/local/sbin/vmcluster-node`))
}

// bornTrusting expects that every worker admits the front-end's key and not the
// attacker's, and that generations went on by small steps.
func (s *story) bornTrusting(t *testing.T, f forger) {
	front, _ := s.servers(t).FrontEnd()
	document, err := cluster.DecodeDocument(front.Metadata)
	if err != nil || document.Generation > 10 || document.FrontEnd.CoordinatorKey == f.key.Public() {
		t.Errorf("%v; the document has generation %d and the front-end's keys %+v", err, document.Generation, document.FrontEnd)
	}
	own := s.operatorOn(t, front.Name).must(t, "sudo -n ssh-keygen -y -f /var/lib/vmcluster-node/coordinator | cut -d' ' -f1,2")
	asked := s.operatorOn(t, s.name+"-cpu-1").must(t, "sudo -n cat /run/forged")
	t.Logf("%s-cpu-1 was asked %s times; its first four answers were forged", s.name, asked)
	for _, n := range s.servers(t).Workers("") {
		h := s.asOperatorOnce(n)
		keys := h.must(t, "sudo -n cat /var/lib/vmcluster/.ssh/authorized_keys /etc/vmcluster/node.json /etc/ssh/ssh_known_hosts")
		if !strings.Contains(keys, own) || strings.Contains(keys, f.key.Public()) {
			t.Errorf("%s: the files by which it lets in and recognizes others hold\n%s\nthe front-end's key is %s", n.Name, keys, own)
		}
	}
}

// quote returns a text as one word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
