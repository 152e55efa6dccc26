package demand

import (
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// gangs packs jobs each of which runs on several workers at once.
func (p *packing) gangs(g *queue.JobGroup) {
	for packed := range g.Count {
		if found := p.gang(g); found < nodes(g) {
			// The next ones ask for the same and find no more.
			why, never := p.whyNoGang(g, found)
			p.unmet(g, g.Count-packed, why, never)
			return
		}
	}
}

// gang packs one job onto as many workers as it runs on, or onto none. It returns
// how many it found.
func (p *packing) gang(g *queue.JobGroup) (found int) {
	team := p.team(g)
	found = len(team)
	news := map[int]int{} // new workers by group
	for found < nodes(g) {
		i := p.best(g, 1)
		if i < 0 {
			break
		}
		n := min(nodes(g)-found, p.groups[i].Room)
		p.groups[i].Room -= n
		news[i] += n
		found += n
	}
	for i, n := range news {
		p.groups[i].Room += n
	}
	if found < nodes(g) {
		return found
	}
	for i := range p.groups { // in their order: the result must not depend on chance
		for range news[i] {
			team = append(team, len(p.bins))
			p.open(i, 1)
		}
	}
	p.enlist(g, team)
	return found
}

// team returns the bins that one of the jobs can start on now, at most as many as
// it runs on.
func (p *packing) team(g *queue.JobGroup) []int {
	var team []int
	for i := p.room.next(0, g.Asks); i >= 0 && len(team) < nodes(g); i = p.room.next(i+1, g.Asks) {
		if count, _ := p.fitting(&p.bins[i], g, 1); count > 0 {
			team = append(team, i)
		}
	}
	return team
}

// enlist packs one job onto all bins of a team. The job counts at the last one: bins
// are in the order in which they are ready.
func (p *packing) enlist(g *queue.JobGroup, team []int) {
	for k, i := range team {
		b := &p.bins[i]
		_, takes := fits(b.free, g, 1)
		p.occupy(i, g, takes, 1)
		last := k == len(team)-1
		switch {
		case b.worker != "" && last:
			p.d.Placements = append(p.d.Placements, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: 1})
		case b.worker != "":
			p.d.Placements = append(p.d.Placements, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: 1, Elsewhere: 1})
		case last:
			p.isFor(b.group, g, 1)
		}
	}
}

// whyNoGang says why a job finds too few workers, and whether there can never be
// enough.
func (p *packing) whyNoGang(g *queue.JobGroup, found int) (why reason.Reason, never bool) {
	most, strangers := 0, 0
	var names []string
	var full []reason.Reason
	for i := range p.every {
		group := &p.every[i]
		if v, _ := p.verdict(group, g); v == atMax {
			most += group.Max
			names = append(names, group.Name)
			full = append(full, groupAtMax(group))
		}
	}
	for i := range p.bins {
		if p.bins[i].phase == fleet.Foreign {
			strangers++
		}
	}
	switch {
	case len(full) == 0:
		return p.whyNot(g)
	case most+strangers < nodes(g):
		return reason.New(reason.GangTooLarge, reason.Count("nodes", nodes(g)), reason.Names("groups", names...), reason.Count("max", most)), true
	}
	return reason.New(reason.GangTooFew, reason.Count("nodes", nodes(g)), reason.Count("found", found), reason.Why("groups", full...)), false
}
