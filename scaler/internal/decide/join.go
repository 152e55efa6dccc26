package decide

import (
	"math"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// The time that a group's workers need from their creation to the pool is learned
// from those that came.
const (
	leastJoins       = 3               // with fewer, Policy.JoinTimeout holds
	mostJoins        = 100             // the latest ones count
	joinFactor       = 4               // times the 95th percentile
	leastJoinTimeout = 5 * time.Minute // however fast the workers come
)

// Join is how long a worker took from its creation to the pool.
type Join struct {
	Server string        `json:"server"` // ID
	Took   time.Duration `json:"took_ns"`
}

// learnedTimeouts returns the join timeout of each group for which it is learned.
func learnedTimeouts(p Policy, joins map[string][]Join) map[string]time.Duration {
	out := map[string]time.Duration{}
	if !p.LearnJoin {
		return out
	}
	for group, known := range joins {
		if len(known) >= leastJoins {
			out[group] = max(leastJoinTimeout, joinFactor*percentile95(known)).Round(time.Second)
		}
	}
	return out
}

// percentile95 returns the least of the times that 95 % of the workers did not exceed.
func percentile95(joins []Join) time.Duration {
	took := make([]time.Duration, 0, len(joins))
	for _, j := range joins {
		took = append(took, j.Took)
	}
	slices.Sort(took)
	return took[int(math.Ceil(0.95*float64(len(took))))-1]
}

// joinTimeout returns the timeout that holds for a group's new workers.
func (r round) joinTimeout(group string) time.Duration {
	if learned, ok := r.timeouts[group]; ok {
		return learned
	}
	return r.policy.JoinTimeout
}

// joinTimeouts returns the timeout of each managed group.
func (r round) joinTimeouts() map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, group := range r.managed {
		out[group] = r.joinTimeout(group)
	}
	return out
}

// absence returns for how long a worker has been out of the pool, and its timeout,
// as arguments of a reason.
func (r round) absence(w fleet.Worker) []reason.Argument {
	out := []reason.Argument{reason.Span("absent", r.absent(w)), reason.Span("limit", w.Timeout)}
	if w.Timeout != r.policy.JoinTimeout {
		out = append(out, reason.Name("origin", "learned"))
	}
	return out
}

// joined returns how long a worker took that is in the pool; ok is false where that
// is not known, or known already. The server's creation stands in the cloud and its
// daemon's start in the pool, so a scaler that was restarted learns from all workers
// there. A daemon that was started again says nothing: a worker that seems to be late
// by more than its timeout did not join then.
func joined(r round, w fleet.Worker, m Memory) (join Join, ok bool) {
	started := w.Pool.Started
	if started.IsZero() || w.Node.Created.IsZero() || w.Orphan {
		return Join{}, false
	}
	took := started.Sub(w.Node.Created)
	if at := m.FirstSeen[w.Node.ID]; !at.IsZero() { // it came while the scaler watched, and others' clocks may differ
		if !m.LastInPool[w.Name].Before(at) {
			return Join{}, false
		}
		took = max(took, r.now.Sub(at))
	}
	late := took > max(r.policy.JoinTimeout, r.joinTimeout(w.Group))
	known := slices.ContainsFunc(m.Joins[w.Group], func(j Join) bool { return j.Server == w.Node.ID })
	return Join{Server: w.Node.ID, Took: took}, took > 0 && !late && !known
}

// withJoin returns the joins with one more, in a slice of their own: the earlier
// memory has the other one.
func withJoin(joins []Join, more Join) []Join {
	joins = append(slices.Clip(joins), more)
	return joins[max(0, len(joins)-mostJoins):]
}
