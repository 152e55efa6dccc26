package demand

import (
	"slices"
	"strings"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// whyNot is why jobs get no worker, for all jobs with the same verdicts of all groups.
type whyNot struct {
	own     int // reasons so far with the jobs' own numbers
	general reason.Reason
	never   bool
}

// mostOwn bounds the reasons with the jobs' own numbers. A queue in which each job
// asks for something else would have thousands.
const mostOwn = 20

// verdict is why a group gets no new worker for a job.
type verdict byte

const (
	atMax    verdict = 'f'
	unknown  verdict = '?'
	tooSmall verdict = 'u' // by an amount
	unsuited verdict = 'r' // by requirements
	notAsked verdict = '-' // the job asks for another one
)

// longestGroup bounds the name of a group that the cluster does not have, in characters.
const longestGroup = 60

// refusals says why jobs get no worker.
type refusals struct {
	match   *matcher
	every   []Group // all groups in the scaler's charge, in the order of names
	kinds   map[string]Kind
	fresh   []bin        // a new worker of each group that was asked about
	there   func() []bin // the workers that exist
	reasons map[string]*whyNot
}

func newRefusals(match *matcher, in Input) *refusals {
	every := slices.SortedStableFunc(slices.Values(slices.Concat(in.Groups, in.Beside)), func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	there := sync.OnceValue(func() []bin { return match.existing(in) })
	return &refusals{match: match, every: every, kinds: in.Kinds, there: there, reasons: map[string]*whyNot{}}
}

// whyNot says why no group gets a new worker for a job, and whether none ever
// could.
func (r *refusals) whyNot(g *queue.JobGroup) (why reason.Reason, never bool) {
	if len(r.every) == 0 {
		return reason.New(reason.NoGroupInCharge), false
	}
	key := make([]byte, 0, len(r.every)+len(g.Group)+16)
	own := false // the reason can have the jobs' own numbers
	for i := range r.every {
		v, what := r.verdict(&r.every[i], g)
		key = append(append(key, byte(v)), what...)
		own = own || v == tooSmall || v == unsuited
	}
	if own && r.isThere(g) {
		key = append(key, '!')
	}
	key = append(key, g.Group...)
	w := r.reasons[string(key)]
	if w == nil {
		w = &whyNot{}
		w.general, w.never = r.reason(g, false)
		r.reasons[string(key)] = w
	}
	if !own || w.own >= mostOwn {
		return w.general, w.never
	}
	w.own++
	why, _ = r.reason(g, true)
	return why, w.never
}

// verdict returns why a group gets no new worker for a job, and the name of the amount
// that is too small.
func (r *refusals) verdict(group *Group, g *queue.JobGroup) (verdict, string) {
	switch {
	case g.Group != "" && g.Group != group.Name:
		return notAsked, ""
	case group.Kind.Shape == (queue.Shape{}):
		return unknown, ""
	case group.Kind.Shape.Holds(g.Asks, 1) == 0:
		return tooSmall, group.Kind.Shape.Lacking(g.Asks)
	case r.lacksNew(group, g) != "":
		return unsuited, ""
	}
	return atMax, ""
}

// lacksNew is lacks for a new worker of a group.
func (r *refusals) lacksNew(group *Group, g *queue.JobGroup) string {
	for i := range r.fresh {
		if r.fresh[i].group == group.Name {
			return r.match.lacks(&r.fresh[i], g)
		}
	}
	b := r.match.newWorker(*group)
	r.fresh = append(r.fresh, b)
	return r.match.lacks(&b, g)
}

// reason combines the verdicts of all groups, with the job's own numbers or without.
func (r *refusals) reason(g *queue.JobGroup, own bool) (why reason.Reason, never bool) {
	var full, unfit []reason.Reason
	var unknowns []string
	asked := false
	for i := range r.every {
		group := &r.every[i]
		v, what := r.verdict(group, g)
		asked = asked || v != notAsked
		switch v {
		case notAsked:
		case unknown:
			unknowns = append(unknowns, group.Name)
		case tooSmall:
			unfit = append(unfit, groupTooSmall(group, g, what, own))
		case unsuited:
			unfit = append(unfit, r.groupUnsuited(group, g, own))
		case atMax:
			full = append(full, groupAtMax(group))
		}
	}
	_, there := r.kinds[g.Group]
	switch {
	case !asked && !there:
		return reason.New(reason.GroupNotInCluster, reason.Name("group", text.Line(g.Group, longestGroup))), true
	case !asked:
		return reason.New(reason.GroupNotInCharge, reason.Name("group", g.Group)), false
	case len(full) > 0:
		return reason.New(reason.GroupsAtMax, reason.Why("groups", full...)), false
	case len(unknowns) > 0:
		return reason.New(reason.SizeNotKnown, reason.Names("groups", unknowns...)), false
	case r.isThere(g):
		return reason.New(reason.OnlyCertainWorkers, reason.Why("why", unfit...)), false
	case g.Group != "":
		return reason.New(reason.AskedGroupNeverFits, reason.Why("why", unfit...)), true
	}
	return reason.New(reason.NoGroupEverFits, reason.Why("why", unfit...)), true
}

// isThere reports whether jobs demand certain workers, and one of these exists: they wait
// for it, and not for a new one.
func (r *refusals) isThere(g *queue.JobGroup) bool {
	return g.Requires != nil && g.Requires.Personal && slices.ContainsFunc(r.there(), func(b bin) bool {
		return (g.Group == "" || g.Group == b.group) && r.match.lacks(&b, g) == ""
	})
}

func groupAtMax(group *Group) reason.Reason {
	return reason.New(reason.GroupAtMax, reason.Name("group", group.Name), reason.Count("max", group.Max))
}

// groupUnsuited returns the reason that a group's workers do not meet the requirements.
func (r *refusals) groupUnsuited(group *Group, g *queue.JobGroup, own bool) reason.Reason {
	unmet := "their requirements"
	if own {
		unmet = r.lacksNew(group, g)
	}
	return reason.New(reason.RequirementsUnmet, reason.Name("group", group.Name), reason.Text("requirement", unmet))
}

// groupTooSmall returns the reason that a group's workers have too little of an amount.
func groupTooSmall(group *Group, g *queue.JobGroup, what string, own bool) reason.Reason {
	code, amount := reason.WorkerTooSmall, reason.Count
	asked, has := g.Asks.Amount(what), group.Kind.Shape.Amount(what)
	switch {
	case what != "memory" && what != "disk":
	case own && reason.MiB(asked).String() == reason.MiB(has).String():
		code = reason.WorkerJustTooSmall // only all of the digits show the difference
	default:
		amount = reason.Amount
	}
	args := []reason.Argument{reason.Name("group", group.Name), reason.Name("what", what), amount("has", has)}
	if own {
		args = append(args, amount("asked", asked))
	}
	if group.Kind.Guess {
		args = append(args, reason.Name("known_by", "flavor"))
	}
	return reason.New(code, args...)
}

// manyUnmet is the number of unmet job groups from which on there is room for all.
const manyUnmet = 1000
