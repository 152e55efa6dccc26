package decide_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// gang adds jobs that run on several workers each and fill them.
func gang(jobs, nodes int) func(*world) {
	return func(w *world) {
		w.facts.Queue.Jobs = append(w.facts.Queue.Jobs, queue.JobGroup{
			Key: "gang", Asks: four, Takes: four, Nodes: nodes, Count: jobs, First: "7.0", Oldest: ago(300),
		})
	}
}

// second gives the cluster's other group to the scaler, with workers of the same size.
func second(most int) func(*world) {
	return func(w *world) {
		w.policy.Groups["other"] = decide.Bounds{Max: most}
		w.facts.Flavors["other"] = four
		w.facts.Sizes = map[string]decide.Size{"cpu": {Cores: 4, RAMMiB: 8192}, "other": {Cores: 4, RAMMiB: 8192}}
		w.memory.Unmet = map[string]time.Time{"cpu": ago(60), "other": ago(60)}
	}
}

// A job on several workers gets all of the new workers that it needs, or none.
func TestGangsAreMadeWholeOrNotAtAll(t *testing.T) {
	in := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){unmetFor(60)}, changes...)...)
	}
	create := func(n int) func(*world) { return policy(func(p *decide.Policy) { p.MaxCreate = n }) }
	inFlight := func(n int) func(*world) { return policy(func(p *decide.Policy) { p.MaxInFlight = n }) }
	host := fault(cluster.FaultNoHost, "")
	check(t, []row{
		{"there is room for all", in(gang(1, 4)), "+4cpu", "demand_lasted needs=(jobs_found_no_place jobs=1) lasted=1m"},
		{"the demand is held like other demand", in(unmetFor(30), gang(1, 4)), "", "group cpu: demand_held workers=4 needs=(held_for_jobs jobs=1) lasted=30s hold=1m"},
		{"the quota has room for three of four", in(gang(1, 4), room(3, -1, -1)), "", "group cpu: gangs_put_off jobs=1 why=(quota_exceeded left_out=1 workers=4 short=(quota_left left=3 what=instances each=1))"},
		{"other jobs get that room", in(gang(1, 4), jobs(8), room(3, -1, -1)), "+2cpu", "gangs_put_off"},
		{"the quota has room for one of two jobs", in(gang(2, 4), room(6, -1, -1)), "+4cpu", "group cpu: gangs_put_off jobs=1 why=(quota_exceeded left_out=2 workers=4"},
		{"max_in_flight has room for one of two jobs", in(gang(2, 4), inFlight(7)), "+4cpu", "group cpu: gangs_put_off jobs=1 why=(at_max_in_flight left_out=1 workers=4 booting=4 max_in_flight=7)"},
		{"max_in_flight has room for three of four, whatever boots", in(gang(1, 4), inFlight(3)), "", "jobs: jobs_unmet jobs=1 first=7.0 why=(gang_over_max_in_flight workers=4 max_in_flight=3)"},
		{"a round may make five: the second job is put off", in(gang(2, 4), create(5)), "+4cpu", "group cpu: gangs_put_off jobs=1 why=(at_max_create left_out=3 workers=4 max_create=5)"},
		{"and single jobs get what the round has left", in(gang(2, 4), jobs(8), create(5), bounds(0, 20)), "+5cpu", "at_max_create left_out=1 workers=2 max_create=5"},
		{"a job of more workers than a round may make gets a round of its own", in(gang(2, 4), jobs(8), create(3), bounds(0, 20)), "+4cpu", "gangs_put_off"},
		{"the group's max has room for three of four: none is made", in(gang(1, 4), bounds(0, 3)), "", "gang_too_large"},
		{"nor where some exist", in(gang(1, 4), bounds(0, 5), node("astro-cpu-1", 9000), pool("astro-cpu-1", 4, 0), node("astro-cpu-2", 9000), pool("astro-cpu-2", 4, 0)), "", "gang_too_few"},
		{"min is kept although the job is put off", in(gang(1, 4), bounds(2, 10), room(3, -1, -1)), "+2cpu", "fewer_than_min workers=0 min=2"},
		{"min and the job together are no more than either needs", in(gang(1, 4), bounds(2, 10)), "+4cpu", ""},
		{"the group pauses", in(gang(1, 4), failed(1, 10, host)), "", "group cpu: gangs_put_off jobs=1 why=(group_pauses workers=4"},
		{"one worker is tried before the others", in(gang(1, 4), failed(2, 600, host)), "+1cpu", "group cpu: probe_first left_out=3 workers=4"},
		{"a zone has failed: the others get all", in(gang(1, 4), zones("a", "b"), failed(1, 10, fault(cluster.FaultNoHost, "a"))), "+4cpu", "group cpu: zones_avoided zones=a"},
		{"nothing is added while a name is being freed", in(gang(1, 3), server("astro-cpu-1", "s1", "b1", 600), unwantedFor("s1", 300)), "remove:cpu-1", "group cpu: gangs_put_off jobs=1 why=(names_being_freed workers=2 removed=1)"},
		{"two groups make it together", in(gang(1, 12), second(5)), "+10cpu +2other", ""},
		{"and none of it where one of them may not", in(gang(1, 12), second(5), room(11, -1, -1)), "", "gangs_put_off"},
		{"nor where the demand on one of them has not lasted", in(gang(1, 12), second(5), func(w *world) { w.memory.Unmet["other"] = ago(10) }), "", "group other: demand_held workers=2"},
	})
}

