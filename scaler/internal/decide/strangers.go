package decide

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Stranger is what is remembered of a worker in the pool that is not the
// cluster's.
type Stranger struct {
	Offered time.Time `json:"offered,omitzero"` // since when there have been waiting jobs that fit it
	Refused time.Time `json:"refused,omitzero"` // since when it is known not to take them; zero: it may
	Running int       `json:"running"`          // jobs on it at the last reading
}

// refusing returns the strangers that do not count: jobs that fit them were left
// waiting for longer than the first-job grace. A machine that is kept for others,
// or takes jobs at night only, shows in the pool like any other. One that starts
// a job counts again.
func (t *tick) refusing() map[string]bool {
	out := map[string]bool{}
	for _, w := range t.fleet.Workers {
		s, known := t.m.Strangers[w.Name]
		if !known || w.Phase != fleet.Foreign {
			continue
		}
		if w.Pool.Running > s.Running || !s.Refused.IsZero() && t.now.Sub(s.Refused) >= passedOverFor {
			delete(t.m.Strangers, w.Name)
			continue
		}
		if !s.Refused.IsZero() {
			out[w.Name] = true
			t.d.note(w.Name, reason.New(reason.StrangerRefuses, reason.Span("left", passedOverFor-t.now.Sub(s.Refused))))
		}
	}
	return out
}

// watchStrangers notes for how long jobs have waited that strangers have room for.
func (t *tick) watchStrangers() {
	oldest := t.oldest()
	strangers := map[string]Stranger{}
	for _, w := range t.fleet.Workers {
		if w.Phase != fleet.Foreign {
			continue
		}
		s := t.m.Strangers[w.Name]
		s.Running = w.Pool.Running
		if s.Refused.IsZero() {
			if t.demand.On(w.Name) == 0 {
				continue
			}
			if s.Offered.IsZero() {
				s.Offered = t.offeredSince(w.Pool, w.Name, oldest)
			}
			if t.now.Sub(s.Offered) >= t.p.FirstJobGrace {
				s.Refused = t.now
			}
		}
		strangers[w.Name] = s
	}
	t.m.Strangers = strangers
}

// offeredSince is when a job began to wait beside a free stranger. A scaler that
// has not watched goes by the ages of both.
func (t *tick) offeredSince(w queue.Worker, name string, oldest map[string]time.Time) time.Time {
	if !t.m.WatchedFrom.IsZero() || w.Running > 0 {
		return t.now
	}
	var first []time.Time
	for _, p := range t.demand.Placements {
		if p.Worker == name {
			first = append(first, oldest[p.Key])
		}
	}
	return slices.MaxFunc([]time.Time{slices.MinFunc(first, time.Time.Compare), w.IdleSince}, time.Time.Compare)
}
