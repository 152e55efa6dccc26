package demand

import (
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// whyNoGang says why a job finds too few workers, and whether there can never be enough.
// Found is how many of its parts have found a place, and there how many workers of each
// group exist.
func (r *refusals) whyNoGang(g *queue.JobGroup, found int, there map[string]int) (why reason.Reason, never bool) {
	var full, bounds []reason.Reason
	var most, all capacity // of one group, of all groups together
	beside := outside(g, there)
	for i := range r.every {
		group := &r.every[i]
		delete(beside, group.Name)
		if v, _ := r.verdict(group, g); v != atMax {
			continue
		}
		full = append(full, groupAtMax(group))
		bounds = append(bounds, bound(group, g))
		can := capacityOf(group, g, there[group.Name])
		if can.enough(g) || !most.enough(g) && can.workers > most.workers {
			most = can
		}
		all = all.and(can)
	}
	if len(full) == 0 {
		return r.whyNot(g)
	}
	for _, n := range beside { // of a size that is not known here
		can := capacity{workers: n, parts: n * max(1, g.Tasks)}
		if can.enough(g) {
			most = can
		}
		all = all.and(can)
	}
	if g.OneGroup {
		all = most
	}
	if !all.enough(g) {
		return tooLarge(g, bounds, all.workers), true
	}
	return tooFew(g, found, full), false
}

// outside returns the workers that exist, by group, of groups that the jobs may use.
func outside(g *queue.JobGroup, there map[string]int) map[string]int {
	out := map[string]int{}
	for name, n := range there {
		if g.Group == "" || g.Group == name {
			out[name] = n
		}
	}
	return out
}

// capacity is how many workers there can be, and how many parts of one job they hold.
type capacity struct{ workers, parts int }

func (c capacity) and(o capacity) capacity {
	return capacity{c.workers + o.workers, c.parts + o.parts}
}

// enough reports whether the workers are enough for one of the jobs.
func (c capacity) enough(g *queue.JobGroup) bool {
	return c.workers >= g.Workers() && c.parts >= g.Parts()
}

// capacityOf returns what a group can have. It may have more workers than its max.
func capacityOf(group *Group, g *queue.JobGroup, there int) capacity {
	n := max(group.Max, there)
	return capacity{n, n * eachHolds(group, g)}
}

// eachHolds returns how many parts of one of the jobs an empty worker of a group holds.
func eachHolds(group *Group, g *queue.JobGroup) int {
	n, _ := held(group.Kind.Shape, g, max(1, g.Tasks))
	return n
}

// bound returns how much a group may have for one of the jobs, as a reason.
func bound(group *Group, g *queue.JobGroup) reason.Reason {
	if g.Tasks == 0 {
		return reason.New(reason.GroupMax, reason.Name("group", group.Name), reason.Count("max", group.Max))
	}
	return reason.New(reason.GroupMaxTasks, reason.Name("group", group.Name), reason.Count("holds", eachHolds(group, g)), reason.Count("max", group.Max))
}

// asksOf returns what one of the jobs asks for, as arguments of a reason.
func asksOf(g *queue.JobGroup) []reason.Argument {
	var args []reason.Argument
	if g.Tasks > 0 {
		args = append(args, reason.Count("tasks", g.Tasks))
	}
	if g.Tasks == 0 || g.Workers() > 1 {
		args = append(args, reason.Count("nodes", g.Workers()))
	}
	args = append(args, reason.Text("each", g.Asks.String()))
	if g.OneGroup {
		args = append(args, reason.Name("of", "one group"))
	}
	return args
}

func tooLarge(g *queue.JobGroup, bounds []reason.Reason, together int) reason.Reason {
	code := reason.GangTooLarge
	if g.Tasks > 0 {
		code = reason.TasksTooMany
	}
	args := append(asksOf(g), reason.Why("groups", bounds...))
	if len(bounds) > 1 && !g.OneGroup {
		args = append(args, reason.Count("together", together))
	}
	return reason.New(code, args...)
}

func tooFew(g *queue.JobGroup, found int, full []reason.Reason) reason.Reason {
	code := reason.GangTooFew
	if g.Tasks > 0 {
		code = reason.TasksTooFew
	}
	return reason.New(code, append(asksOf(g), reason.Count("found", found), reason.Why("groups", full...))...)
}
