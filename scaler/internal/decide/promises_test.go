package decide_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// A worker that ran well and whose deletion ends in ERROR says nothing about new workers
// of its group.
func TestADeletionThatFailsPausesNoGroup(t *testing.T) {
	inErrorByID := func(n *cluster.Node, _ *cluster.Member) { n.ID = "s1"; inError(n, nil) }
	w := newWorld(node("astro-cpu-1", 9000, inErrorByID), asked("s1", 90), known("astro-cpu-1", "s1"))
	out, m := decide.Tick(w.facts, w.policy, w.memory, now)
	if got := brief(out.Decision); got != "remove:cpu-1" || len(m.Breakers) != 0 {
		t.Errorf("%s, pauses %v", got, m.Breakers)
	}
}

// A deletion that is asked for again holds only while the worker is marked.
func TestADeletionIsAskedForAgainByTheMark(t *testing.T) {
	for mark, want := range map[cluster.Leaving]bool{cluster.LeaveIdle: true, cluster.Stays: false} {
		w := newWorld(node("astro-cpu-1", 900, func(n *cluster.Node, m *cluster.Member) {
			n.ID, n.Status, m.Leaving = "s1", cluster.StatusDeleting, mark
		}), asked("s1", 90))
		out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
		if len(out.Decision.Remove) != 1 || out.Decision.Remove[0].Marked != want {
			t.Errorf("mark %q: %+v", mark, out.Decision.Remove)
		}
	}
}

// The memo of a server that goes stays until its remains were looked for, also in the
// rounds in which a list still shows it.
func TestMemosOfServersThatAreBeingDeleted(t *testing.T) {
	for name, w := range map[string]world{
		"being deleted": newWorld(node("astro-cpu-1", 900, func(n *cluster.Node, m *cluster.Member) {
			n.ID, n.Status, m.Leaving = "s1", cluster.StatusDeleting, cluster.LeaveIdle
		})),
		"accepted": newWorld(node("astro-cpu-1", 900, func(n *cluster.Node, m *cluster.Member) { n.ID, m.Leaving = "s1", cluster.LeaveIdle }), asked("s1", 20)),
	} {
		_, m := decide.Tick(w.facts, w.policy, w.memory, now)
		memos := m.Memos(w.facts.Cluster.Document, w.facts.Cluster.Nodes, []string{"g.s1.abc"}, nil, now)
		if !slices.Contains(memos, "g.s1.abc") {
			t.Errorf("%s: memos %q", name, memos)
		}
	}
}

// What finishes earlier rounds' work includes failed servers whose name is another one's.
func TestFinishingDiscardsFailedServers(t *testing.T) {
	d := decide.Decision{Discard: []decide.Step{{Worker: "a", Server: "1", Fault: cluster.FaultNoHost}, {Worker: "b", Server: "2"}}}
	if got := d.Finishing().Discard; len(got) != 1 || got[0].Server != "1" {
		t.Errorf("%+v", got)
	}
}

// learned is a scaler that has learned a join timeout of five minutes.
func learned() played {
	p := played{w: newWorld(), at: now, m: decide.Memory{WatchedFrom: ago(36000), FirstSeen: map[string]time.Time{}}}
	p.m.Joins = map[string][]decide.Join{"cpu": {{Server: "a", Took: time.Minute}, {Server: "b", Took: time.Minute}, {Server: "c", Took: time.Minute}}}
	return p
}

// Nova needs long to build many servers at once. The timeout that was learned from few
// counts from the end of the build.
func TestALearnedTimeoutDoesNotEndABuild(t *testing.T) {
	p := learned()
	proved("astro-cpu-1", "s1", 0, unaddressed)(&p.w)
	n := &p.w.facts.Cluster.Nodes[0]
	quiet := func(d time.Duration) {
		t.Helper()
		for end := p.at.Add(d); p.at.Before(end); {
			if got := brief(p.tick(20 * time.Second).Decision); got != "" {
				t.Fatalf("after %s: %s", p.at.Sub(now), got)
			}
		}
	}
	p.tick(0)
	quiet(9 * time.Minute)
	n.Address = "192.0.2.1"
	if got := brief(p.tick(20 * time.Second).Decision); got != "enrol:cpu-1" {
		t.Fatal(got)
	}
	p.enrolAll()
	quiet(7 * time.Minute)
	n.Status = cluster.StatusActive
	quiet(4 * time.Minute)
	p.tick(time.Minute)
	p.tick(20 * time.Second)
	if got := brief(p.tick(20 * time.Second).Decision); got != "remove:cpu-1" {
		t.Errorf("it is never given up: %q", got)
	}
}