// Workers that are free stay for a job that waits for the rest of its workers, however
// long that takes.
func TestFreeWorkersStayForAGangThatWaitsForTheRest(t *testing.T) {
	free := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){
			unmetFor(60), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 7000), node("astro-cpu-2", 9000), pool("astro-cpu-2", 0, 7000),
		}, changes...)...)
	}
	check(t, []row{
		{"of the same group", free(gang(1, 5)), "+3cpu", "astro-cpu-1: idle_jobs_fit idle=1h56m40s jobs=1"},
		{"while the rest boots", free(gang(1, 3), node("astro-cpu-3", 60)), "", "astro-cpu-2: idle_jobs_fit idle=1h56m40s jobs=1"},
		{"while the quota has no room for the rest", free(gang(1, 5), room(2, -1, -1)), "", "astro-cpu-1: idle_jobs_fit idle=1h56m40s jobs=1"},
		{"while the group pauses", free(gang(1, 5), failed(1, 10, fault(cluster.FaultNoHost, ""))), "", "astro-cpu-1: idle_jobs_fit idle=1h56m40s jobs=1"},
		{"while it pauses and another group that is too small does not", free(second(2), gang(1, 9), failed(1, 10, fault(cluster.FaultNoHost, ""))), "", "astro-cpu-1: idle_jobs_fit idle=1h56m40s jobs=1"},
		{"another group takes the rest where it can", free(second(5), gang(1, 5), failed(1, 10, fault(cluster.FaultNoHost, ""))), "+3other", "astro-cpu-1: idle_jobs_fit idle=1h56m40s jobs=1"},
		{"workers on their way out are called back", newWorld(unmetFor(60), gang(1, 3), node("astro-cpu-1", 9000, leaving), pool("astro-cpu-1", 0, 90)), "+2cpu undrain:cpu-1", "astro-cpu-1: recalled_jobs_came jobs=1"},
		{"a job that can never have enough keeps none", free(gang(1, 11)), "drain:cpu-2 drain:cpu-1", "gang_too_large"},
	})
}

// Whatever is asked for, limits hold: the groups' max, the quota, the servers that may
// boot at a time, and the workers of a round, but for one job that needs more.
func TestLimitsHoldWhateverIsAsked(t *testing.T) {
	adds, gangs := 0, 0
	play(60, 12, func(f decide.Facts, p decide.Policy, m decide.Memory, at time.Time) decide.Memory {
		out, next := decide.Tick(f, p, m, at)
		total, cores, most := 0, 0, 0
		for _, g := range out.Demand.Gangs {
			workers := 0
			for _, n := range g.New {
				workers += n
			}
			most = max(most, workers)
			gangs++
		}
		bounds := p.At(at).For(f.Cluster.Document.Groups).Groups
		for _, a := range out.Decision.Add {
			adds++
			total += a.Count
			cores += a.Count * f.Sizes[a.Group].Cores
			if n := len(out.Fleet.Group(a.Group)) + a.Count; n > bounds[a.Group].Max {
				t.Fatalf("%d workers of group %s, max %d", n, a.Group, bounds[a.Group].Max)
			}
		}
		booting := out.Fleet.Count("", fleet.Booting)
		switch {
		case total == 0:
		case p.MaxCreate > 0 && total > max(p.MaxCreate, most):
			t.Fatalf("%d workers in a round, max_create %d, the largest job needs %d", total, p.MaxCreate, most)
		case booting+total > p.MaxInFlight:
			t.Fatalf("%d of %d workers would boot", booting+total, p.MaxInFlight)
		case f.Room.Instances != nil && total > *f.Room.Instances, f.Room.Cores != nil && cores > *f.Room.Cores:
			t.Fatalf("%d workers of %d cores, the quota leaves %+v", total, cores, f.Room)
		}
		return next
	})
	if adds < 100 || gangs < 100 {
		t.Errorf("%d steps add workers, %d gangs", adds, gangs)
	}
}
