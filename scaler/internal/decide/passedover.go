package decide

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// passedOverFor is how long a job group that a free worker left waiting does not
// cause new workers.
const passedOverFor = time.Hour

// passedOver returns the job groups that a free worker is known to leave waiting.
func passedOver(m Memory, now time.Time) map[string]reason.Reason {
	out := map[string]reason.Reason{}
	for key, since := range m.PassedOver {
		if now.Sub(since) < passedOverFor {
			out[key] = reason.New(reason.JobsPassedOver)
		}
	}
	return out
}

// watchPassedOver finds job groups that wait although a worker has had room for them
// for longer than the first-job grace. More workers would not help them. How long
// they have waited there is watched: a job that was held, or lost its worker, is
// old in the queue and new to this worker.
func watchPassedOver(r round, need demand.Demand, m Memory) Memory {
	waiting := oldest(r, need, m)
	before := m.PassedOver
	m.PassedOver = map[string]time.Time{}
	for key, since := range before {
		if _, waits := waiting[key]; waits && r.now.Sub(since) < passedOverFor {
			m.PassedOver[key] = since
		}
	}
	byName := workersByName(r.fleet)
	offered := map[string]time.Time{}
	for _, p := range need.Placements {
		w, ok := byName[p.Worker]
		if !ok || p.Phase != fleet.Idle || !r.manages(w.Group) || p.Count == p.Elsewhere {
			continue // jobs that are counted elsewhere wait for a worker there
		}
		begun, seen := m.Offered[p.Key]
		if !seen && !m.WatchedFrom.IsZero() {
			begun = r.now
		}
		offered[p.Key] = begun
		since := latest(begun, w.Pool.IdleSince, waiting[p.Key])
		if _, known := m.PassedOver[p.Key]; !known && r.now.Sub(since) >= max(r.policy.FirstJobGrace, r.facts.Queue.Traits.MatchPause()) {
			m.PassedOver[p.Key] = r.now
		}
	}
	m.Offered = offered
	return m
}

// oldest returns when the oldest job of each job group was queued, of the groups that
// have been passed over or could be.
func oldest(r round, need demand.Demand, m Memory) map[string]time.Time {
	asked := map[string]bool{}
	for key := range m.PassedOver {
		asked[key] = true
	}
	for _, p := range need.Placements {
		asked[p.Key] = true
	}
	out := map[string]time.Time{}
	for i := range r.facts.Queue.Jobs {
		if g := &r.facts.Queue.Jobs[i]; asked[g.Key] {
			out[g.Key] = g.Oldest
		}
	}
	return out
}

// workersByName returns the fleet's workers; of two of a name the first counts.
func workersByName(f fleet.Fleet) map[string]*fleet.Worker {
	out := make(map[string]*fleet.Worker, len(f.Workers))
	for i, w := range slices.Backward(f.Workers) {
		out[w.Name] = &f.Workers[i]
	}
	return out
}