// A worker that could not be enrolled could not join: the timeout of those that could says
// nothing about it.
func TestALearnedTimeoutDoesNotEndWhatIsNotEnrolled(t *testing.T) {
	p := learned()
	proved("astro-cpu-1", "s1", 0)(&p.w)
	for p.tick(0); p.at.Sub(now) < 14*time.Minute; {
		if got := brief(p.tick(20 * time.Second).Decision); got != "enrol:cpu-1" {
			t.Fatalf("after %s: %s", p.at.Sub(now), got)
		}
	}
	p.tick(time.Minute)
	p.tick(20 * time.Second)
	if got := brief(p.tick(20 * time.Second).Decision); !strings.HasPrefix(got, "remove:cpu-1") {
		t.Errorf("it is never given up: %q", got)
	}
}

// A build that does not end is given up after join_timeout.
func TestABuildThatDoesNotEndIsGivenUp(t *testing.T) {
	p := played{w: newWorld(), at: now, m: decide.Memory{WatchedFrom: ago(36000), FirstSeen: map[string]time.Time{}}}
	proved("astro-cpu-1", "s1", 0, unaddressed)(&p.w)
	p.tick(0)
	for p.at.Sub(now) < 15*time.Minute {
		p.tick(20 * time.Second)
	}
	p.tick(20 * time.Second)
	if got := brief(p.tick(20 * time.Second).Decision); got != "remove:cpu-1" {
		t.Error(got)
	}
}

// Create calls without an answer of which no server comes are a failure of their group,
// once for all that were sent before it.
func TestCallsOfWhichNothingComesAreAFailure(t *testing.T) {
	p := played{w: newWorld(jobs(800), unmetFor(60), bounds(0, 400), policy(func(p *decide.Policy) { p.MaxInFlight = 20 })), at: now, m: decide.Memory{WatchedFrom: ago(36000)}}
	key := decide.FaultKey{Group: "cpu", Kind: cluster.FaultUnavailable}
	p.tick(0)
	p.tick(time.Minute)
	next := 0
	send := func(n int) {
		names := map[string]string{}
		for range n {
			next++
			names[fmt.Sprintf("astro-cpu-%d", next)] = "cpu"
		}
		p.m = p.m.Sent(p.at, names)
	}
	send(10)
	p.tick(20 * time.Second)
	send(10)
	for p.m.Breakers[key].Failures == 0 && p.at.Sub(now) < 5*time.Minute {
		p.tick(10 * time.Second)
	}
	for range 6 {
		if out := p.tick(10 * time.Second); len(out.Decision.Add) != 0 {
			t.Fatalf("%s: %s", p.at.Sub(now), brief(out.Decision))
		}
	}
	if b := p.m.Breakers[key]; b.Failures != 1 || b.Until.Sub(b.Last) != 5*time.Minute {
		t.Errorf("pauses %+v", p.m.Breakers)
	}
	if out := p.tick(4 * time.Minute); len(out.Decision.Add) != 1 {
		t.Errorf("after the pause: %s\n%s", brief(out.Decision), reasons(out.Decision))
	}
}

// A server that was built once more in its batch has another address than the roster. It
// is enrolled, unless it works: then it is one that got another interface.
func TestServersThatWereBuiltOnceMoreAreEnrolled(t *testing.T) {
	listed := func(w *world) {
		w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1", Address: "192.0.2.99", Batch: cluster.BatchID(someCA)}}
	}
	check(t, []row{
		{"built once more", newWorld(proved("astro-cpu-1", "s1", 20), listed), "enrol:cpu-1", "astro-cpu-1: ready_to_enrol address=192.0.2.1"},
		{"with another interface", newWorld(proved("astro-cpu-1", "s1", 900), listed, pool("astro-cpu-1", 1, 0)), "", ""},
	})
}

// A roster that can't be written is no fault of the workers' groups: once it can be, they
// grow.
func TestEnrolmentsThatFailPauseShortly(t *testing.T) {
	m := decide.Memory{}
	for i := range 30 {
		m = m.Failed(now.Add(time.Duration(i)*10*time.Second), decide.Fault{Group: "cpu", Kind: decide.NotEnrolled, Why: reason.Said("x")})
	}
	b := m.Breakers[decide.FaultKey{Group: "cpu", Kind: decide.NotEnrolled}]
	if b.Failures != 0 || b.Until.Sub(b.Last) != time.Minute {
		t.Errorf("%+v", b)
	}
	if memos := m.Memos(cluster.Document{Groups: map[string]cluster.GroupSpec{"cpu": {}}}, nil, nil, nil, b.Last); strings.Join(memos, "") != "" {
		t.Errorf("memos %q", memos)
	}
}
