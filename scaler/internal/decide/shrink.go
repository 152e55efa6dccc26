package decide

import (
	"cmp"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// shrink asks idle workers to leave: first those whose server is broken, then
// those that never had a job, then the longest idle. Recalled are workers that stay
// although they were asked to leave.
func shrink(r round, need demand.Demand, recalled []Step, m Memory) Decision {
	var d Decision
	var idle []fleet.Worker
	staying := map[string]int{}
	for _, w := range r.fleet.Workers {
		if !r.manages(w.Group) {
			continue
		}
		switch w.Phase {
		case fleet.Idle, fleet.Busy, fleet.Booting:
			staying[w.Group]++
			if w.Node.Broken() {
				d.note(w.Name, reason.New(reason.BrokenButInPool))
			}
		case fleet.Closed:
			if opens(r, m, w) {
				continue
			}
			d.note(w.Name, reason.New(reason.ClosedByOthers, reason.Name("state", w.Pool.State)))
		case fleet.Stopped:
			d.note(w.Name, reason.New(reason.ServerStopped, reason.Name("status", string(w.Node.Status))))
		}
		if w.Phase == fleet.Idle {
			idle = append(idle, w)
		}
	}
	for _, s := range recalled {
		staying[s.Group]++
	}
	slices.SortStableFunc(idle, leavesBefore)
	for _, w := range idle {
		grace := graceOf(r.policy, w)
		if code, arguments := stays(r, need, m, w, grace, staying[w.Group], len(d.Drain)); code != "" {
			d.note(w.Name, reason.New(code, slices.Concat([]reason.Argument{reason.Span("idle", r.idle(w))}, arguments)...))
			continue
		}
		staying[w.Group]--
		d.Drain = append(d.Drain, stepOf(w, whyLeaves(r, need, m, w, grace)))
	}
	return d
}

// whyLeaves returns why an idle worker is asked to leave.
func whyLeaves(r round, need demand.Demand, m Memory, w fleet.Worker, g grace) reason.Reason {
	if jobs := need.On(w.Name); jobs > 0 {
		return reason.New(reason.KeptLongEnough, reason.Span("idle", r.idle(w)), reason.Span("kept", r.now.Sub(m.Kept[w.Name])),
			reason.Span("limit", keptFor(r.policy)), reason.Count("jobs", jobs))
	}
	return reason.New(reason.IdleLongEnough, reason.Span("idle", r.idle(w)), reason.Name("setting", g.setting), reason.Span("limit", g.limit))
}

func leavesBefore(a, b fleet.Worker) int {
	rank := func(w fleet.Worker) int {
		switch {
		case w.Node.Broken():
			return 0
		case !w.Pool.RanBefore:
			return 1
		}
		return 2
	}
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		a.Pool.IdleSince.Compare(b.Pool.IdleSince),
		cluster.CompareNames(b.Name, a.Name),
	)
}

// grace is how long a worker may be idle, and the setting that says so.
type grace struct {
	setting string
	limit   time.Duration
}

func graceOf(p Policy, w fleet.Worker) grace {
	if !w.Pool.RanBefore && p.FirstJobGrace > p.IdleAfter {
		return grace{"first_job_grace", p.FirstJobGrace}
	}
	return grace{"idle_after", p.IdleAfter}
}

// stays returns why an idle worker is not asked to leave, with arguments beside the
// time for which it has been idle; "" where it is. Staying is how many workers its
// group has that are not on their way out, and leaving how many are asked to leave in
// this round.
func stays(r round, need demand.Demand, m Memory, w fleet.Worker, g grace, staying, leaving int) (reason.Code, []reason.Argument) {
	p, bounds := r.policy, r.policy.Groups[w.Group]
	waiting := keeping(r, need, m, w)
	arguments := func(a ...reason.Argument) []reason.Argument { return a }
	switch {
	case waiting > 0:
		return reason.IdleJobsFit, arguments(reason.Count("jobs", waiting))
	case r.idle(w) < g.limit:
		return reason.IdleNotLongEnough, arguments(reason.Name("setting", g.setting), reason.Span("limit", g.limit))
	case w.Node.Protected:
		return reason.IdleProtected, nil
	case r.undrained():
		return reason.IdleNoDrain, nil
	case staying <= bounds.Min:
		return reason.IdleAtMin, arguments(reason.Count("min", bounds.Min))
	case slices.Contains(need.Spares, w.Name):
		return reason.IdleSpare, arguments(reason.Count("spare", bounds.Spare))
	case !w.Listed:
		return reason.IdleNotListed, nil
	case !r.whole():
		return reason.IdleFactsUnsafe, arguments(reason.Why("why", r.unsafe))
	case p.InCooldown > 0 && r.now.Sub(r.newest(w.Group)) < p.InCooldown:
		return reason.IdleAfterNewest, arguments(reason.Span("newest", r.now.Sub(r.newest(w.Group))), reason.Span("cooldown", p.InCooldown))
	case r.now.Sub(m.LastLeft[w.Group]) < p.InCooldown:
		return reason.IdleAfterLastLeft, arguments(reason.Span("left", r.now.Sub(m.LastLeft[w.Group])), reason.Span("cooldown", p.InCooldown))
	case leaving >= p.MaxRemove:
		return reason.IdleAtMaxRemove, arguments(reason.Count("max_remove", p.MaxRemove))
	}
	return "", nil
}
