package demand

import (
	"fmt"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// reason is why jobs get no worker, of which the same is true in all groups.
type reason struct {
	told    int // with the jobs' own numbers
	general string
	never   bool
}

// mostTold is how many kinds of jobs get a reason with numbers of their own. Of a
// queue in which each job asks for something else nobody could read thousands.
const mostTold = 20

// verdict is why a group gets no new worker for a job.
type verdict byte

const (
	full    verdict = 'f'
	unknown verdict = '?'
	unfit   verdict = 'u' // by an amount
	averse  verdict = 'r' // by requirements
	other   verdict = '-' // the job asks for another one
)

// whyNot says why no group gets a new worker for a job, and whether none ever
// could.
func (p *packing) whyNot(g *queue.JobGroup) (why string, never bool) {
	groups := p.every
	if len(groups) == 0 {
		return "no worker group is in this scaler's charge", false
	}
	key := make([]byte, 0, len(groups)+len(g.Group)+16)
	own := false // the reason has numbers of the job's
	for i := range groups {
		v, what := p.verdict(&groups[i], g)
		key = append(append(key, byte(v)), what...)
		own = own || v == unfit || v == averse
	}
	key = append(key, g.Group...)
	r := p.reasons[string(key)]
	if r == nil {
		r = &reason{}
		r.general, r.never = p.text(groups, g, false)
		p.reasons[string(key)] = r
	}
	if !own || r.told >= mostTold {
		return r.general, r.never
	}
	r.told++
	why, _ = p.text(groups, g, true)
	return why, r.never
}

// verdict tells why a group gets no new worker for a job, and of an amount which.
func (p *packing) verdict(group *Group, g *queue.JobGroup) (verdict, string) {
	switch {
	case g.Group != "" && g.Group != group.Name:
		return other, ""
	case group.Kind.Shape == (queue.Shape{}):
		return unknown, ""
	case group.Kind.Shape.Holds(g.Asks, 1) == 0:
		return unfit, group.Kind.Shape.Lacking(g.Asks)
	case p.lacksNew(group, g) != "":
		return averse, ""
	}
	return full, ""
}

// lacksNew is lacks for a new worker of a group.
func (p *packing) lacksNew(group *Group, g *queue.JobGroup) string {
	for i := range p.fresh {
		if p.fresh[i].group == group.Name {
			return p.lacks(&p.fresh[i], g)
		}
	}
	b := p.newWorker(*group)
	p.fresh = append(p.fresh, b)
	return p.lacks(&b, g)
}

// text writes the reason down, with the job's own numbers or in general.
func (p *packing) text(groups []Group, g *queue.JobGroup, own bool) (why string, never bool) {
	var fulls, unknowns, unfits []string
	asked := false
	for i := range groups {
		group := &groups[i]
		v, what := p.verdict(group, g)
		asked = asked || v != other
		switch v {
		case other:
		case unknown:
			unknowns = append(unknowns, group.Name)
		case unfit:
			text := group.Kind.Shape.Bound(what)
			if own {
				text = group.Kind.Shape.Missing(g.Asks)
			}
			text += " of group " + group.Name
			if group.Kind.Guess {
				text += " (by its flavor, none was seen yet)"
			}
			unfits = append(unfits, text)
		case averse:
			text := "their requirements"
			if own {
				text = p.lacksNew(group, g)
			}
			unfits = append(unfits, fmt.Sprintf("workers of group %s do not meet %s", group.Name, text))
		case full:
			fulls = append(fulls, fmt.Sprintf("group %s is at its max of %d", group.Name, group.Max))
		}
	}
	switch _, there := p.kinds[g.Group]; {
	case !asked && !there:
		return fmt.Sprintf("they ask for group %s, which the cluster does not have", g.Group), true
	case !asked:
		return fmt.Sprintf("they ask for group %s, which is not in this scaler's charge", g.Group), false
	case len(fulls) > 0:
		return strings.Join(fulls, ", "), false
	case len(unknowns) > 0:
		return "the size of a worker is not known yet in group " + strings.Join(unknowns, ", "), false
	case g.Group != "":
		return "the group that they ask for can never run them: " + strings.Join(unfits, "; "), true
	}
	return "no group can ever run them: " + strings.Join(unfits, "; "), true
}

func (p *packing) unmet(g *queue.JobGroup, n int, why string, never bool) {
	p.d.Unmet = append(p.d.Unmet, Unmet{Key: g.Key, Count: n, First: g.First, Why: why, Never: never})
}
