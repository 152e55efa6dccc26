//go:build acceptance

package htcondor_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/pooltest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor"
)

// attacked is a real pool whose central manager and two workers have the node program's
// own configuration. Root on the first worker attacks. CONTRIBUTING describes the verbs
// of the program that works the pool.
type attacked struct {
	t       *testing.T
	program string
	domain  string
}

// The workers.
const (
	attacker = "forge-cpu-1"
	victim   = "forge-cpu-2"
)

func newAttacked(t *testing.T) *attacked {
	t.Helper()
	p := &attacked{t: t, program: os.Getenv("VMCLUSTER_ACC_POOL")}
	if p.program == "" {
		t.Skip("VMCLUSTER_ACC_POOL names no program that works an HTCondor pool: forged ads are not tried")
	}
	p.domain = strings.TrimSpace(p.must("", "admin", "condor_config_val", "UID_DOMAIN"))
	p.must(p.configuration("front-end"), "configure")
	t.Cleanup(func() { p.must("", "configure") })
	for _, name := range []string{attacker, victim} {
		p.add(name)
	}
	p.eventually("both workers are in the pool", func() (string, bool) {
		s := p.read()
		return fmt.Sprintf("%+v", s.Workers), p.believed(s, attacker) && p.believed(s, victim)
	})
	return p
}

