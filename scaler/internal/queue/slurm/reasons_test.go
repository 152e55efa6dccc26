package slurm

import "testing"

// The policy: which reasons for which a job waits are demand.
func TestReasons(t *testing.T) {
	const counts = ""
	for _, tt := range []struct {
		reason   string
		restarts int
		why      string
	}{
		// No worker is free that fits, or the job is behind others.
		{"None", 0, counts},
		{"Resources", 0, counts},
		{"Priority", 0, counts},
		{"Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions", 0, counts},
		{"ReqNodeNotAvail, May be reserved for other job", 0, counts},
		{"ReqNodeNotAvail, UnavailableNodes:astro-cpu-[1-2]", 0, counts},
		{"ReqNodeNotAvail(Unavailable:astro-cpu-1)", 0, counts},
		{"NodeDown", 0, counts},
		// From zero, on 22.05.
		{"PartitionConfig", 0, counts},
		{"PartitionNodeLimit", 0, counts},
		// Slurm has put the job back after its node was lost.
		{"BeginTime", 1, counts},
		{"Cleaning", 1, counts},
		// As many as the array's limit allows, see TestArrays.
		{"JobArrayTaskLimit", 0, counts},
		// The user wants it so.
		{"BeginTime", 0, "is to begin at a later time (BeginTime)"},
		{"Dependency", 0, "waits for another job (Dependency)"},
		{"DependencyNeverSatisfied", 0, "waits for another job that will never end as it must (DependencyNeverSatisfied)"},
		{"JobHeldUser", 0, "held by its user (JobHeldUser)"},
		// No worker changes that.
		{"JobHeldAdmin", 0, "held by an operator (JobHeldAdmin)"},
		{"BadConstraints", 0, badConstraints},
		{"ReqNodeNotAvail, Reserved for maintenance", 0, "a reservation for maintenance keeps the nodes"},
		{"Reservation", 0, "waits for its reservation (Reservation)"},
		{"PartitionDown", 0, "its partition is down (PartitionDown)"},
		{"PartitionInactive", 0, "its partition is inactive (PartitionInactive)"},
		{"PartitionTimeLimit", 0, "its time limit exceeds its partition's (PartitionTimeLimit)"},
		{"Licenses", 0, "waits for licenses (Licenses)"},
		{"launch failed requeued held", 1, "held after its launch failed"},
		// All others by name.
		{"QOSMaxCpuPerUserLimit", 0, "its reason is QOSMaxCpuPerUserLimit"},
		{"AssocGrpNodeLimit", 0, "its reason is AssocGrpNodeLimit"},
		{"BurstBufferResources", 0, "its reason is BurstBufferResources"},
		{"a new one, with words (and more)", 0, "its reason is a new one"},
	} {
		v := judgeReason(tt.reason, tt.restarts)
		if v.counts != (tt.why == counts) || v.why != tt.why {
			t.Errorf("%s after %d starts: %+v, want %q", tt.reason, tt.restarts, v, tt.why)
		}
	}
}
