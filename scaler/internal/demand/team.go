package demand

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// anyGroup stands for workers of all groups. No group has that name.
const anyGroup = "*"

// seat is a worker that takes parts of a job.
type seat struct {
	bin   int // of an existing worker
	group int // of a new worker: the index of its group
	parts int
}

// team is workers on which one job starts at once, as far as enough were found.
type team struct {
	seats   []seat // existing workers
	fresh   []seat // new workers
	parts   int    // parts of the job without a place
	workers int    // that the job needs at least beside those found; below 0: it has more
	onFresh int    // parts on new workers
	rank    int    // of the worker that is ready last
	group   string // of the first worker
	mixed   bool   // the workers are of several groups
	waste   float64
}

// whole reports whether the job has all of its workers.
func (t *team) whole() bool { return t.parts == 0 && t.workers <= 0 }

// take gives parts of the job to one more worker, which holds up to most of them, and
// returns how many. The rest is enough for the workers that the job needs beside it.
func (t *team) take(most int) int {
	n := min(most, t.parts-max(0, t.workers-1))
	t.parts -= n
	t.workers--
	return n
}

// note notes a worker's group, and the rank that says when it is ready.
func (t *team) note(group string, rank int) {
	if len(t.seats)+len(t.fresh) == 0 {
		t.group = group
	}
	t.mixed = t.mixed || group != t.group
	t.rank = max(t.rank, rank)
}

// Ranks say when a worker is ready for a job.
const (
	rankNow = iota
	rankBooting
	rankCalledBack
	rankNew
)

func rankOf(phase fleet.Phase) int {
	switch phase {
	case fleet.Booting:
		return rankBooting
	case fleet.Leaving:
		return rankCalledBack
	}
	return rankNow
}

// bestTeam returns workers for one of the jobs. Existing workers come before new ones, in
// the order in which they are ready. Where as little has to be made, workers of one group
// come before workers of several.
func (x *ganging) bestTeam() team {
	if x.g.Group != "" {
		return x.team(x.g.Group)
	}
	best := team{parts: x.g.Parts(), workers: x.g.Workers()}
	if !x.g.OneGroup {
		if best = x.team(anyGroup); !best.mixed || !best.whole() {
			return best
		}
	}
	for _, name := range x.names {
		if t := x.team(name); x.better(&t, &best) {
			best = t
		}
	}
	return best
}

// better reports whether the first of two teams for a job is the better one.
func (x *ganging) better(a, b *team) bool {
	switch {
	case !a.whole() || !b.whole():
		return a.whole() || !b.whole() && a.parts < b.parts
	case a.rank != b.rank:
		return a.rank < b.rank
	case a.onFresh != b.onFresh:
		return a.onFresh < b.onFresh
	case a.mixed != b.mixed:
		return b.mixed
	case len(a.fresh) == 0:
		return false
	}
	return before(&x.groups[a.fresh[0].group], a.waste, &x.groups[b.fresh[0].group], b.waste)
}

// team returns workers of a group, or of anyGroup, for one of the jobs.
func (x *ganging) team(only string) team {
	t := team{parts: x.g.Parts(), workers: x.g.Workers()}
	if only == anyGroup || x.g.Group != "" { // no other team of the job is kept beside it
		t.seats = x.seats[:0]
		defer func() { x.seats = t.seats }()
	}
	for i := x.room.next(0, x.g.Asks); i >= 0 && t.parts > 0; i = x.room.next(i+1, x.g.Asks) {
		x.join(&t, i, only)
	}
	x.complete(&t, only)
	if x.g.Workers() == 1 && len(t.seats)+len(t.fresh) > 1 {
		x.shorten(&t, only)
	}
	return t
}

// join gives an existing worker as many parts of the job as it holds.
func (x *ganging) join(t *team, i int, only string) {
	b := &x.bins[i]
	if only != anyGroup && only != b.group {
		return
	}
	if most := x.partsOn(b); most > 0 {
		t.note(b.group, rankOf(b.phase))
		if b.worker == "" {
			t.rank = rankNew
		}
		t.seats = append(t.seats, seat{bin: i, parts: t.take(most)})
	}
}

// partsOn returns how many parts of one of the jobs a worker holds.
func (x *ganging) partsOn(b *bin) int {
	n, _ := x.match.holding(b, x.g, max(1, x.g.Tasks))
	return n
}

// complete gives the parts without a place to new workers, as far as their groups have
// room for them.
func (x *ganging) complete(t *team, only string) {
	for t.parts > 0 {
		n := 1
		if x.g.Tasks > 0 {
			n = t.parts
		}
		i, waste := x.best(x.g, n, only)
		if i < 0 {
			break
		}
		if len(t.fresh) == 0 {
			t.waste = waste
		}
		most := x.partsOn(&x.fresh[i])
		for ; t.parts > 0 && x.groups[i].Room > 0; x.groups[i].Room-- {
			t.note(x.groups[i].Name, rankNew)
			t.onFresh += t.parts
			t.fresh = append(t.fresh, seat{group: i, parts: t.take(most)})
			t.onFresh -= t.parts
		}
	}
	for _, s := range t.fresh {
		x.groups[s.group].Room++
	}
}

// shorten has one existing worker take all parts of a job, if one is ready as early as the
// team and holds them.
func (x *ganging) shorten(t *team, only string) {
	each, n := x.g.Asks, x.g.Parts()
	all := queue.Shape{Cpus: each.Cpus * n, MemoryMiB: each.MemoryMiB * n, DiskKiB: each.DiskKiB * n, GPUs: each.GPUs * n}
	for i := x.room.next(0, all); i >= 0; i = x.room.next(i+1, all) {
		one := team{parts: x.g.Parts(), workers: 1}
		if x.join(&one, i, only); one.whole() && one.rank <= t.rank {
			*t = one
			return
		}
	}
}

// groupNames returns the names of the groups of bins, each once, in order.
func groupNames(of ...[]bin) []string {
	names := map[string]bool{}
	for _, bins := range of {
		for i := range bins {
			names[bins[i].group] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
