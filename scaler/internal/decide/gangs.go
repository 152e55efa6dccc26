package decide

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// growth is the new workers of one round in the making. A gang, the new workers that
// one job needs at once, is made whole or not at all.
type growth struct {
	r      round
	wishes map[string]wish
	gangs  []demand.Gang
	state  []gangState // of each gang
	left   left
	// forGangs is how many new workers each group gets for gangs.
	forGangs map[string]int
}

type gangState byte

const (
	undecided gangState = iota
	made
	putOff
)

// serve returns how many new workers a group gets, for gangs and for other needs, why,
// and why not more.
func (g *growth) serve(group string) (n int, why reason.Reason, notes []reason.Reason) {
	w := g.wishes[group]
	share, notes := g.serveGangs(group)
	if w.gate.probe != nil {
		share = 0 // one worker is tried before the others, also before a gang's
	}
	forGangs := g.forGangs[group]
	n, why = max(w.jobs-share, 0), w.why
	if w.least-forGangs > n {
		n, why = w.least-forGangs, w.whyLeast
	}
	n, limits := g.left.limit(g.r, group, min(n, max(0, w.room-forGangs)), w.gate, w.freed)
	g.left = g.left.after(g.r.facts.Sizes[group], n)
	if forGangs > 0 && n == 0 && len(limits) == 0 {
		limits = w.gate.avoided()
	}
	return forGangs + n, why, slices.Concat(notes, limits)
}

// serveGangs decides on the gangs that need workers of a group. Share is how many they
// need of it together.
func (g *growth) serveGangs(group string) (share int, notes []reason.Reason) {
	put, first := 0, reason.Reason{}
	for i, gang := range g.gangs {
		if gang.New[group] == 0 {
			continue
		}
		share += gang.New[group]
		if why := g.offer(i); !why.IsZero() {
			if put++; put == 1 {
				first = why
			}
		}
	}
	if put > 0 {
		notes = append(notes, reason.New(reason.GangsPutOff, reason.Count("jobs", put), reason.Why("why", first)))
	}
	return share, notes
}

// offer decides on a gang that is not decided, and returns why it is put off; zero
// where it is made, or where a note on one of its groups says why it is not.
func (g *growth) offer(i int) reason.Reason {
	if g.state[i] != undecided {
		return reason.Reason{}
	}
	g.state[i] = putOff
	gang := g.gangs[i]
	for _, earlier := range gang.After {
		if why := g.offer(earlier); g.state[earlier] != made {
			return why
		}
	}
	left := g.left.forGang(g.r.policy, gang)
	for _, group := range slices.Sorted(maps.Keys(gang.New)) {
		w, n := g.wishes[group], gang.New[group]
		if w.jobs == 0 || w.gate.probe != nil || g.forGangs[group]+n > w.room {
			return reason.Reason{}
		}
		may, why := left.limit(g.r, group, n, w.gate, w.freed)
		if may < n {
			return why[len(why)-1]
		}
		left = left.after(g.r.facts.Sizes[group], n)
	}
	for group, n := range gang.New {
		g.forGangs[group] += n
	}
	g.state[i], g.left = made, left
	return reason.Reason{}
}

// forGang returns what is left for a gang. A gang of more workers than a round may
// make gets a round of its own: it would never be made otherwise.
func (l left) forGang(p Policy, gang demand.Gang) left {
	workers := 0
	for _, n := range gang.New {
		workers += n
	}
	if l.create == p.mostNew() {
		l.create = max(l.create, workers)
	}
	return l
}
