package reason_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

type row struct {
	reason reason.Reason
	words  string
}

// rows are all codes with arguments, and the words that people read.
func rows() []row {
	atMax := func(group string) reason.Reason {
		return reason.New(reason.GroupAtMax, reason.Name("group", group), reason.Count("max", 10))
	}
	groupMax := reason.New(reason.GroupMax, reason.Name("group", "cpu"), reason.Count("max", 4))
	count, span, name, text, why, to := reason.Count, reason.Span, reason.Name, reason.Text, reason.Why, reason.New
	const second, minute = time.Second, time.Minute
	jobs, spare := to(reason.JobsFoundNoPlace, count("jobs", 8)), to(reason.SparesAreMissing, count("missing", 1), count("spare", 2))
	partial := to(reason.FactsPartial, text("parts", "one daemon did not answer"))
	inError := to(reason.ServerInError, text("message", "No valid host was found."))
	absent := to(reason.NotInPool, span("absent", 15*minute), span("limit", 15*minute))
	closed := to(reason.IsClosed)
	idle := span("idle", 90*second)
	return []row{
		{reason.Said("foreign words"), "foreign words"},

		{to(reason.ConsoleFirst), "put off: the console of the worker is read first"},
		{to(reason.PutOff, span("age", 3*minute)), "put off: what was read is 3m old by now"},
		{to(reason.CallsUnderWay), "put off: earlier create calls have no answer yet"},
		{to(reason.DiscardUnknown, name("server", "s1")), "this actuator deletes no server by its ID: s1 is left to you"},
		{to(reason.NothingCame), "create calls got no answer, and no server came of them"},
		{to(reason.WorkerNotMade, name("worker", "astro-cpu-1"), text("message", "has no host")), "astro-cpu-1 has no host"},

		{to(reason.FactsStale, span("age", 121*second), span("limit", 2*minute)), "nothing is done: it was read 2m1s ago, more than 2m"},
		{to(reason.TooManySick, count("sick", 5), count("workers", 10), why("how", to(reason.SickStopped, count("workers", 2)), to(reason.SickError, count("workers", 1)), to(reason.SickUnreached, count("workers", 1)), to(reason.SickLost, count("workers", 1))), count("percent", 45)),
			"5 of 10 workers are sick (2 stopped, 1 in ERROR, 1 on hosts that Nova does not reach, 1 gone from the pool): nothing is made or removed until no more than 45 % are"},
		{partial, "what was read is not whole: one daemon did not answer"},
		{to(reason.DirectoryYoung, name("directory", "directory"), span("age", 100*second), span("limit", 3*minute)), "the directory was started 1m40s ago, less than 3m"},

		{to(reason.EntryLeftOut, text("what", "the ad of slot1@w9: it is too long")), "an entry could not be read, and does not count: the ad of slot1@w9: it is too long"},
		{to(reason.JobsNotCounted, count("jobs", 1), text("first", "6.0"), text("why", "deferred")), "1 job not counted (6.0…): deferred"},
		{to(reason.JobsUnmet, count("jobs", 4), text("first", "6.0"), why("why", to(reason.JobsPassedOver))),
			"4 jobs without a worker to come (6.0…): a worker with room for them stayed idle: their requirements or limits must be in the way"},
		{to(reason.JobsNotJudged, count("jobs", 4), text("first", "6.0"), text("why", "A + 1: its evaluation takes more than 20000 steps")),
			"a demand of 4 jobs is not judged and counts as met (6.0…): A + 1: its evaluation takes more than 20000 steps"},
		{to(reason.OtherReasons), "for other reasons"},
		{to(reason.JobsBlocked, text("why", "waits for job 5")), "they can not start now: waits for job 5"},
		{to(reason.StrangerRefuses, span("left", 30*minute)), "is not the cluster's, and left jobs waiting that fit it: not counted for another 30m"},
		{to(reason.PoolUnproved, name("directory", "collector")), "counts as not in the pool: the collector lists it without a proof that it is this node"},
		{to(reason.PoolOtherServer, name("said", "s2"), name("server", "s1")), "counts as not in the pool: it says that its server is s2, and the cloud has s1"},
		{to(reason.PoolOtherAddress, name("said", "192.0.2.9"), name("address", "192.0.2.1")), "counts as not in the pool: it says that its address is 192.0.2.9, and the cloud has 192.0.2.1"},
		{to(reason.PoolNoServer, name("directory", "collector")), "does not count: it is in the collector as a worker of this cluster, and the cloud has no server of that name"},
		{to(reason.PoolContradicts, name("directory", "collector")), "what the collector has of it contradicts itself: that part does not count"},
		{to(reason.PoolSameName, name("directory", "collector")), "another machine in the collector goes by its name: that machine does not count"},
		{to(reason.PoolSpokenFor, name("directory", "collector"), name("by", "astro-cpu-2")), "astro-cpu-2 spoke in its name to the collector: that does not count"},
		{to(reason.PoolTooMuch, text("said", "100000 CPUs, 7.8 GiB"), text("has", "4 CPUs, 7.8 GiB")), "it says that it has 100000 CPUs, 7.8 GiB, and its flavor has 4 CPUs, 7.8 GiB: no more than that counts"},
		{to(reason.BoundsNarrowed, count("cluster_min", 0), count("cluster_max", 4), reason.Names("said", "min = 1", "max = 9"), count("held_min", 1), count("held_max", 4)),
			"the cluster's configuration has min = 0, max = 4 for this group, which this scaler's block (min = 1, max = 9) only narrows: min = 1, max = 4 hold"},
		{to(reason.GroupNotThere), "the cluster has no worker group of that name"},
		{to(reason.NoGroupIsManaged), "none is in the scaler's charge: neither the cluster's configuration (scaling) nor a group block bounds one"},
		{to(reason.GroupHasCount, count("count", 4), text("scaling", "{ min = 0, max = 20 }")),
			"Terraform's configuration has count = 4 for this group, and the next apply would undo what the scaler does: write scaling = { min = 0, max = 20 } there in place of count, and apply; or remove this group's block"},
		{to(reason.GroupHasScaling), "Terraform's configuration has scaling for this group, and actuator \"terraform\" changes a count: write a count there that follows the actuator's variable, and apply; or use actuator \"nova\"; or remove this group's block"},
		{to(reason.GroupNotCounted), "left alone: Terraform's configuration has scaling for this group, and actuator \"terraform\" changes only a count"},

		{to(reason.NoGroupInCharge), "no worker group is in this scaler's charge"},
		{to(reason.GroupNotInCluster, name("group", "gpu")), "they ask for group gpu, which the cluster does not have"},
		{to(reason.GroupNotInCharge, name("group", "gpu")), "they ask for group gpu, which is not in this scaler's charge"},
		{to(reason.GroupsAtMax, why("groups", atMax("cpu"), atMax("mem"))), "group cpu is at its max of 10, group mem is at its max of 10"},
		{to(reason.SizeNotKnown, reason.Names("groups", "cpu", "mem")), "the size of a worker is not known yet in group cpu, mem"},
		{to(reason.AskedGroupNeverFits, why("why", to(reason.WorkerTooSmall, name("group", "cpu"), name("what", "CPUs"), count("has", 4), count("asked", 8)))), "the group that they ask for can never run them: CPUs 8 > 4 of group cpu"},
		{to(reason.NoGroupEverFits, why("why", to(reason.WorkerTooSmall, name("group", "cpu"), name("what", "memory"), reason.Amount("has", 64307)), to(reason.RequirementsUnmet, name("group", "mem"), text("requirement", "Arch == 1")))),
			"no group can ever run them: memory > 62.8 GiB of group cpu; workers of group mem do not meet Arch == 1"},
		{to(reason.OnlyCertainWorkers, why("why", to(reason.RequirementsUnmet, name("group", "mem"), text("requirement", "name == w1")))),
			"they wait for certain workers, and a new one is none of these: workers of group mem do not meet name == w1"},
		{to(reason.WorkerJustTooSmall, name("group", "cpu"), name("what", "memory"), count("has", 8000), count("asked", 8001), name("known_by", "flavor")), "memory 8001 MiB > 8000 MiB of group cpu (by its flavor, none was seen yet)"},
		{to(reason.GangTooLarge, count("nodes", 8), text("each", "4 CPUs, 7.8 GiB"), why("groups", groupMax)), "each asks for 8 workers of 4 CPUs, 7.8 GiB at once, and no group may have so many: group cpu has max = 4"},
		{to(reason.GangTooLarge, count("nodes", 8), text("each", "1 CPU, 512 MiB"), name("of", "one group"), why("groups", groupMax, groupMax)),
			"each asks for 8 workers of 1 CPU, 512 MiB at once, all of one group, and no group may have so many: group cpu has max = 4, group cpu has max = 4"},
		{to(reason.GangTooLarge, count("nodes", 12), text("each", "1 CPU, 512 MiB"), why("groups", groupMax, groupMax), count("together", 8)),
			"each asks for 12 workers of 1 CPU, 512 MiB at once, and no group may have so many: group cpu has max = 4, group cpu has max = 4; together 8"},
		{to(reason.GangTooFew, count("nodes", 4), text("each", "1 CPU, 512 MiB"), count("found", 2), why("groups", atMax("cpu"))),
			"each asks for 4 workers of 1 CPU, 512 MiB at once, and no more than 2 have room or can be made: group cpu is at its max of 10"},
		{to(reason.TasksTooMany, count("tasks", 64), count("nodes", 4), text("each", "1 CPU, 512 MiB"), why("groups", to(reason.GroupMaxTasks, name("group", "cpu"), count("holds", 4), count("max", 10)))),
			"each asks for 64 tasks of 1 CPU, 512 MiB at once, on at least 4 workers, and no group may have so many workers: group cpu has max = 10 and 4 tasks on a worker"},
		{to(reason.TasksTooFew, count("tasks", 64), text("each", "1 CPU, 512 MiB"), name("of", "one group"), count("found", 40), why("groups", atMax("cpu"))),
			"each asks for 64 tasks of 1 CPU, 512 MiB at once, all of one group, and there is or can be room for no more than 40: group cpu is at its max of 10"},
		{to(reason.GangOverInFlight, count("workers", 50), count("max_in_flight", 40)), "each needs 50 new workers at once, which is more than max_in_flight = 40"},

		{to(reason.DemandLasted, why("needs", jobs), span("lasted", minute)), "8 jobs found no place for 1m"},
		{to(reason.DemandLasted, why("needs", jobs, spare)), "8 jobs found no place, 1 of 2 spare workers missing"},
		{to(reason.FewerThanMin, count("workers", 0), count("min", 2)), "0 of at least 2 workers"},
		{held(8), "2 workers for 8 jobs and spare = 1 not added yet: the demand has lasted 10s of 1m"},
		{to(reason.OutCooldown, count("workers", 1), span("newest", 299*second), span("cooldown", 5*minute)), "1 worker not added yet: the last one was made 4m59s ago, scale_out_cooldown = 5m"},
		{to(reason.AtMax, count("left_out", 2), count("workers", 3), count("existing", 9), count("max", 10)), "2 of 3 workers not added: 9 exist, max = 10"},
		{to(reason.AtMaxCreate, count("left_out", 40), count("workers", 50), count("max_create", 10)), "40 of 50 workers put off: max_create = 10"},
		{to(reason.AtMaxInFlight, count("left_out", 1), count("workers", 1), count("booting", 3), count("max_in_flight", 3)), "1 of 1 worker put off: 3 are booting, max_in_flight = 3"},
		{to(reason.NamesBeingFreed, count("workers", 2), count("removed", 1)), "2 workers not added now: 1 worker being removed"},
		{to(reason.QuotaExceeded, count("left_out", 3), count("workers", 4), why("short", to(reason.QuotaLeft, count("left", 3), name("what", "instances"), count("each", 1)), to(reason.QuotaLeft, count("left", 4), name("what", "cores"), count("each", 4)))),
			"3 of 4 workers put off: quota: 3 instances left, a worker takes 1; 4 cores left, a worker takes 4"},
		{to(reason.GroupPauses, count("workers", 4), span("left", 90*second), count("failures", 2), why("why", reason.Said("No valid host"))), "4 workers not added: pause of another 1m30s after 2 failures: No valid host"},
		{to(reason.GroupPauses, count("workers", 4), span("left", 90*second), why("why", to(reason.NotedEarlier, name("fault", "no_host")))), "4 workers not added: pause of another 1m30s after what the scaler noted before it was started anew (no_host)"},
		{to(reason.GangsPutOff, count("jobs", 2), why("why", to(reason.AtMaxCreate, count("left_out", 3), count("workers", 8), count("max_create", 5)))),
			"2 jobs over several workers put off, each gets all of its workers or none: 3 of 8 workers put off: max_create = 5"},
		{to(reason.ZonesAvoided, reason.Names("zones", "a", "b")), "nothing is made in availability zone a, b for now: it has failed"},
		{to(reason.ProbeUnderWay, count("workers", 4), count("failures", 2), name("worker", "astro-cpu-1")), "4 workers put off: after 2 failures, astro-cpu-1 is tried first"},
		{to(reason.ProbeFirst, count("left_out", 3), count("workers", 4), count("failures", 2), why("why", inError)), "3 of 4 workers put off: after 2 failures one is tried first (its server is in ERROR: No valid host was found.)"},

		{to(reason.IdleLongEnough, idle, name("setting", "idle_after"), span("limit", minute)), "idle for 1m30s (idle_after = 1m), and no waiting job fits it"},
		{to(reason.KeptLongEnough, idle, span("kept", 61*minute), span("limit", 60*minute), count("jobs", 1)), "idle for 1m30s, and kept for 1h1m (limit 1h) for 1 job over several workers, of which others still can't be made"},
		{to(reason.IdleNotLongEnough, idle, name("setting", "first_job_grace"), span("limit", 5*minute)), "idle for 1m30s of first_job_grace = 5m"},
		{to(reason.IdleJobsFit, idle, count("jobs", 1)), "idle for 1m30s, stays: 1 job fit it"},
		{to(reason.IdleProtected, idle), "idle for 1m30s, stays: protected by its metadata"},
		{to(reason.IdleAtMin, idle, count("min", 1)), "idle for 1m30s, stays: min = 1"},
		{to(reason.IdleSpare, idle, count("spare", 1)), "idle for 1m30s, stays: spare = 1"},
		{to(reason.IdleNotListed, idle), "idle for 1m30s, stays: it is not in the cluster's roster yet"},
		{to(reason.IdleFactsUnsafe, idle, why("why", partial)), "idle for 1m30s, stays: what was read is not whole: one daemon did not answer"},
		{to(reason.IdleAfterNewest, idle, span("newest", 299*second), span("cooldown", 5*minute)), "idle for 1m30s, stays for now: the group's newest worker was made 4m59s ago, scale_in_cooldown = 5m"},
		{to(reason.IdleAfterLastLeft, idle, span("left", 0), span("cooldown", 5*minute)), "idle for 1m30s, stays for now: another one was leaving 0s ago, scale_in_cooldown = 5m"},
		{to(reason.IdleAtMaxRemove, idle, count("max_remove", 1)), "idle for 1m30s, stays for now: max_remove = 1"},
		{to(reason.IdleNoDrain, idle), "idle for 1m30s, stays: nothing would keep jobs from it while it leaves: the cluster has no batch system whose front-end drains; add drain and undrain to actions in the queue block"},
		{to(reason.ClosedByOthers, name("state", "Drained/Idle")), "takes no jobs (Drained/Idle), and not by this scaler's wish: left alone"},
		{to(reason.ServerStopped, name("status", "SHUTOFF")), "its server is SHUTOFF: left alone"},
		{to(reason.BrokenButInPool), "its server is in ERROR, and yet it works in the pool: treated like the others"},
		{to(reason.LeavesForOthers), "is leaving, and not by this scaler's wish: left alone"},
		{to(reason.RecalledProtected), "is protected by its metadata"},
		{to(reason.RecalledJobsCame, count("jobs", 1)), "1 job came that fit it"},
		{to(reason.RecalledAsSpare, count("spare", 1)), "is wanted again: spare = 1"},
		{to(reason.RecalledForMin, count("min", 1)), "is wanted again: min = 1"},
		{to(reason.RecalledHasJob), "the front-end refused to close it: it has a job"},
		{to(reason.RecalledGotJob), "it got a job before it was drained"},
		{to(reason.RecalledNoDrain), "nothing keeps jobs from it: the cluster has no batch system whose front-end drains, and actions in the queue block has no drain"},
		{to(reason.NotDrainedYet), "is asked to leave; the pool does not show it as draining yet"},
		{to(reason.MarkedByUs), "is asked to leave"},
		{to(reason.DrainsUnmarked), "takes no jobs, and is not asked to leave"},
		{to(reason.NotClosedYet, count("generation", 7)), "is asked to leave; the front-end has not closed it yet (generation 7)"},
		{to(reason.JobsByQueue, why("what", closed), count("jobs", 1)), "is closed, but 1 job still on it by the queue's account"},
		{to(reason.NotRemovedNow, why("what", closed), why("why", partial)), "is closed, and is not removed now: what was read is not whole: one daemon did not answer"},
		{to(reason.ReadAgainFirst, why("what", to(reason.AskedAndAbsent, span("absent", time.Hour)))), "is asked to leave, and not in the pool for 1h; the queue is read again before it is removed"},
		{to(reason.RemovedClosed), "closed by the front-end, and two readings of the queue found no job on it"},
		{to(reason.RemovedDrained), "drained by the queue's program, and two readings of the queue found no job on it"},
		{to(reason.RemovedAbsent, span("absent", time.Hour), span("limit", 15*minute)), "is asked to leave, and not in the pool for 1h (join_timeout = 15m), and two readings of the queue found no job on it"},

		{to(reason.ServerInError), "its server is in ERROR"},
		{inError, "its server is in ERROR: No valid host was found."},
		{absent, "not in the pool for 15m (join_timeout = 15m)"},
		{absent.With(name("origin", "learned")), "not in the pool for 15m (join_timeout = 15m, learned)"},
		{to(reason.NoServer), "in the roster, but it has no server"},
		{to(reason.NeverEnrolled, text("why", "its metadata hold no x")), "its server is in no roster and can't be enrolled: its metadata hold no x"},
		{to(reason.ReadyToEnrol, name("address", "10.0.0.3")), "its server has the address 10.0.0.3, and no roster has it yet"},
		{to(reason.BeingDeleted, span("since", 20*time.Second)), "its server is being deleted, for 20s now"},
		{to(reason.DeletedByOthers), "its server is being deleted, and not by this scaler's wish"},
		{to(reason.StillThere, span("since", 2*minute)), "its server is still there 2m after its deletion was asked for: asked for again"},
		{to(reason.KeptMayHaveJobs, why("what", to(reason.SecondOfName))), "a second server of that name; kept: jobs may be on it"},
		{to(reason.KeptDoubted, why("what", absent)), "not in the pool for 15m (join_timeout = 15m); kept: it may run jobs, because the pool lists something in its name that is not believed"},
		{to(reason.KeptProtected, why("what", inError)), "its server is in ERROR: No valid host was found.; kept: protected by its metadata"},
		{to(reason.KeptForJobs, why("what", absent), count("jobs", 2)), "not in the pool for 15m (join_timeout = 15m); kept: 2 jobs on it by the queue's account"},
		{to(reason.DeletedLater, why("what", to(reason.SecondOfName)), span("left", 5*minute)), "a second server of that name; it is deleted in 5m if nothing comes of it"},
		{to(reason.NotDeletedNow, why("what", to(reason.SecondOfName)), why("why", partial)), "a second server of that name; not deleted now: what was read is not whole: one daemon did not answer"},
		{to(reason.LookedForAgain, why("what", absent)), "not in the pool for 15m (join_timeout = 15m); it is looked for again before it is replaced"},
		{to(reason.LookedForAgain, why("what", absent), why("why", partial)), "not in the pool for 15m (join_timeout = 15m); it is looked for again before it is replaced (what was read is not whole: one daemon did not answer)"},
	}
}

func TestWords(t *testing.T) {
	for _, row := range rows() {
		if got := row.reason.String(); got != row.words {
			t.Errorf("%s\ngot  %s\nwant %s", row.reason.Brief(), got, row.words)
		}
	}
}

// An argument that is missing shows, and does not change the rest.
func TestMissingArguments(t *testing.T) {
	if got := reason.New(reason.IdleAtMin).String(); got != "idle for {idle}, stays: min = {min}" {
		t.Errorf("got %q", got)
	}
}
