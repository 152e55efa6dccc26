package decide_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// room is what the quota leaves; -1 is without limit. A worker takes 4 cores and
// 8192 MiB.
func room(instances, cores, ram int) func(*world) {
	return func(w *world) {
		limit := func(n int) *int {
			if n < 0 {
				return nil
			}
			return &n
		}
		w.facts.Room = decide.Room{Instances: limit(instances), Cores: limit(cores), RAMMiB: limit(ram)}
		w.facts.Sizes = map[string]decide.Size{"cpu": {Cores: 4, RAMMiB: 8192}}
	}
}

func TestQuota(t *testing.T) {
	want := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){jobs(16), unmetFor(60)}, changes...)...)
	}
	check(t, []row{
		{"without a limit, or with none that is known", want(room(-1, -1, -1)), "+4cpu", ""},
		{"that has room", want(room(4, 16, 32768)), "+4cpu", ""},
		{"of instances", want(room(3, -1, -1)), "+3cpu", "group cpu: quota_exceeded left_out=1 workers=4 short=(quota_left left=3 what=instances each=1)"},
		{"of cores", want(room(-1, 11, -1)), "+2cpu", "group cpu: quota_exceeded left_out=2 workers=4 short=(quota_left left=11 what=cores each=4)"},
		{"of memory", want(room(-1, -1, 8191)), "", "group cpu: quota_exceeded left_out=4 workers=4 short=(quota_left left=8191 what=MiB of RAM each=8192)"},
		{"more than one", want(room(3, 4, -1)), "+1cpu", "group cpu: quota_exceeded left_out=3 workers=4 short=(quota_left left=3 what=instances each=1) short=(quota_left left=4 what=cores each=4)"},
		{"exceeded by others", want(room(-2-1+3, -1, -1)), "", "group cpu: quota_exceeded left_out=4 workers=4 short=(quota_left left=0 what=instances each=1)"},
		{"min is no exception", newWorld(bounds(2, 10), room(1, -1, -1)), "+1cpu", "group cpu: quota_exceeded left_out=1 workers=2 short=(quota_left left=1 what=instances each=1)"},
		{"of a flavor that is not known", want(room(-1, 4, -1), func(w *world) { w.facts.Sizes = nil }), "+4cpu", ""},
		{"for removals quota is nothing", newWorld(room(0, 0, 0), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90)), "drain:cpu-1", ""},
	})
	// Two groups share the quota, and the caller's facts are not counted in.
	w := newWorld(room(3, -1, -1), func(w *world) {
		w.policy.Groups = map[string]decide.Bounds{"cpu": {Min: 2, Max: 5}, "other": {Min: 2, Max: 5}}
	})
	for range 2 {
		if out, _ := decide.Tick(w.facts, w.policy, w.memory, now); brief(out.Decision) != "+2cpu +1other" {
			t.Errorf("two groups: %s", brief(out.Decision))
		}
	}
}

// "0 of 0 workers not added" said nothing.
func TestAGroupBeyondItsMaxThatNeedsNothing(t *testing.T) {
	w := newWorld(bounds(0, 1), node("astro-cpu-1", 900), pool("astro-cpu-1", 1, 0), node("astro-cpu-2", 900), pool("astro-cpu-2", 1, 0))
	out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
	if len(out.Decision.Notes) > 0 {
		t.Errorf("it has notes:\n%s", reasons(out.Decision))
	}
}

func cooldowns(out, in time.Duration) func(*world) {
	return policy(func(p *decide.Policy) { p.OutCooldown, p.InCooldown = out, in })
}

func TestCooldowns(t *testing.T) {
	check(t, []row{
		{"the next workers wait for the cooldown", newWorld(cooldowns(5*time.Minute, 0), jobs(4), unmetFor(60), node("astro-cpu-1", 299), pool("astro-cpu-1", 4, 0)), "", "group cpu: scale_out_cooldown workers=1 newest=4m59s cooldown=5m"},
		{"and come after it", newWorld(cooldowns(5*time.Minute, 0), jobs(4), unmetFor(60), node("astro-cpu-1", 300), pool("astro-cpu-1", 4, 0)), "+1cpu", ""},
		{"min does not wait", newWorld(cooldowns(5*time.Minute, 0), bounds(2, 10), node("astro-cpu-1", 10)), "+1cpu", "fewer_than_min workers=1 min=2"},
		{"growing is not held by the cooldown of shrinking", newWorld(cooldowns(0, 5*time.Minute), jobs(4), unmetFor(60), node("astro-cpu-1", 10), pool("astro-cpu-1", 4, 0)), "+1cpu", ""},
		{"after new workers none leaves for the cooldown", newWorld(cooldowns(0, 5*time.Minute), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), node("astro-cpu-2", 299), pool("astro-cpu-2", 4, 0)), "", "astro-cpu-1: idle_newest_too_young idle=1m30s newest=4m59s cooldown=5m"},
		{"and then they do", newWorld(cooldowns(0, 5*time.Minute), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), node("astro-cpu-2", 300), pool("astro-cpu-2", 4, 0)), "drain:cpu-1", ""},
		{"while one is leaving the next one waits", newWorld(cooldowns(0, 5*time.Minute), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), node("astro-cpu-2", 9000, leaving), pool("astro-cpu-2", 0, 90)), "", "astro-cpu-1: idle_other_left_lately idle=1m30s left=0s cooldown=5m"},
		{"and so it does after it has left", newWorld(cooldowns(0, 5*time.Minute), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), func(w *world) {
			w.memory.LastLeft = map[string]time.Time{"cpu": ago(299)}
		}), "", "astro-cpu-1: idle_other_left_lately idle=1m30s left=4m59s cooldown=5m"},
		{"for the cooldown", newWorld(cooldowns(0, 5*time.Minute), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), func(w *world) {
			w.memory.LastLeft = map[string]time.Time{"cpu": ago(300)}
		}), "drain:cpu-1", ""},
	})
}

