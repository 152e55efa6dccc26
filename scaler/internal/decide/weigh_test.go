package decide_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// twoGroups has group "other" with larger workers beside "cpu", both wanted for
// long enough.
func twoGroups(changes ...func(*world)) world {
	return newWorld(append([]func(*world){func(w *world) {
		w.policy.Groups["other"] = decide.Bounds{Max: 10}
		w.facts.Flavors["other"] = queue.Shape{Cpus: 8, MemoryMiB: 16000}
		w.facts.Sizes = map[string]decide.Size{"cpu": {Cores: 4, RAMMiB: 8192}, "other": {Cores: 8, RAMMiB: 16384}}
		w.memory.Unmet = map[string]time.Time{"cpu": ago(60), "other": ago(60)}
	}}, changes...)...)
}

// large jobs fit the workers of "other" alone.
func large(n int) func(*world) {
	return func(w *world) {
		eight := queue.Shape{Cpus: 8, MemoryMiB: 1024}
		w.facts.Queue.Jobs = append(w.facts.Queue.Jobs, queue.JobGroup{Key: "large", Asks: eight, Takes: eight, Count: n, First: "7.0", Oldest: ago(30)})
	}
}

// Of groups that all want more than a tick may make, each gets its turn.
func TestNoGroupStarves(t *testing.T) {
	greedy := func(turn string, most int) world {
		return twoGroups(large(400), jobs(400), func(w *world) { w.memory.LastServedGroup = turn }, policy(func(p *decide.Policy) { p.MaxCreate = most }))
	}
	check(t, []row{
		{"a tick has room for one of two groups", greedy("", 10), "+10cpu", "group other: at_max_create left_out=10 workers=10 max_create=10"},
		{"the other one comes next", greedy("cpu", 10), "+10other", "group cpu: at_max_create left_out=10 workers=10 max_create=10"},
		{"and then the first", greedy("other", 10), "+10cpu", ""},
		{"what one leaves is the other's", greedy("cpu", 14), "+10other +4cpu", ""},
		{"a group that went is passed over", greedy("dead", 10), "+10other", ""},
	})
	w := greedy("", 1)
	var got []string
	m := w.memory
	for i := range 4 {
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = now.Add(time.Duration(i)*10*time.Second), now.Add(time.Duration(i)*10*time.Second)
		var out decide.Outcome
		out, m = decide.Tick(w.facts, w.policy, m, w.facts.Queue.JobsAt)
		got = append(got, brief(out.Decision))
	}
	if want := "[+1cpu +1other +1cpu +1other]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestAGroupThatCanNotGrowLeavesItsJobsToOthers(t *testing.T) {
	host := fault(cluster.FaultNoHost, "")
	other := decide.Fault{Group: "other", Kind: cluster.FaultNoHost, Why: reason.Said("no luck")}
	check(t, []row{
		{"both can grow: the smaller one", twoGroups(jobs(4)), "+1cpu", ""},
		{"it pauses: the other one", twoGroups(jobs(4), failed(1, 10, host)), "+1other", "demand_lasted needs=(jobs_found_no_place jobs=4) lasted=1m"},
		{"the quota has no room for either, and it is said", twoGroups(jobs(4), func(w *world) { n := 0; w.facts.Room.Instances = &n }), "", "group cpu: quota_exceeded left_out=1 workers=1 short=(quota_left left=0 what=instances each=1)"},
		{"cores for the smaller one alone", twoGroups(large(1), jobs(4), func(w *world) { n := 7; w.facts.Room.Cores = &n }), "+1cpu", "group other: quota_exceeded left_out=1 workers=1 short=(quota_left left=3 what=cores each=8)"},
		{"the larger one pauses: its jobs wait, and it is said", twoGroups(large(1), jobs(4), failed(1, 10, other)), "+1cpu", "group other: group_pauses workers=1 left=4m50s failures=1 why=(other words=no luck)"},
		{"those that no group can take have all groups' reasons", twoGroups(jobs(4), failed(1, 10, host), func(w *world) {
			huge := queue.Shape{Cpus: 64, MemoryMiB: 1024}
			w.facts.Queue.Jobs = append(w.facts.Queue.Jobs, queue.JobGroup{Key: "huge", Asks: huge, Takes: huge, Count: 2, First: "8.0"})
		}), "+1other", "jobs: jobs_unmet jobs=2 first=8.0 why=(no_group_ever_fits why=(worker_too_small group=cpu what=CPUs has=4 asked=64 known_by=flavor) why=(worker_too_small group=other what=CPUs has=8 asked=64 known_by=flavor))"},
		{"those that only the other group can take are not said to have none", twoGroups(failed(1, 10, host), func(w *world) {
			w.policy.Groups["other"] = decide.Bounds{Max: 1}
			wide, tall := queue.Shape{Cpus: 4, MemoryMiB: 7000}, queue.Shape{Cpus: 1, MemoryMiB: 12000}
			w.facts.Queue.Jobs = []queue.JobGroup{
				{Key: "wide", Asks: wide, Takes: wide, Count: 1, First: "8.0"}, {Key: "tall", Asks: tall, Takes: tall, Count: 1, First: "9.0"},
			}
		}), "+1other", "jobs: jobs_unmet jobs=1 first=9.0 why=(groups_at_max groups=(group_at_max group=other max=1))"},
		{"nor those that ask for it", twoGroups(failed(1, 10, host), func(w *world) {
			w.policy.Groups["other"] = decide.Bounds{Max: 1}
			wide, small := queue.Shape{Cpus: 4, MemoryMiB: 12000}, queue.Shape{Cpus: 1, MemoryMiB: 6000}
			w.facts.Flavors["cpu"] = queue.Shape{Cpus: 4, MemoryMiB: 12000}
			w.facts.Queue.Jobs = []queue.JobGroup{
				{Key: "wide", Asks: wide, Takes: wide, Count: 1, First: "8.0"}, {Key: "small", Asks: small, Takes: small, Group: "other", Count: 1, First: "9.0"},
			}
		}), "+1other", "jobs: jobs_unmet jobs=1 first=9.0 why=(groups_at_max groups=(group_at_max group=other max=1))"},
		{"an idle spare of a group that pauses stays one", twoGroups(failed(1, 10, host), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900), func(w *world) {
			w.policy.Groups["cpu"] = decide.Bounds{Max: 10, Spare: 1}
			w.facts.Queue.Workers[0].Free.DiskKiB = 1 // no room for this job, as a new worker may have
			wide := queue.Shape{Cpus: 4, MemoryMiB: 1024, DiskKiB: 1000}
			w.facts.Queue.Jobs = append(w.facts.Queue.Jobs, queue.JobGroup{Key: "wide", Asks: wide, Takes: wide, Count: 1, First: "9.0", Oldest: ago(30)})
		}), "+1other", "astro-cpu-1: idle_spare idle=15m spare=1"},
		{"both pause", twoGroups(large(1), jobs(4), failed(1, 10, host, other)), "", "group cpu: group_pauses workers=1 left=4m50s failures=1 why=(other words=no luck)"},
		{"the other one's hold begins with the pause", twoGroups(jobs(4), failed(1, 10, host), func(w *world) { delete(w.memory.Unmet, "other") }), "", "group other: demand_held workers=1 needs=(held_for_jobs jobs=4) lasted=0s hold=1m"},
	})
}
