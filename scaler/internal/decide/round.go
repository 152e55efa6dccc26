package decide

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// round is what all concerns of one round go by. It does not change once it is made.
type round struct {
	facts  Facts
	policy Policy   // that holds now, with the cluster's own bounds
	others Decision // notes on groups that the actuator can't change
	now    time.Time
	fleet  fleet.Fleet
	ready  map[string]bool // names of workers that can go into the roster now

	timeouts map[string]time.Duration // learned join timeouts, by group
	managed  []string                 // groups in the scaler's charge that the cluster has, in order
	// unsafe says why nothing may be concluded from what is not there; zero means
	// that the facts are whole.
	unsafe reason.Reason
}

func newRound(facts Facts, p Policy, timeouts map[string]time.Duration, now time.Time) round {
	r := round{facts: facts, policy: p.At(now).For(facts.Cluster.Document.Groups), now: now, timeouts: timeouts}
	r.others = explainCharge(p, facts.Cluster.Document.Groups).and(explainNarrowed(p.At(now).Groups, r.policy.Groups, facts.Cluster.Document.Groups))
	for _, name := range slices.Sorted(maps.Keys(r.policy.Groups)) {
		if _, ok := facts.Cluster.Document.Groups[name]; ok {
			r.managed = append(r.managed, name)
		}
	}
	r.unsafe = unsafe(facts, r.policy, now)
	return r
}

// unsafe returns why nothing may be concluded from what is not in the facts.
func unsafe(f Facts, p Policy, now time.Time) reason.Reason {
	q := f.Queue
	if len(q.Partial) > 0 {
		return reason.New(reason.FactsPartial, reason.Text("parts", strings.Join(q.Partial, "; ")))
	}
	if age := now.Sub(q.PoolSince); age < p.PoolSettle {
		return reason.New(reason.DirectoryYoung, reason.Name("directory", q.Traits.DirectoryName()), reason.Span("age", age), reason.Span("limit", p.PoolSettle))
	}
	return reason.Reason{}
}

// manages reports whether a group is in the scaler's charge.
func (r round) manages(group string) bool { return slices.Contains(r.managed, group) }

// whole reports whether something may be concluded from what is not in the facts.
func (r round) whole() bool { return r.unsafe.IsZero() }

// drains reports whether the scaler itself drains the workers, and not the front-end.
func (r round) drains() bool { return r.facts.Queue.Traits.Does(queue.ActionDrain) }

// undrained reports whether nothing keeps jobs from a worker that is asked to leave: the
// front-end of a cluster without a batch system calls each worker drained at once.
func (r round) undrained() bool {
	return !r.drains() && r.facts.Cluster.Document.BatchSystem == cluster.BatchNone
}

// idle returns how long a worker has run nothing.
func (r round) idle(w fleet.Worker) time.Duration { return r.now.Sub(w.Pool.IdleSince) }

// absent returns how long a worker has been out of the pool.
func (r round) absent(w fleet.Worker) time.Duration { return r.now.Sub(w.AbsentSince) }

// age returns how long a server has existed, by the scaler's own clock where it came
// while the scaler watched.
func (r round) age(n cluster.Node, firstSeen map[string]time.Time) time.Duration {
	if at := firstSeen[n.ID]; !at.IsZero() {
		return r.now.Sub(at)
	}
	return r.now.Sub(n.Created)
}

// newest returns when the group's newest server was made, by the cloud's clock, so
// that a restart of the scaler makes no difference.
func (r round) newest(group string) time.Time {
	var newest time.Time
	for _, w := range r.fleet.Group(group) {
		if w.Node.Created.After(newest) {
			newest = w.Node.Created
		}
	}
	return newest
}

// zones returns the availability zones that a group names.
func (r round) zones(group string) []string { return r.facts.Cluster.Document.Groups[group].Zones }

// staying returns how many of a group's workers are capacity and not on their way out.
func (r round) staying(group string) int {
	return r.fleet.Count(group, fleet.Idle, fleet.Busy, fleet.Booting, fleet.Closed)
}