func TestLeastLoadedFirst(t *testing.T) {
	one := policy(func(p *decide.Policy) { p.MaxRemove = 1 })
	long, longer := node("astro-cpu-1", 9000), node("astro-cpu-2", 9000)
	check(t, []row{
		{"the longest idle", newWorld(one, long, pool("astro-cpu-1", 0, 90), longer, pool("astro-cpu-2", 0, 900)), "drain:cpu-2", ""},
		{"before it one that never had a job", newWorld(one, long, pool("astro-cpu-1", 0, 310), fresh, longer, pool("astro-cpu-2", 0, 900)), "drain:cpu-1", ""},
		{"before that one whose server is broken", newWorld(one, long, pool("astro-cpu-1", 0, 310), fresh, node("astro-cpu-2", 9000, inError), pool("astro-cpu-2", 0, 90)), "drain:cpu-2", ""},
		{"of equal ones the last", newWorld(one, long, pool("astro-cpu-1", 0, 90), longer, pool("astro-cpu-2", 0, 90)), "drain:cpu-2", ""},
	})
}

// joined is a worker that took some seconds from its creation to the pool.
func joined(name string, age, took int) func(*world) {
	return func(w *world) {
		node(name, age, func(n *cluster.Node, _ *cluster.Member) { n.ID = "id-" + name })(w)
		pool(name, 1, 0)(w)
		w.facts.Queue.Workers[len(w.facts.Queue.Workers)-1].Started = ago(age - took)
	}
}

func TestJoinTimeoutIsLearned(t *testing.T) {
	many := func(took ...int) func(*world) {
		return func(w *world) {
			for i, s := range took {
				joined(fmt.Sprintf("astro-cpu-%d", i+1), 9000, s)(w)
			}
		}
	}
	twenty := make([]int, 20)
	for i := range twenty {
		twenty[i] = 100
	}
	late := append([]int{800}, twenty[1:]...)
	later := append([]int{800, 700}, twenty[2:]...)
	for _, row := range []struct {
		name  string
		world world
		want  time.Duration
	}{
		{"nothing seen: the policy's", newWorld(), 15 * time.Minute},
		{"too few seen", newWorld(many(100, 110)), 15 * time.Minute},
		{"four times the slowest of a few", newWorld(many(100, 110, 120)), 8 * time.Minute},
		{"never under five minutes", newWorld(many(10, 10, 10)), 5 * time.Minute},
		{"slow ones make it longer", newWorld(many(400, 400, 400)), 1600 * time.Second},
		{"one of twenty that was late counts for nothing", newWorld(many(late...)), 400 * time.Second},
		{"two do", newWorld(many(later...)), 2800 * time.Second},
		{"a daemon that was started again is no joining", newWorld(many(100, 110, 5000)), 15 * time.Minute},
		{"a clock that is wrong is none either", newWorld(many(100, 110, -5)), 15 * time.Minute},
		{"not where the file says a timeout", newWorld(many(10, 10, 10), policy(func(p *decide.Policy) { p.LearnJoin = false })), 15 * time.Minute},
	} {
		_, m := decide.Tick(row.world.facts, row.world.policy, row.world.memory, now)
		out, again := decide.Tick(row.world.facts, row.world.policy, m, now)
		if got := out.JoinTimeouts["cpu"]; got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if len(m.Joins["cpu"]) != len(again.Joins["cpu"]) {
			t.Errorf("%s: counted twice", row.name)
		}
	}
}

func TestLearnedJoinTimeoutHolds(t *testing.T) {
	known := func(w *world) {
		for i := range 3 {
			w.memory.Joins = map[string][]decide.Join{"cpu": append(w.memory.Joins["cpu"], decide.Join{Server: fmt.Sprint(i), Took: 90 * time.Second})}
		}
	}
	check(t, []row{
		{"a server that is late gets it", newWorld(known, node("astro-cpu-1", 359)), "", ""},
		{"then it is looked for once more", newWorld(known, node("astro-cpu-1", 360)), "", "astro-cpu-1: looked_for_again what=(not_in_pool absent=6m limit=6m origin=learned)"},
		{"then it goes", newWorld(known, node("astro-cpu-1", 380), confirmedOnce("astro-cpu-1", 20)), "remove:cpu-1", "astro-cpu-1: not_in_pool absent=6m20s limit=6m origin=learned"},
		{"one that was in the pool has longer", newWorld(known, node("astro-cpu-1", 9000), confirmedOnce("astro-cpu-1", 20), func(w *world) { w.memory.LastInPool = map[string]time.Time{"astro-cpu-1": ago(899)} }), "", ""},
		{"but not for ever", newWorld(known, node("astro-cpu-1", 9000), confirmedOnce("astro-cpu-1", 20), func(w *world) { w.memory.LastInPool = map[string]time.Time{"astro-cpu-1": ago(900)} }), "remove:cpu-1", "astro-cpu-1: not_in_pool absent=15m limit=15m"},
		{"it is no capacity any more", newWorld(known, jobs(4), unmetFor(60), node("astro-cpu-1", 400)), "+1cpu", ""},
	})
}
