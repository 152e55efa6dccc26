package report_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/sshkeygen"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

func newKey(t testing.TB) *trust.CA {
	t.Helper()
	key, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// frontEnd is a front-end that reports: its two keys, and where its reports come from.
type frontEnd struct {
	own, first *trust.CA
	from       report.Origin // as a reader knows it before the document names its own key
}

func newFrontEnd(t testing.TB) frontEnd {
	t.Helper()
	f := frontEnd{own: newKey(t), first: newKey(t)}
	f.from = report.Origin{Cluster: "c1", Server: "s1", FirstKey: f.first.Public(), Generation: 7}
	return f
}

// known is the origin as a reader knows it later.
func (f frontEnd) known() report.Origin {
	o := f.from
	o.Key, o.FirstKey = f.own.Public(), ""
	return o
}

func (f frontEnd) says(generation, sequence int64) cluster.Report {
	return cluster.Report{Generation: generation, Sequence: sequence, Joined: 2, CoordinatorKey: f.own.Public()}
}

func (f frontEnd) seal(t testing.TB, r cluster.Report) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := f.from.Seal(string(text), f.own, f.first)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestAReportIsTheFrontEndsOwn(t *testing.T) {
	f, other := newFrontEnd(t), newFrontEnd(t)
	text := f.seal(t, f.says(7, 1))
	signatures, body, _ := strings.Cut(text, " ")
	own, introduction, _ := strings.Cut(signatures, ".")
	foreign := other.seal(t, other.says(7, 1))
	foreignSignature, _, _ := strings.Cut(foreign, ".")
	elsewhere := f.from
	elsewhere.Cluster = "c2"
	moved := f.known()
	moved.Server = "s2"
	for _, row := range []struct {
		name    string
		from    report.Origin
		content string
		good    bool
	}{
		{"introduced", f.from, text, true},
		{"known", f.known(), text, true},
		{"known, without an introduction", f.known(), own + " " + body, true},
		{"without an introduction", f.from, own + " " + body, false},
		{"without any signature", f.known(), body, false},
		{"of another front-end", f.from, foreign, false},
		{"of another front-end, when this one is known", f.known(), foreign, false},
		{"the introduction of another front-end's key", f.from, strings.Replace(foreign, foreignSignature+".", foreignSignature+"."+introduction+" ", 1), false},
		{"of another cluster", elsewhere, text, false},
		{"of another server", moved, text, false},
		{"with another text", f.known(), strings.Replace(text, `"joined":2`, `"joined":3`, 1), false},
		{"with another key inside", f.known(), signatures + " " + strings.Replace(body, f.own.Public(), other.own.Public(), 1), false},
		{"of a front-end whose document names no key at all", report.Origin{Cluster: "c1", Server: "s1", Generation: 7}, text, false},
		{"signed by the first key", f.known(), mustSeal(t, f.from, body, f.first), false},
	} {
		r, there, err := row.from.Open(row.content)
		if there != row.good || (err == nil) != row.good || row.good && (r.Joined != 2 || r.CoordinatorKey != f.own.Public()) {
			t.Errorf("%s: there %t, %v, %+v", row.name, there, err, r)
		}
	}
	if _, _, err := f.known().Open(foreign); !errors.Is(err, report.ErrForeign) {
		t.Errorf("a foreign report: %v", err)
	}
	if _, there, err := f.from.Open(""); there || err != nil {
		t.Errorf("an empty slot: there %t, %v", there, err)
	}
}

// A report names waiting jobs only as far as they can be a batch system's.
func TestWaitingJobsInAReport(t *testing.T) {
	f := newFrontEnd(t)
	r := f.says(8, 1)
	r.Waits = cluster.Waits{
		"gpu":      {Count: 12, IDs: []string{"17.0", "18_[1-5%2]", "19+1", "20"}},
		"big":      {Count: 2, IDs: []string{"a b", "\x1b[2J", "7", "8", "9"}},
		"none":     {Count: 0},
		"negative": {Count: -1},
		"huge":     {Count: math.MaxInt},
		"not/one":  {Count: 1},
		"frontend": {Count: 1},
	}
	got, there, err := f.known().Open(f.seal(t, r))
	want := cluster.Waits{"gpu": {Count: 12, IDs: []string{"17.0", "18_[1-5%2]", "19+1"}}, "big": {Count: 2, IDs: []string{"7", "8"}}}
	if !there || err != nil || !reflect.DeepEqual(got.Waits, want) {
		t.Errorf("there %t, %v: %+v, want %+v", there, err, got.Waits, want)
	}
}

func mustSeal(t *testing.T, o report.Origin, text string, key *trust.CA) string {
	t.Helper()
	sealed, err := o.Seal(text, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// Root on the front-end may sign anything.
func TestASignedReportHasBounds(t *testing.T) {
	f := newFrontEnd(t)
	for name, change := range map[string]func(*cluster.Report){
		"generation of 2^63-1":             func(r *cluster.Report) { r.Generation = math.MaxInt64 },
		"generation far above":             func(r *cluster.Report) { r.Generation = 7 + 1001 },
		"negative generation":              func(r *cluster.Report) { r.Generation = -1 },
		"negative sequence":                func(r *cluster.Report) { r.Sequence = -1 },
		"negative count":                   func(r *cluster.Report) { r.Pending = -1 },
		"more workers than there can be":   func(r *cluster.Report) { r.DrainedCount = math.MaxInt },
		"a second line in the host key":    func(r *cluster.Report) { r.HostKey = f.own.Public() + "\nssh-ed25519 AAAA" },
		"options before the host CA":       func(r *cluster.Report) { r.HostCA = `command="x" ` + f.own.Public() },
		"a comment after the CA":           func(r *cluster.Report) { r.CA = f.own.Public() + " me" },
		"a newline in the host key's text": func(r *cluster.Report) { r.HostKey = f.own.Public()[:30] + "\n" + f.own.Public()[30:] },
		"a key of another type":            func(r *cluster.Report) { r.HostKey = "ssh-rsa AAAA" },
		"an address that is none":          func(r *cluster.Report) { r.Address = "10.0.0.1 evil" },
		"an address with any text":         func(r *cluster.Report) { r.Address = "fe80::1%eth0\nevil" },
		"more than the slot holds":         func(r *cluster.Report) { r.Error = strings.Repeat("x", 1000) },
	} {
		r := f.says(7, 1)
		change(&r)
		if _, there, err := f.known().Open(f.seal(t, r)); there || err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	r := f.says(8, 1)
	r.Error, r.Busy = "one\x1b[2J\ntwo", "cpu[1]\r"
	got, there, err := f.known().Open(f.seal(t, r))
	if !there || err != nil || got.Error != "one?[2J?two" || got.Busy != "cpu[1]?" {
		t.Errorf("characters that can't be printed: there %t, %v, %+v", there, err, got)
	}
}

func TestOnConsole(t *testing.T) {
	f, attacker := newFrontEnd(t), newFrontEnd(t)
	attacker.from = f.from
	one, two := f.seal(t, f.says(7, 1)), f.seal(t, f.says(7, 2))
	older := f.seal(t, f.says(6, 9))
	forged := attacker.seal(t, cluster.Report{Generation: 900, Sequence: 9, CoordinatorKey: attacker.own.Public()})
	_, unsigned, _ := strings.Cut(forged, " ")
	line := func(text string) string { return "\n" + report.Mark + text + "\r\n" }
	for _, row := range []struct {
		name    string
		console string
		want    int64 // sequence, 0 for no report
	}{
		{"nothing", "", 0},
		{"other lines only", "[    0.000000] Linux\nvmcluster: hello\n", 0},
		{"one", "boot" + line(one) + "login: ", 1},
		{"the newest of two", "boot" + line(one) + line(two), 2},
		{"an old one that a program repeats later", "boot" + line(two) + line(one) + line(older), 2},
		{"a forged one without a signature", "boot" + line(two) + line(unsigned), 2},
		{"a forged one with a signature of its own", "boot" + line(two) + line(forged), 2},
		{"a forged one in an error text", "boot" + line(two) + "vmcluster: astro-cpu-1: sorry " + report.Mark + forged + "\r\n", 2},
		{"the front-end's own in an error text", "boot" + line(one) + "vmcluster: astro-cpu-1: sorry " + report.Mark + two + "\r\n", 1},
		{"a torn one", "boot" + line(one) + "\n" + report.Mark + two[:200], 1},
		{"one with a kernel's line inside", "boot" + line(one) + "\n" + report.Mark + two[:200] + "[   99.000000] eth0: up\n" + two[200:] + "\n", 1},
		{"after a control sequence and a carriage return", "boot\n\x1b[0m\r\x1b[?25h" + report.Mark + one + "\r\n", 1},
		{"in the first line, which may be the rest of one", report.Mark + one + "\r\nmore\r\n", 0},
		{"in the last line", "boot\n" + report.Mark + one, 1},
		{"after a space", "boot\n " + report.Mark + one + "\n", 0},
	} {
		r, there := f.from.OnConsole(row.console)
		if there != (row.want > 0) || r.Sequence != row.want {
			t.Errorf("%s: there %t, sequence %d, want %d", row.name, there, r.Sequence, row.want)
		}
	}
}

// The node program signs with ssh-keygen what this package opens.
func TestTheNodeProgramsReport(t *testing.T) {
	const program = `
import json, sys
sys.path.insert(0, "..")
from node import report, ssh
class Node: id, server_id = "c1", "s1"
own, first = sys.argv[1] + "/own", sys.argv[1] + "/first"
keys = [ssh.make_key(k) for k in (own, first)]
text = report.fit({"generation": 7, "joined": 2, "pending": 0, "error": "caf\u00e9", "host_key": keys[0], "coordinator_key": keys[0], "host_ca": keys[0], "ca": keys[0],
    "address": "2001:db8:1111:2222:3333:4444:5555:6666", "sequence": 1795900000, "pending_names": "cpu[%s]" % ",".join(map(str, range(1, 900, 2)))})
waits = report.fit({"generation": 7, "joined": 2, "pending": 0, "coordinator_key": keys[0], "waits": {"gpu": [12, ["17", "18_[1-5%2]"]]}})
print(json.dumps([keys[1]] + [report.seal(Node, t, own, report.introduce(Node, first, keys[0])) for t in (text, waits)]))
`
	paths := map[string]string{"our ssh-keygen": sshkeygen.Install(t) + string(os.PathListSeparator) + os.Getenv("PATH")}
	if _, err := exec.LookPath("ssh-keygen"); err == nil {
		paths["OpenSSH's"] = os.Getenv("PATH")
	}
	for name, path := range paths {
		cmd := exec.CommandContext(t.Context(), "python3", "-B", "-c", program, t.TempDir())
		cmd.Env = append(os.Environ(), "PATH="+path, "VMCLUSTER_ROOT=/")
		cmd.Dir, _ = filepath.Abs(".")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		var said [3]string
		if err := json.Unmarshal(out, &said); err != nil {
			t.Fatal(err)
		}
		o := report.Origin{Cluster: "c1", Server: "s1", FirstKey: said[0], Generation: 7}
		r, there, err := o.Open(said[1])
		if !there || err != nil || r.Joined != 2 || r.Error != "café" || len(said[1]) > cluster.MaxReport || len(said[1]) < cluster.MaxReport*4/5 {
			t.Errorf("%s: there %t, %v, %d bytes: %s", name, there, err, len(said[1]), said[1])
		}
		r, there, err = o.Open(said[2])
		if want := (cluster.Waits{"gpu": {Count: 12, IDs: []string{"17", "18_[1-5%2]"}}}); !there || err != nil || !reflect.DeepEqual(r.Waits, want) {
			t.Errorf("%s: there %t, %v, waiting jobs %+v", name, there, err, r.Waits)
		}
	}
}
