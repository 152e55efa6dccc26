package demand

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// ganging packs jobs of one job group, each of which may run on several workers at once.
type ganging struct {
	*packing
	g      *queue.JobGroup
	placed map[int]int // bin → placement
}

// gangs packs jobs each of which may run on several workers at once: a job gets all of its
// workers or none. Jobs that find place on the same workers are packed together.
func (p *packing) gangs(g *queue.JobGroup) {
	x := ganging{packing: p, g: g, placed: map[int]int{}}
	for left := g.Count; left > 0; {
		t := x.bestTeam()
		if why, never := x.noGang(&t); !why.IsZero() {
			// The next ones ask for the same and find no more.
			p.unmet(g, left, why, never)
			return
		}
		left -= x.enlist(&t, left)
	}
}

// noGang returns why a team is none for the job, and whether there can never be one; zero
// if the job can have it.
func (x *ganging) noGang(t *team) (why reason.Reason, never bool) {
	switch {
	case !t.whole():
		return x.refuse.whyNoGang(x.g, x.g.Parts()-t.parts, x.there)
	case x.atOnce > 0 && len(t.fresh) > x.atOnce:
		return reason.New(reason.GangOverInFlight, reason.Count("workers", len(t.fresh)), reason.Count("max_in_flight", x.atOnce)), false
	}
	return reason.Reason{}, false
}

// enlist packs up to left of the jobs onto a team, as many as find place on it, and
// returns how many. They count at the last worker: bins are in the order in which they
// are ready.
func (x *ganging) enlist(t *team, left int) (packed int) {
	seats := t.seats
	for _, s := range t.fresh {
		seats = append(seats, seat{bin: len(x.bins), parts: s.parts})
		x.open(s.group, 1)
	}
	x.bind(seats)
	packed = left
	for _, s := range seats {
		packed = min(packed, x.jobsOn(&x.bins[s.bin], s.parts, left))
	}
	lacks := 0
	if x.bins[seats[len(seats)-1].bin].worker == "" {
		lacks = packed
	}
	for k, s := range seats {
		b := &x.bins[s.bin]
		_, takes := held(b.free, x.g, packed*s.parts)
		x.occupy(s.bin, x.g, takes, packed*s.parts)
		last := k == len(seats)-1
		switch {
		case b.worker != "" && last:
			x.seatAt(s.bin, Placement{Key: x.g.Key, Worker: b.worker, Phase: b.phase, Count: packed})
		case b.worker != "":
			x.seatAt(s.bin, Placement{Key: x.g.Key, Worker: b.worker, Phase: b.phase, Count: packed, Elsewhere: packed, Lacks: lacks})
		case last:
			x.isFor(b.group, x.g, packed)
		}
	}
	return packed
}

// jobsOn returns how many of the jobs, each with so many parts on it, a worker holds that
// holds one: at most n.
func (x *ganging) jobsOn(b *bin, parts, n int) int {
	if oneByOne(x.g) {
		return 1
	}
	count, _ := held(b.free, x.g, n*parts)
	return max(1, count/parts)
}

// seatAt adds a placement of the gangs that are being packed to the one on the same
// worker.
func (x *ganging) seatAt(i int, more Placement) {
	at, there := x.placed[i]
	if !there {
		x.placed[i] = len(x.d.Placements)
		x.d.Placements = append(x.d.Placements, more)
		return
	}
	place := &x.d.Placements[at]
	place.Count += more.Count
	place.Elsewhere += more.Elsewhere
	place.Lacks += more.Lacks
}

// bind notes which new workers of a team are to be made together.
func (x *ganging) bind(seats []seat) {
	gang := Gang{Key: x.g.Key, New: map[string]int{}}
	for _, s := range seats {
		switch b := &x.bins[s.bin]; {
		case b.worker != "":
		case b.gang == 0:
			b.gang = len(x.d.Gangs) + 1
			gang.New[b.group]++
		case !slices.Contains(gang.After, b.gang-1):
			gang.After = append(gang.After, b.gang-1)
		}
	}
	if len(gang.New) > 0 {
		x.d.Gangs = append(x.d.Gangs, gang)
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
