package decide

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// drainAndUndrain has the queue's program drain the workers that are marked to leave, after
// this decision, and undrain those that are not, until the pool shows it. The marks in the
// document are what counts, so a scaler that is started anew goes on.
func drainAndUndrain(r round, decided Decision, m Memory) (Decision, Memory) {
	var d Decision
	if !r.drains() {
		return d, m
	}
	m.Ours, m.Tried = copied(m.Ours), copied(m.Tried)
	for _, w := range r.fleet.Workers {
		if w.Phase == fleet.Vanished || w.Phase == fleet.Foreign || w.Phase == fleet.Deleting {
			continue
		}
		switch marked := w.Mark != cluster.Stays; {
		case marked && !has(decided.Undrain, w.Name) || has(decided.Drain, w.Name):
			m.Ours[w.Name] = true
			delete(m.Tried, w.Name)
			if w.InPool && !w.Pool.Draining {
				d.Close = append(d.Close, stepOf(w, reason.New(reason.MarkedByUs)))
			}
		case marked: // it is called back: a drain of the last round may not show yet
			m.Ours[w.Name] = true
			if w.InPool {
				d.Open = append(d.Open, stepOf(w, reason.New(reason.DrainsUnmarked)))
			}
		case !w.InPool:
		case !w.Pool.Draining:
			delete(m.Ours, w.Name)
			delete(m.Tried, w.Name)
		case opens(r, m, w):
			d.Open = append(d.Open, stepOf(w, reason.New(reason.DrainsUnmarked)))
		}
	}
	return d, m
}

// opens reports whether a worker that drains without a mark is undrained: one that was
// marked in this scaler's time, until the pool shows it open, and any other one once. An
// earlier scaler may have ended before it undrained the worker; the program undrains none
// that somebody else has drained.
func opens(r round, m Memory, w fleet.Worker) bool {
	return r.drains() && w.InPool && w.Pool.Draining && w.Mark == cluster.Stays && !m.Tried[w.Name]
}

// Undrained returns the memory after the queue's program has undrained a worker.
func (m Memory) Undrained(worker string) Memory {
	if !m.Ours[worker] {
		m.Tried = copied(m.Tried)
		m.Tried[worker] = true
	}
	return m
}

// Forgets reports whether the queue's program is told which workers are gone for good.
func Forgets(s queue.Snapshot) bool { return s.Traits.Does(queue.ActionForget) }

func has(steps []Step, worker string) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Worker == worker })
}
