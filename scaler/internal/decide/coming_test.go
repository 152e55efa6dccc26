package decide_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// someCA is the public half of a batch's CA.
const someCA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDBm/RIABSSfAA/hzE6DztI9T+zpaePeC7T470GMjWcM"

// proved is a server whose metadata prove its batch, with an address, in no roster.
func proved(name, id string, age int, change ...func(*cluster.Node, *cluster.Member)) func(*world) {
	return func(w *world) {
		n := cluster.Node{
			ID: id, Name: name, Role: cluster.RoleWorker, Group: strings.Split(name, "-")[1], Status: cluster.StatusActive, Address: "192.0.2.1",
			Batch: cluster.BatchID(someCA), BatchCA: someCA, Created: ago(age),
		}
		for _, c := range change {
			c(&n, nil)
		}
		w.facts.Cluster.Nodes = append(w.facts.Cluster.Nodes, n)
	}
}

func unaddressed(n *cluster.Node, _ *cluster.Member) {
	n.Status, n.Address = cluster.StatusBuild, ""
}

// Whoever made a worker: with an address it goes into the roster, and it is never
// deleted because its maker ended.
func TestWorkersAreEnrolled(t *testing.T) {
	check(t, []row{
		{"one with an address", newWorld(proved("astro-cpu-1", "s1", 20)), "enrol:cpu-1", "astro-cpu-1: ready_to_enrol address=192.0.2.1"},
		{"all at once", newWorld(proved("astro-cpu-1", "s1", 20), proved("astro-cpu-2", "s2", 20)), "enrol:cpu-1 enrol:cpu-2", ""},
		{"not one without", newWorld(proved("astro-cpu-1", "s1", 20, unaddressed)), "", ""},
		{"one that was made hours ago, by a scaler that was killed", newWorld(watched(9000), unwantedFor("s1", 9000), proved("astro-cpu-1", "s1", 9000)), "enrol:cpu-1", ""},
		{"also where only the next run of a scheduled scaler sees it", newWorld(proved("astro-cpu-1", "s1", 9000)), "enrol:cpu-1", ""},
		{"one of a group that Terraform counts", newWorld(proved("astro-other-1", "s1", 20)), "enrol:other-1", ""},
		{"none in ERROR", newWorld(proved("astro-cpu-1", "s1", 20, inError)), "remove:cpu-1", "astro-cpu-1: server_in_error message=No valid host was found."},
		{"none that is being deleted", newWorld(proved("astro-cpu-1", "s1", 20, func(n *cluster.Node, _ *cluster.Member) { n.Status = cluster.StatusDeleting })), "", "astro-cpu-1: deleted_by_others"},
		{"none whose deletion was accepted, though the list does not show that", newWorld(proved("astro-cpu-1", "s1", 20), asked("s1", 20)), "", "astro-cpu-1: being_deleted since=20s"},
		{"none that the roster has", newWorld(proved("astro-cpu-1", "s1", 20), func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1", Address: "192.0.2.1", Batch: cluster.BatchID(someCA)}}
		}), "", ""},
		{"none where a worker brings the roster", newWorld(proved("astro-cpu-1", "s1", 20), func(w *world) { w.facts.Cluster.Document.Coordinator = cluster.CoordinatorLastWorker }), "", ""},
		{"on stale facts nothing is written", newWorld(proved("astro-cpu-1", "s1", 20), func(w *world) { w.facts.Queue.JobsAt = ago(121) }), "", "facts_stale"},
		{"a server that never gets an address is replaced", newWorld(proved("astro-cpu-1", "s1", 3700, unaddressed), confirmedOnce("astro-cpu-1", 20), func(w *world) {
			w.memory.Confirmed["astro-cpu-1"] = decide.Sighting{Server: "s1", First: ago(20), Last: ago(20), Reads: 1}
		}), "remove:cpu-1", "astro-cpu-1: not_in_pool"},
	})
}

// played decides rounds, each some time after the one before.
type played struct {
	w  world
	at time.Time
	m  decide.Memory
}

func (p *played) tick(after time.Duration) decide.Outcome {
	p.at = p.at.Add(after)
	p.w.facts.Queue.JobsAt, p.w.facts.Queue.WorkersAt = p.at, p.at
	var out decide.Outcome
	out, p.m = decide.Tick(p.w.facts, p.w.policy, p.m, p.at)
	return out
}