// configuration returns what the node program writes for a node.
func (p *attacked) configuration(node string) string {
	p.t.Helper()
	manager := strings.TrimSpace(p.must("", "admin", "condor_config_val", "CONDOR_HOST"))
	text, err := pooltest.Configuration(p.t.Context(), node, p.domain, manager)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// add adds a worker with a token as the node program makes it.
func (p *attacked) add(name string) {
	p.t.Helper()
	token := p.must("", "admin", "condor_token_create", "-identity", fmt.Sprintf("worker.%s.0badcafe@%s", name, p.domain), "-key", "POOL",
		"-authz", "ADVERTISE_STARTD", "-authz", "ADVERTISE_MASTER")
	p.must(token, "add", name, "2", "2048", fmt.Sprintf("VmclusterName=%q", name), `VmclusterGroup="cpu"`, fmt.Sprintf("NovaInstanceUUID=%q", "server-of-"+name))
	p.t.Cleanup(func() { p.must("", "remove", name) })
}

func (p *attacked) call(stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, said bytes.Buffer
	c := exec.CommandContext(ctx, p.program, args...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &said
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s%s", strings.Join(args, " "), err, said.String(), out.String())
	}
	return out.String(), nil
}

func (p *attacked) must(stdin string, args ...string) string {
	p.t.Helper()
	out, err := p.call(stdin, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *attacked) eventually(what string, done func() (string, bool)) {
	p.t.Helper()
	last := ""
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		var ok bool
		if last, ok = done(); ok {
			return
		}
	}
	p.t.Fatalf("%s: not within 90 s: %s", what, last)
}

// read reads the pool as the scaler does.
func (p *attacked) read() queue.Snapshot {
	p.t.Helper()
	tools := p.t.TempDir()
	for _, tool := range []string{"condor_q", "condor_status"} {
		text := fmt.Sprintf("#!/bin/sh\nexec '%s' exec %s \"$@\"\n", p.program, tool)
		if err := os.WriteFile(filepath.Join(tools, tool), []byte(text), 0o700); err != nil {
			p.t.Fatal(err)
		}
	}
	s, err := htcondor.New(htcondor.Options{Bin: tools, Runner: command.Exec{Timeout: time.Minute}}).Read(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// believed reports whether a worker is in the pool as what it is.
func (p *attacked) believed(s queue.Snapshot, name string) bool {
	w, there := s.Worker(name)
	return there && w.Identity == name && w.Server == "server-of-"+name && w.Total.Cpus == 2 && !w.Draining
}

// ad is a forged ad: attributes in the order of their names' first mention.
func ad(attributes ...string) string { return strings.Join(attributes, "\n") + "\n" }

const drained = "MyType = \"Machine\"\nMyAddress = \"<192.0.2.99:9618>\"\nState = \"Drained\"\nActivity = \"Retiring\"\nDraining = true\nStart = true\nCpus = 100000\nTotalSlotCpus = 100000\nPartitionableSlot = true\nNovaInstanceUUID = \"forged\"\nSlotID = 1"

// Each ad is sent by root on the attacker with the attacker's own token, and none may
// reach the collector. The ads of the victim stay as they are.
func TestForgedAds(t *testing.T) {
	p := newAttacked(t)
	own, others := attacker+"."+p.domain, victim+"."+p.domain
	name := func(text string) string { return fmt.Sprintf("Name = %s", text) }
	machine := func(text string) string { return fmt.Sprintf("Machine = %s", text) }
	quoted := func(text string) string { return fmt.Sprintf("%q", text) }
	later := func(a, b string) string { return fmt.Sprintf("ifThenElse(isUndefined(LastHeardFrom), %q, %q)", a, b) }
	identity := fmt.Sprintf("AuthenticatedIdentity = %q", "worker."+victim+".0badcafe@"+p.domain)
	for _, row := range []struct{ name, command, ad string }{
		{"another's name", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot1@"+others)), machine(quoted(others)))},
		{"and its identity", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot1@"+others)), machine(quoted(others)), identity)},
		{"another's machine", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot7@"+own)), machine(quoted(others)))},
		{"another's slot", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot1@"+others)), machine(quoted(own)))},
		{"no name", "UPDATE_STARTD_AD", ad(drained, machine(quoted(others)))},
		{"no machine", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot1@"+others)))},
		{"two names in one", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot1@"+others+"@"+own)), machine(quoted(own)))},
		{"capital letters", "UPDATE_STARTD_AD", ad(drained, name(quoted("SLOT1@"+strings.ToUpper(others))), machine(quoted(strings.ToUpper(others))))},
		{"a name that changes after the check", "UPDATE_STARTD_AD", ad(drained, name(later("slot1@"+own, "slot1@"+others)), machine(later(own, others)))},
		{"another's node name", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot7@"+own)), machine(quoted(own)), fmt.Sprintf("VmclusterName = %q", victim))},
		{"a node name that changes after the check", "UPDATE_STARTD_AD", ad(drained, name(quoted("slot7@"+own)), machine(quoted(own)), "VmclusterName = "+later(attacker, victim))},
		{"another's daemon", "UPDATE_STARTD_AD", ad("MyType = \"StartD\"", name(quoted(others)), machine(quoted(others)))},
		{"another's master, with a server", "UPDATE_MASTER_AD", ad("MyType = \"DaemonMaster\"", "NovaInstanceUUID = \"forged\"", name(quoted(others)), machine(quoted(others)), "MyAddress = \"<192.0.2.99:9618>\"")},
		{"a master whose name changes", "UPDATE_MASTER_AD", ad("MyType = \"DaemonMaster\"", "NovaInstanceUUID = \"forged\"", name(later(own, others)), machine(later(own, others)))},
		{"an access point", "UPDATE_SCHEDD_AD", ad("MyType = \"Scheduler\"", name(quoted(own)), machine(quoted(own)), "MyAddress = \"<192.0.2.99:9618>\"")},
		{"a negotiator", "UPDATE_NEGOTIATOR_AD", ad("MyType = \"Negotiator\"", name(quoted(own)), machine(quoted(own)))},
		{"a collector", "UPDATE_COLLECTOR_AD", ad("MyType = \"Collector\"", name(quoted(own)), machine(quoted(own)))},
		{"a generic ad", "UPDATE_AD_GENERIC", ad("MyType = \"Machine\"", name(quoted("slot1@"+others)), machine(quoted(others)))},
		{"a merged ad", "MERGE_STARTD_AD", ad(drained, name(quoted("slot1@"+others)), machine(quoted(others)))},
	} {
		list := func() string { return p.must("", "admin", "condor_status", "-any", "-af", "MyType", "Name", "Machine") }
		before := list()
		_, _ = p.call(row.ad, "worker", attacker, "condor_advertise", row.command, "-") // it says "sent" for ads that the collector refuses
		if after := list(); after != before {
			t.Errorf("%s: the collector lists\n%sin place of\n%s", row.name, after, before)
		}
		if s := p.read(); !p.believed(s, victim) || !p.believed(s, attacker) || len(s.Claims) > 0 {
			t.Errorf("%s: workers %+v, claims %+v", row.name, s.Workers, s.Claims)
		}
	}
}

// HTCondor 23.9 leaves the sender's words about its identity in an ad that it
// acknowledges. The server's ID then contradicts the master's ad, which has no such way.
func TestForgedServerCountsForNothing(t *testing.T) {
	p := newAttacked(t)
	others := victim + "." + p.domain
	forged := ad(drained, fmt.Sprintf("Name = %q", "slot1@"+others), fmt.Sprintf("Machine = %q", others), fmt.Sprintf("VmclusterName = %q", victim),
		fmt.Sprintf("AuthenticatedIdentity = %q", "worker."+victim+".0badcafe@"+p.domain))
	p.must(forged, "worker", attacker, "condor_advertise", "UPDATE_STARTD_AD_WITH_ACK", "-")
	s := p.read()
	w, _ := s.Worker(victim)
	if w.Server == "forged" || w.Total.Cpus > 2 || w.Draining || len(s.Claims) != 1 || s.Claims[0] != (queue.Claim{Node: victim, By: victim}) {
		t.Errorf("workers %+v, claims %+v", s.Workers, s.Claims)
	}
}

// HTCondor does not refuse an invalidation in another's name: a daemon that may advertise may
// invalidate. The worker's own next ads undo it, and nothing else is in the attacker's
// reach.
func TestInvalidationInAnothersName(t *testing.T) {
	p := newAttacked(t)
	others := victim + "." + p.domain
	for kind, what := range map[string]string{"Machine": "INVALIDATE_STARTD_ADS", "StartD": "INVALIDATE_STARTD_ADS", "DaemonMaster": "INVALIDATE_MASTER_ADS"} {
		p.must(fmt.Sprintf("MyType = \"Query\"\nTargetType = %q\nRequirements = Machine == %q\n", kind, others), "worker", attacker, "condor_advertise", what, "-")
	}
	if s := p.read(); !p.believed(s, attacker) || len(s.Claims) > 0 {
		t.Errorf("workers %+v, claims %+v", s.Workers, s.Claims)
	}
	p.eventually("the worker is in the pool again", func() (string, bool) {
		s := p.read()
		return fmt.Sprintf("%+v", s.Workers), p.believed(s, victim)
	})
	for _, query := range []string{"INVALIDATE_SCHEDD_ADS", "INVALIDATE_NEGOTIATOR_ADS", "INVALIDATE_COLLECTOR_ADS"} {
		if out, err := p.call("MyType = \"Query\"\nTargetType = \"Any\"\nRequirements = true\n", "worker", attacker, "condor_advertise", query, "-"); err == nil && !strings.Contains(out, "Sent 0") {
			t.Errorf("%s: %s", query, out)
		}
	}
	for _, order := range [][]string{
		{"condor_off", "-fast", "-name", others}, {"condor_drain", others}, {"condor_reconfig", "-name", others}, {"condor_userprio", "-setfactor", "alice@" + p.domain, "1"},
		{"condor_token_create", "-identity", "condor@" + p.domain},
	} {
		if out, err := p.call("", append([]string{"worker", attacker}, order...)...); err == nil {
			t.Errorf("root on a worker may %s: %s", strings.Join(order, " "), out)
		}
	}
	if s := p.read(); !p.believed(s, victim) {
		t.Errorf("workers %+v", s.Workers)
	}
}

// A worker's token is good for getting further ones of the same identity. All of them
// end with the identity, and so do sessions that go on.
func TestRevokedIdentity(t *testing.T) {
	p := newAttacked(t)
	fetched := p.must("", "worker", attacker, "condor_token_fetch", "-type", "collector")
	revoked := "VMCLUSTER_GONE = worker." + attacker + ".0badcafe@" + p.domain + "\n" + `
SEC_TOKEN_REVOCATION_EXPR = stringListMember(sub, "$(VMCLUSTER_GONE)")
DENY_ADVERTISE_STARTD = $(VMCLUSTER_GONE)
DENY_ADVERTISE_MASTER = $(VMCLUSTER_GONE)
`
	p.must(p.configuration("front-end")+revoked, "configure")
	machine := attacker + "." + p.domain
	heard := func() string {
		return p.must("", "admin", "condor_status", "-any", "-constraint", fmt.Sprintf("Machine == %q", machine), "-af", "LastHeardFrom")
	}
	time.Sleep(2 * time.Second) // what was under way
	before := heard()
	time.Sleep(35 * time.Second) // its daemons send every 30 s
	if after := heard(); after != before {
		t.Errorf("its sessions go on: heard of at %q, before at %q", after, before)
	}
	own := ad("MyType = \"Machine\"", fmt.Sprintf("Name = %q", "slot7@"+machine), fmt.Sprintf("Machine = %q", machine), "MyAddress = \"<192.0.2.99:9618>\"")
	script := "install -m 600 /dev/null /etc/condor/tokens.d/fetched; echo '" + strings.TrimSpace(fetched) + "' >/etc/condor/tokens.d/fetched; condor_advertise UPDATE_STARTD_AD - 2>&1"
	if out, err := p.call(own, "worker", attacker, "sh", "-c", script); err == nil && !strings.Contains(out, "Sent 0") {
		t.Errorf("a token that was fetched before is good: %s", out)
	}
	if s := p.read(); !p.believed(s, victim) {
		t.Errorf("workers %+v", s.Workers)
	}
}

// A user says in a job's ad that it runs on a worker.
func TestForgedJobs(t *testing.T) {
	p := newAttacked(t)
	host := "slot1_1@" + victim + "." + p.domain
	job := func(lines ...string) string {
		return "executable = /bin/sleep\narguments = 600\ntransfer_executable = false\nshould_transfer_files = yes\nrequest_memory = 100\nrequest_disk = 1MB\nrequirements = false\n" + strings.Join(lines, "\n") + "\nqueue\n"
	}
	t.Cleanup(func() { _, _ = p.call("", "exec", "condor_rm", "-constraint", "VmclusterForged") })
	if out, err := p.call(job("+VmclusterForged = true", fmt.Sprintf("+RemoteHost = %q", host)), "exec", "condor_submit", "-terse", "-"); err == nil {
		t.Errorf("a job with a RemoteHost of its user's is taken: %s", out)
	}
	p.must(job("+VmclusterForged = true", "+JobStatus = 2", "+QDate = 99999999999999"), "exec", "condor_submit", "-terse", "-")
	p.must(job("+VmclusterForged = true", "+QDate = -5", "+JobCount = 1000", "+ClusterId = 1"), "exec", "condor_submit", "-terse", "-")
	if out, err := p.call("", "exec", "condor_qedit", "-constraint", "VmclusterForged", "RemoteHost", fmt.Sprintf("%q", host)); err == nil {
		t.Errorf("RemoteHost is edited: %s", out)
	}
	s := p.read()
	if len(s.OnNode) > 0 || s.Running > 0 || s.Waiting() != 1 || s.Jobs[0].Oldest.After(time.Now()) {
		t.Errorf("jobs %+v, %d running, on %v", s.Jobs, s.Running, s.OnNode)
	}
}
