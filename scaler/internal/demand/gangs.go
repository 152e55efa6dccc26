package demand

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// gangs packs jobs each of which may run on several workers at once: a job gets all of its
// workers or none. Jobs that find place on the same workers are packed together.
func (p *packing) gangs(g *queue.JobGroup) {
	p.placed = map[int]int{}
	for left := g.Count; left > 0; {
		t := p.bestTeam(g)
		if why, never := p.noGang(g, &t); !why.IsZero() {
			// The next ones ask for the same and find no more.
			p.unmet(g, left, why, never)
			return
		}
		left -= p.enlist(g, &t, left)
	}
}

// noGang returns why a team is none for the job, and whether there can never be one; zero
// if the job can have it.
func (p *packing) noGang(g *queue.JobGroup, t *team) (why reason.Reason, never bool) {
	switch {
	case !t.whole():
		return p.refuse.whyNoGang(g, g.Parts()-t.parts, p.count())
	case p.atOnce > 0 && len(t.fresh) > p.atOnce:
		return reason.New(reason.GangOverInFlight, reason.Count("workers", len(t.fresh)), reason.Count("max_in_flight", p.atOnce)), false
	}
	return reason.Reason{}, false
}

// count counts the workers of each group that exist.
func (p *packing) count() map[string]int {
	n := map[string]int{}
	for i := range p.bins {
		if p.bins[i].worker != "" {
			n[p.bins[i].group]++
		}
	}
	return n
}

// enlist packs up to left of the jobs onto a team, as many as find place on it, and
// returns how many. They count at the last worker: bins are in the order in which they
// are ready.
func (p *packing) enlist(g *queue.JobGroup, t *team, left int) (packed int) {
	seats := t.seats
	for _, s := range t.fresh {
		seats = append(seats, seat{bin: len(p.bins), parts: s.parts})
		p.open(s.group, 1)
	}
	p.bind(g, seats)
	packed = left
	for _, s := range seats {
		packed = min(packed, p.jobsOn(&p.bins[s.bin], g, s.parts, left))
	}
	lacks := 0
	if p.bins[seats[len(seats)-1].bin].worker == "" {
		lacks = packed
	}
	for k, s := range seats {
		b := &p.bins[s.bin]
		_, takes := held(b.free, g, packed*s.parts)
		p.occupy(s.bin, g, takes, packed*s.parts)
		last := k == len(seats)-1
		switch {
		case b.worker != "" && last:
			p.seatAt(s.bin, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: packed})
		case b.worker != "":
			p.seatAt(s.bin, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: packed, Elsewhere: packed, Lacks: lacks})
		case last:
			p.isFor(b.group, g, packed)
		}
	}
	return packed
}

// jobsOn returns how many of the jobs, each with so many parts on it, a worker holds that
// holds one: at most n.
func (p *packing) jobsOn(b *bin, g *queue.JobGroup, parts, n int) int {
	if oneByOne(g) {
		return 1
	}
	count, _ := held(b.free, g, n*parts)
	return max(1, count/parts)
}

// seatAt adds a placement of the gangs that are being packed to the one on the same
// worker.
func (p *packing) seatAt(i int, more Placement) {
	at, there := p.placed[i]
	if !there {
		p.placed[i] = len(p.d.Placements)
		p.d.Placements = append(p.d.Placements, more)
		return
	}
	place := &p.d.Placements[at]
	place.Count += more.Count
	place.Elsewhere += more.Elsewhere
	place.Lacks += more.Lacks
}

// bind notes which new workers of a team are to be made together.
func (p *packing) bind(g *queue.JobGroup, seats []seat) {
	gang := Gang{Key: g.Key, New: map[string]int{}}
	for _, s := range seats {
		switch b := &p.bins[s.bin]; {
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
