package decide_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// ticks plays worlds one after the other, ten seconds apart, with one memory. Each
// world's facts are of the moment.
func ticks(t *testing.T, m decide.Memory, worlds ...world) (decide.Outcome, decide.Memory) {
	t.Helper()
	var out decide.Outcome
	for i, w := range worlds {
		at := now.Add(time.Duration(i) * 10 * time.Second)
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		out, m = decide.Tick(w.facts, w.policy, m, at)
	}
	return out, m
}

func withID(id string) func(*cluster.Node, *cluster.Member) {
	return func(n *cluster.Node, _ *cluster.Member) { n.ID = id }
}

// The clocks of cloud, pool and scaler may differ by more than a timeout: here the
// scaler's is 20 minutes ahead. Workers that come while it watches are timed by its
// clock alone, or each of them would be given up as soon as it is made.
func TestClocksThatDiffer(t *testing.T) {
	const skew = 20 * 60
	watching := decide.Memory{WatchedFrom: ago(3600)}
	before := newWorld(jobs(4), unmetFor(60))
	booting := newWorld(jobs(4), node("astro-cpu-1", skew, withID("one")))
	out, m := ticks(t, watching, before, booting, booting, booting)
	if w := out.Fleet.Workers[0]; w.Phase != fleet.Booting || len(out.Decision.Remove) > 0 {
		t.Errorf("a new worker is %s, removed: %+v", w.Phase, out.Decision.Remove)
	}
	// It comes into the pool and has no job yet; its time since then is ours, too.
	joined := newWorld(node("astro-cpu-1", skew, withID("one")), pool("astro-cpu-1", 0, skew-60))
	out, _ = ticks(t, m, joined)
	if w := out.Fleet.Workers[0]; w.Phase != fleet.Idle || len(out.Decision.Drain) > 0 {
		t.Errorf("a worker that has just come is %s, asked to leave: %+v", w.Phase, out.Decision.Drain)
	}
	// The times of workers from before the watch are believed.
	out, _ = ticks(t, watching, joined, joined)
	if len(out.Decision.Drain) != 1 {
		t.Errorf("an idle worker stays: %+v", out.Decision.Notes)
	}
}

// The time that a worker takes to join is learned from clocks that agree with the
// scaler's, or from the scaler's: by a pool whose clock is behind they would come at
// once.
func TestJoinTimesByClocksThatDiffer(t *testing.T) {
	m := decide.Memory{WatchedFrom: ago(3600)}
	empty := newWorld()
	_, m = ticks(t, m, empty)
	for i, name := range []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"} {
		begin := now.Add(time.Duration(i) * time.Hour)
		born := newWorld(node(name, 0, withID(name)))
		born.facts.Cluster.Nodes[0].Created = begin
		born.facts.Queue.JobsAt, born.facts.Queue.WorkersAt = begin, begin
		_, m = decide.Tick(born.facts, born.policy, m, begin)
		came := newWorld(node(name, 0, withID(name)), pool(name, 1, 0))
		came.facts.Cluster.Nodes[0].Created = begin
		for _, after := range []time.Duration{6 * time.Minute, 7 * time.Minute} {
			at := begin.Add(after)
			came.facts.Queue.JobsAt, came.facts.Queue.WorkersAt = at, at
			came.facts.Queue.Workers[0].Started = begin.Add(10 * time.Second) // five minutes and more behind
			_, m = decide.Tick(came.facts, came.policy, m, at)
		}
	}
	joins := m.Joins["cpu"]
	if len(joins) != 3 {
		t.Fatalf("joins %+v", joins)
	}
	for _, j := range joins {
		if j.Took != 6*time.Minute {
			t.Errorf("%s took %s", j.Server, j.Took)
		}
	}
}

// Half of the workers are being deleted, by an apply or by hand: that is no sickness.
func TestWhoIsBeingDeletedIsNotSick(t *testing.T) {
	w := newWorld(bounds(0, 50), watched(36000), herd(4, 6, status(cluster.StatusDeleting)))
	out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
	if !out.Decision.Stop.IsZero() {
		t.Errorf("stopped: %s", out.Decision.Stopped)
	}
}

// The machine's clock is set forward by an hour, or back, while the scaler watches. A
// worker that is missing in one reading has not been gone for an hour, and demand that
// has lasted a moment has not lasted an hour.
func TestAClockThatIsSet(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		w := newWorld(watched(9000), node("astro-cpu-1", 9000, withID("one")), pool("astro-cpu-1", 4, 0), jobs(8))
		_, m := ticks(t, w.memory, w, w)
		later := now.Add(20*time.Second + by)
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt, w.facts.Queue.Workers = later, later, nil
		for _, row := range []struct {
			memory decide.Memory
			moved  bool
			want   fleet.Phase
		}{{m.Shifted(by), true, fleet.Booting}, {m, false, fleet.Absent}} {
			out, _ := decide.Tick(w.facts, w.policy, row.memory, later)
			if got := out.Fleet.Workers[0].Phase; by > 0 && got != row.want {
				t.Errorf("set by %s, memory moved %t: the worker is %s, want %s", by, row.moved, got, row.want)
			}
			if held := out.HoldEnds.Sub(later); row.moved && held != 40*time.Second {
				t.Errorf("set by %s: the demand is held for another %s, want 40s", by, held)
			}
		}
	}
}

// All times of a memory move, and none that is not set.
func TestAllTimesOfAMemoryMove(t *testing.T) {
	var m decide.Memory
	n := fillTimes(reflect.ValueOf(&m).Elem(), now)
	moved := m.Shifted(time.Hour)
	if got := fillTimes(reflect.ValueOf(&moved).Elem(), now.Add(time.Hour)); got != 0 || n < 15 {
		t.Errorf("%d of %d times have not moved", got, n)
	}
	if !m.LookedAt.Equal(now) || !m.LastInPool["x"].Equal(now) {
		t.Error("the memory before has changed")
	}
	if empty := (decide.Memory{}).Shifted(time.Hour); !reflect.DeepEqual(empty, decide.Memory{}) {
		t.Errorf("an empty memory became %+v", empty)
	}
}

// fillTimes sets all times in a value, and one entry in each map, and returns how many
// had to be changed.
func fillTimes(v reflect.Value, at time.Time) int {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if v.Interface().(time.Time).Equal(at) {
			return 0
		}
		v.Set(reflect.ValueOf(at))
		return 1
	}
	n := 0
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += fillTimes(v.Field(i), at)
		}
	case reflect.Map:
		key := reflect.New(v.Type().Key()).Elem()
		if key.Kind() == reflect.String {
			key.SetString("x")
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		if old := v.MapIndex(key); old.IsValid() {
			entry.Set(old)
		}
		n += fillTimes(entry, at)
		v.SetMapIndex(key, entry)
	}
	return n
}