// enrolAll writes the servers into the roster, as the actuator does.
func (p *played) enrolAll() {
	for _, n := range p.w.facts.Cluster.Nodes {
		p.w.facts.Cluster.Document.Workers = append(p.w.facts.Cluster.Document.Workers, cluster.Member{Name: n.Name, Address: n.Address, Batch: n.Batch})
	}
}

// The join timeout of a server that was enrolled late counts from its enrolment, for the
// scaler that saw it and for the next run of a scheduled one.
func TestTheJoinTimeoutCountsFromALateEnrolment(t *testing.T) {
	late := newWorld(proved("astro-cpu-1", "s1", 3600))
	run := played{w: late, at: now, m: decide.Memory{WatchedFrom: ago(36000), FirstSeen: map[string]time.Time{"s1": ago(3600)}}}
	if got := brief(run.tick(0).Decision); got != "enrol:cpu-1" {
		t.Fatal(got)
	}
	run.enrolAll()
	for range 80 {
		if got := brief(run.tick(10 * time.Second).Decision); got != "" {
			t.Fatalf("%s after its enrolment: %s", run.at.Sub(now), got)
		}
	}
	if run.tick(3 * time.Minute); brief(run.tick(20*time.Second).Decision) != "remove:cpu-1" {
		t.Error("it is never given up")
	}

	first := played{w: late, at: now}
	if got := brief(first.tick(0).Decision); got != "enrol:cpu-1" {
		t.Fatal(got)
	}
	first.enrolAll()
	memos := first.m.Memos(first.w.facts.Cluster.Document, first.w.facts.Cluster.Nodes, nil, nil, first.at)
	next := played{w: first.w, at: now.Add(5 * time.Minute), m: decide.Memory{}.Recall(late.facts.Cluster.Document, memos, now.Add(5*time.Minute))}
	for range 3 {
		if got := brief(next.tick(20 * time.Second).Decision); got != "" {
			t.Errorf("the next run, after memos %q: %s", memos, got)
		}
	}
	if next.tick(12 * time.Minute); brief(next.tick(20*time.Second).Decision) != "remove:cpu-1" {
		t.Error("it is never given up by runs of a scheduled scaler")
	}
}

func sent(name string, s int) func(*world) {
	return func(w *world) {
		if w.memory.Posted == nil {
			w.memory.Posted = map[string]fleet.Expected{}
		}
		w.memory.Posted[name] = fleet.Expected{Group: "cpu", Since: ago(s)}
	}
}

// A create call whose answer was lost may be carried out up to a minute later.
func TestCreateCallsCountUntilAServerIsSeen(t *testing.T) {
	check(t, []row{
		{"one that was sent is capacity", newWorld(jobs(8), unmetFor(60), sent("astro-cpu-1", 89)), "+1cpu", ""},
		{"of a group's max, too", newWorld(jobs(8), unmetFor(60), bounds(0, 1), sent("astro-cpu-1", 89)), "", ""},
		{"and of max_in_flight", newWorld(jobs(8), unmetFor(60), policy(func(p *decide.Policy) { p.MaxInFlight = 1 }), sent("astro-cpu-1", 89)), "", "at_max_in_flight left_out=1 workers=1 booting=1"},
		{"also for a short join timeout", newWorld(jobs(4), unmetFor(60), policy(func(p *decide.Policy) { p.JoinTimeout = time.Second }), sent("astro-cpu-1", 89)), "", ""},
		{"then it is given up, where others have come", newWorld(jobs(12), unmetFor(60), sent("astro-cpu-1", 90), node("astro-cpu-2", 60)), "+2cpu", ""},
		{"or else its group pauses", newWorld(jobs(8), unmetFor(60), sent("astro-cpu-1", 90)), "", "group cpu: group_pauses workers=2 left=5m failures=1 why=(nothing_came)"},
		{"as after the calls before", newWorld(jobs(8), unmetFor(60), sent("astro-cpu-1", 90), func(w *world) {
			w.memory.Breakers = map[decide.FaultKey]decide.Breaker{{Group: "cpu", Kind: cluster.FaultUnavailable}: {Failures: 1, Last: ago(80), Until: ago(1), Why: reason.Said("x")}}
		}), "+2cpu", ""},
		{"its server takes its place", newWorld(jobs(8), unmetFor(60), sent("astro-cpu-1", 20), proved("astro-cpu-1", "s1", 20, unaddressed)), "+1cpu", ""},
		{"after failures it is the one that is tried", newWorld(jobs(8), unmetFor(60), sent("astro-cpu-1", 20), func(w *world) {
			w.memory.Breakers = map[decide.FaultKey]decide.Breaker{{Group: "cpu", Kind: cluster.FaultNoHost}: {Failures: 2, Last: ago(600), Until: ago(30), Why: reason.Said("x")}}
		}), "", "group cpu: probe_under_way workers=1 failures=2 worker=astro-cpu-1"},
	})
	w := newWorld(sent("astro-cpu-2", 10), sent("astro-cpu-10", 10), sent("astro-cpu-1", 90))
	_, m := decide.Tick(w.facts, w.policy, w.memory, now)
	if got := strings.Join(m.Expected(), " "); got != "astro-cpu-2 astro-cpu-10" {
		t.Errorf("names that are not free: %q", got)
	}
	m = m.Sent(now, map[string]string{"astro-cpu-7": "cpu"})
	if got := strings.Join(m.Shifted(time.Hour).Expected(), " "); got != "astro-cpu-2 astro-cpu-7 astro-cpu-10" {
		t.Errorf("with one more: %q", got)
	}
}

