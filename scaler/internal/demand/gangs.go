package demand

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// gangs packs jobs each of which runs on several workers at once.
func (p *packing) gangs(g *queue.JobGroup) {
	for packed := range g.Count {
		if found := p.gang(g); found < nodes(g) {
			// The next ones ask for the same and find no more.
			why, never := p.refuse.whyNoGang(g, found, p.foreign())
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

// foreign counts the workers from outside the cluster.
func (p *packing) foreign() int {
	n := 0
	for i := range p.bins {
		if p.bins[i].phase == fleet.Foreign {
			n++
		}
	}
	return n
}

// team returns the bins that one of the jobs can start on now, at most as many as
// it runs on.
func (p *packing) team(g *queue.JobGroup) []int {
	var team []int
	for i := p.room.next(0, g.Asks); i >= 0 && len(team) < nodes(g); i = p.room.next(i+1, g.Asks) {
		if count, _ := p.match.fitting(&p.bins[i], g, 1); count > 0 {
			team = append(team, i)
		}
	}
	return team
}

// enlist packs one job onto all bins of a team. The job counts at the last one: bins
// are in the order in which they are ready.
func (p *packing) enlist(g *queue.JobGroup, team []int) {
	p.bind(g, team)
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

// bind notes which new workers of a team are to be made together.
func (p *packing) bind(g *queue.JobGroup, team []int) {
	gang := Gang{Key: g.Key, New: map[string]int{}}
	for _, i := range team {
		switch b := &p.bins[i]; {
		case b.worker != "":
		case b.gang == 0:
			b.gang = len(p.d.Gangs) + 1
			gang.New[b.group]++
		case !slices.Contains(gang.After, b.gang-1):
			gang.After = append(gang.After, b.gang-1)
		}
	}
	if len(gang.New) > 0 {
		p.d.Gangs = append(p.d.Gangs, gang)
	}
}

// Adopt returns the demand with what another one, from, has for jobs that run on
// several workers and need new workers of some of the groups: these needs, and the
// places that the jobs have beside the new workers.
func (d Demand) Adopt(from Demand, jobs []queue.JobGroup, groups map[string]bool) Demand {
	for i := range jobs {
		g := &jobs[i]
		if d.adoptNeeds(from, g, groups) {
			d.adoptPlaces(from, g.Key)
		}
	}
	return d
}

// adoptNeeds adds the gangs of a job group and reports whether there are any.
func (d *Demand) adoptNeeds(from Demand, g *queue.JobGroup, groups map[string]bool) bool {
	index := map[int]int{} // in from → in d
	for i, gang := range from.Gangs {
		if gang.Key != g.Key || !touches(gang, groups) {
			continue
		}
		adopted := Gang{Key: gang.Key, New: gang.New}
		for _, earlier := range gang.After {
			if j, ok := index[earlier]; ok {
				adopted.After = append(adopted.After, j)
			}
		}
		for group, n := range gang.New {
			need := d.Needs[group]
			need.Workers += n
			d.Needs[group] = need
		}
		if len(index) == 0 { // the jobs are counted once
			first := slices.Min(slices.Collect(maps.Keys(gang.New)))
			need := d.Needs[first]
			need.take(g, g.Count)
			d.Needs[first] = need
		}
		index[i] = len(d.Gangs)
		d.Gangs = append(d.Gangs, adopted)
	}
	return len(index) > 0
}

func touches(gang Gang, groups map[string]bool) bool {
	for group := range gang.New {
		if groups[group] {
			return true
		}
	}
	return false
}

// adoptPlaces adds the placements of a job group on workers on which it has none.
func (d *Demand) adoptPlaces(from Demand, key string) {
	placed := map[string]bool{}
	for _, p := range d.Placements {
		if p.Key == key {
			placed[p.Worker] = true
		}
	}
	for _, p := range from.Placements {
		if p.Key == key && !placed[p.Worker] {
			d.Placements = append(d.Placements, p)
			d.on[p.Worker] += p.Count
		}
	}
}
