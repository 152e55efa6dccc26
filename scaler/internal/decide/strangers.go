package decide

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Stranger is what is remembered of a worker in the pool that is not the
// cluster's.
type Stranger struct {
	Offered time.Time `json:"offered,omitzero"` // since when there have been waiting jobs that fit it
	Refused time.Time `json:"refused,omitzero"` // since when it is known not to take them; zero: it may
	Running int       `json:"running"`          // jobs on it at the last reading
}

// refusing are the strangers that do not count as capacity.
type refusing struct {
	ignored map[string]bool
	notes   Decision
}

// refusingStrangers returns the strangers that do not count: jobs that fit them were
// left waiting for longer than the first-job grace. A machine that is kept for others,
// or takes jobs at night only, shows in the pool like any other. One that starts
// a job counts again.
func refusingStrangers(r round, m Memory) (refusing, Memory) {
	out := refusing{ignored: map[string]bool{}}
	m.Strangers = copied(m.Strangers)
	for _, w := range r.fleet.Workers {
		s, known := m.Strangers[w.Name]
		if !known || w.Phase != fleet.Foreign {
			continue
		}
		left := passedOverFor - r.now.Sub(s.Refused)
		if w.Pool.Running > s.Running || !s.Refused.IsZero() && left <= 0 {
			delete(m.Strangers, w.Name)
			continue
		}
		if !s.Refused.IsZero() {
			out.ignored[w.Name] = true
			out.notes.note(w.Name, reason.New(reason.StrangerRefuses, reason.Span("left", left)))
		}
	}
	return out, m
}

// watchStrangers notes for how long jobs have waited that strangers have room for.
func watchStrangers(r round, need demand.Demand, m Memory) Memory {
	oldest := oldest(r, need, m)
	strangers := map[string]Stranger{}
	for _, w := range r.fleet.Workers {
		if w.Phase != fleet.Foreign {
			continue
		}
		s := m.Strangers[w.Name]
		s.Running = w.Pool.Running
		if s.Refused.IsZero() {
			if need.StartsOn(w.Name) == 0 {
				continue
			}
			if s.Offered.IsZero() {
				s.Offered = offeredSince(r, need, m, w, oldest)
			}
			if r.now.Sub(s.Offered) >= r.policy.FirstJobGrace {
				s.Refused = r.now
			}
		}
		strangers[w.Name] = s
	}
	m.Strangers = strangers
	return m
}

// offeredSince returns when a job began to wait beside a free stranger. A scaler that
// has not watched goes by the ages of both.
func offeredSince(r round, need demand.Demand, m Memory, stranger fleet.Worker, oldest map[string]time.Time) time.Time {
	if !m.WatchedFrom.IsZero() || stranger.Pool.Running > 0 {
		return r.now
	}
	var queued []time.Time
	for _, p := range need.Placements {
		if p.Worker == stranger.Name && p.Count > p.Elsewhere {
			queued = append(queued, oldest[p.Key])
		}
	}
	return latest(slices.MinFunc(queued, time.Time.Compare), stranger.Pool.IdleSince)
}