// Two hundred servers of one decision that fail in many rounds are one failure, and one
// pause: what was made before a failure tells nothing new.
func TestServersThatWereMadeTogetherAreOneFailure(t *testing.T) {
	p := played{w: newWorld(jobs(800), bounds(0, 200)), at: now, m: decide.Memory{WatchedFrom: ago(36000), FirstSeen: map[string]time.Time{}}}
	for i := range 200 {
		proved(cluster.WorkerName("astro", "cpu", i+1), cluster.WorkerName("s", "x", i), 1, unaddressed)(&p.w)
	}
	p.tick(0)
	for i := range 200 {
		n := &p.w.facts.Cluster.Nodes[i]
		n.Status, n.Fault = cluster.StatusError, &cluster.Fault{Message: "No valid host was found."}
		if i%10 != 9 {
			continue
		}
		out := p.tick(10 * time.Second)
		if len(out.Decision.Remove) != i+1 || len(out.Decision.Add) != 0 {
			t.Fatalf("round %d: %s", i/10, brief(out.Decision))
		}
	}
	b := p.m.Breakers[decide.FaultKey{Group: "cpu", Kind: cluster.FaultNoHost}]
	if b.Failures != 1 || b.Until.Sub(b.Last) != 5*time.Minute {
		t.Errorf("%d failures, a pause of %s", b.Failures, b.Until.Sub(b.Last))
	}
}

// A worker that Nova could not build was made for a demand that has lasted: another zone
// is tried without a second hold.
func TestAFailedBuildIsTriedElsewhereAtOnce(t *testing.T) {
	p := played{w: newWorld(jobs(4), proved("astro-cpu-1", "s1", 20, unaddressed), func(w *world) {
		spec := w.facts.Cluster.Document.Groups["cpu"]
		spec.Zones = []string{"a", "b"}
		w.facts.Cluster.Document.Groups["cpu"] = spec
		w.facts.Cluster.Nodes[0].Zone = "a"
	}), at: now}
	if got := brief(p.tick(0).Decision); got != "" {
		t.Fatal(got)
	}
	n := &p.w.facts.Cluster.Nodes[0]
	n.Status, n.Fault = cluster.StatusError, &cluster.Fault{Message: "No valid host was found."}
	if got := brief(p.tick(10 * time.Second).Decision); got != "remove:cpu-1" {
		t.Fatal(got)
	}
	p.m = p.m.Deleted(p.at, "s1")
	out := p.tick(10 * time.Second)
	if len(out.Decision.Add) != 1 || strings.Join(out.Decision.Add[0].Avoid, " ") != "a" {
		t.Errorf("after the failure: %s\n%s", brief(out.Decision), reasons(out.Decision))
	}
}
