package decide

import (
	"math"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// What a group's workers need from their creation to the pool is learned from
// those that came.
const (
	leastJoins       = 3               // before that, Policy.JoinTimeout holds
	mostJoins        = 100             // the latest ones count
	joinFactor       = 4               // times the 95th percentile
	leastJoinTimeout = 5 * time.Minute // however fast they come
)

// Join is how long a worker took from its creation to the pool.
type Join struct {
	Server string        `json:"server"`
	Took   time.Duration `json:"took_ns"`
}

// joinTimeouts returns the join timeout of each group where it is learned.
func (t *tick) joinTimeouts() map[string]time.Duration {
	out := map[string]time.Duration{}
	if !t.p.LearnJoin {
		return out
	}
	for group, joins := range t.m.Joins {
		if len(joins) >= leastJoins {
			out[group] = max(leastJoinTimeout, joinFactor*percentile95(joins)).Round(time.Second)
		}
	}
	return out
}

// percentile95 is the least of the times that 95 % of the workers did not exceed.
func percentile95(joins []Join) time.Duration {
	took := make([]time.Duration, 0, len(joins))
	for _, j := range joins {
		took = append(took, j.Took)
	}
	slices.Sort(took)
	return took[int(math.Ceil(0.95*float64(len(took))))-1]
}

// joinTimeout returns the timeout that holds for a group's new workers.
func (t *tick) joinTimeout(group string) time.Duration {
	if learned, ok := t.joins[group]; ok {
		return learned
	}
	return t.p.JoinTimeout
}

// absence returns for how long a worker has been out of the pool, and its timeout,
// as arguments of a reason.
func (t *tick) absence(w fleet.Worker) []reason.Argument {
	out := []reason.Argument{reason.Span("absent", t.now.Sub(w.AbsentSince)), reason.Span("limit", w.Timeout)}
	if w.Timeout != t.p.JoinTimeout {
		out = append(out, reason.Name("origin", "learned"))
	}
	return out
}

// learnJoin notes how long a worker took that is in the pool. The server's
// creation stands in the cloud and its daemon's start in the pool, so a scaler
// that was restarted learns from all that are there. A daemon that was started
// again says nothing: a worker that was late by more than its timeout is none
// that joined then.
func (t *tick) learnJoin(w fleet.Worker) {
	joined := w.Pool.Started
	if joined.IsZero() || w.Node.Created.IsZero() || w.Orphan {
		return
	}
	took := joined.Sub(w.Node.Created)
	if born := t.m.Born[w.Node.ID]; !born.IsZero() { // it came before our eyes, and others' clocks may differ
		if !t.m.Seen[w.Name].Before(born) {
			return
		}
		took = max(took, t.now.Sub(born))
	}
	known := t.m.Joins[w.Group]
	if took <= 0 || took > max(t.p.JoinTimeout, t.joinTimeout(w.Group)) || slices.ContainsFunc(known, func(j Join) bool { return j.Server == w.Node.ID }) {
		return
	}
	// Memory is shared with the tick before: append may not write into it.
	known = append(slices.Clip(known), Join{Server: w.Node.ID, Took: took})
	t.m.Joins[w.Group] = known[max(0, len(known)-mostJoins):]
}
