package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// leastKept is how long a free worker stays at least for jobs over several workers whose
// other workers can't be made.
const leastKept = time.Hour

// keptFor returns how long a free worker stays for such jobs: long enough for a second
// attempt after a worker that never joined.
func keptFor(p Policy) time.Duration { return max(leastKept, 3*p.JoinTimeout) }

// watchKept notes since when workers that are free have been kept for jobs that start only
// with other workers, which are not ready. Workers that were asked to leave because of that
// are noted as long as nothing else calls them back.
func watchKept(r round, need demand.Demand, m Memory) Memory {
	before := m.Kept
	m.Kept = map[string]time.Time{}
	waiting := map[string]int{}
	for _, p := range need.Placements {
		waiting[p.Worker] += p.Count - p.Elsewhere
	}
	for _, w := range r.fleet.Workers {
		if starting, has := waiting[w.Name]; !has || starting > 0 || w.Phase != fleet.Idle && w.Phase != fleet.Leaving {
			continue
		}
		since, known := before[w.Name]
		if !known {
			since = r.now
		}
		m.Kept[w.Name] = since
	}
	return m
}

// keeping returns for how many waiting jobs a free worker stays. Jobs that lack workers
// which are still to be made keep it for a limited time only: they may never get them, and
// a job that gets them gets all anew.
func keeping(r round, need demand.Demand, m Memory, w fleet.Worker) int {
	jobs := need.On(w.Name)
	since, kept := m.Kept[w.Name]
	if kept && r.now.Sub(since) >= keptFor(r.policy) && need.Lack(w.Name) >= jobs {
		return 0
	}
	return jobs
}
