package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// observe joins what was read into a fleet. It notes when servers were seen first,
// when workers were in the pool and had jobs, how long they took to join, and ends
// the pauses that workers which came up have proved needless.
func observe(facts Facts, p Policy, m Memory, now time.Time) (round, Memory) {
	r := newRound(facts, p, learnedTimeouts(p, m.Joins), now)
	r.ready = ready(facts, now)
	m.FirstSeen = firstSeen(facts.Cluster.Nodes, m, now)
	m.Breakers = unforgotten(m.Breakers, now)
	m = followPosted(facts.Cluster.Nodes, m, now)
	m = readied(facts, r.ready, m, now)
	m.LastInPool, m.LastBusy, m.Joins = copied(m.LastInPool), copied(m.LastBusy), copied(m.Joins)
	r.fleet = fleet.Join(facts.Cluster, facts.Queue, fleet.Clock{
		Now: now, JoinTimeout: p.JoinTimeout, Learned: r.timeouts,
		WatchedFrom: m.WatchedFrom, LastInPool: m.LastInPool, FirstSeen: m.FirstSeen,
		Enrolled: enrolledAt(m), LateAt: m.LateAt, Doomed: doomed(m.Asked, now), Expected: m.Posted,
	})
	believeAmounts(&r.fleet, facts)
	for i := range r.fleet.Workers {
		w := &r.fleet.Workers[i]
		if w.Jobs > 0 {
			m.LastBusy[w.Name] = now
		}
		if !w.InPool {
			continue
		}
		w.Pool.IdleSince = latest(w.Pool.IdleSince, m.LastBusy[w.Name], m.FirstSeen[w.Node.ID])
		if w.Phase == fleet.Foreign {
			continue
		}
		endPauses(m.Breakers, *w)
		if join, ok := joined(r, *w, m); ok {
			m.Joins[w.Group] = withJoin(m.Joins[w.Group], join)
		}
		m.LastInPool[w.Name] = now
	}
	return r, m
}

// latest returns the latest of the times. The report by which a batch system says
// that a worker became empty may carry the time of an earlier change; the right one
// comes with the next. So what the scaler has seen counts as well.
func latest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(first) {
			first = t
		}
	}
	return first
}

// firstSeen returns when each server was seen first. Cloud, pool and scaler have a
// clock each: what began while the scaler watched is timed by the scaler's clock, and
// only the rest, whose time is zero, by the others.
func firstSeen(nodes cluster.Nodes, m Memory, now time.Time) map[string]time.Time {
	if m.WatchedFrom.IsZero() {
		return m.FirstSeen
	}
	firstRound, out := m.FirstSeen == nil, map[string]time.Time{}
	for _, n := range nodes {
		at, known := m.FirstSeen[n.ID]
		if !known && !firstRound {
			at = now
		}
		out[n.ID] = at
	}
	return out
}
