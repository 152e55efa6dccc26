package cluster

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	nodeplan "github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// promised is what a plan shows of a cluster's nodes, by name; its apply is held
// to it. Each list is in name order, and no name is in two of them.
type promised struct {
	known  bool     // false while the plan can't know which nodes there will be
	keep   []string // stay the servers that they are
	add    []string // come
	remove []string // go
	roll   []string // become other servers under their names, or may become them
}

// promise returns what a computed plan promises of nodes, some of which exist.
func promise(plan nodeplan.Plan, have cluster.Nodes) promised {
	p := promised{known: true}
	exists := setOf(have.Names())
	come := func(name string) {
		if exists[name] {
			p.roll = append(p.roll, name)
		} else {
			p.add = append(p.add, name)
		}
	}
	if plan.FrontEnd {
		come(plan.FrontEndName)
	} else {
		p.keep = append(p.keep, plan.FrontEndName)
	}
	for _, g := range plan.Groups {
		for _, name := range g.Add {
			come(name)
		}
		p.roll = append(p.roll, g.Roll...)
		p.keep = append(p.keep, without(g.Keep, g.Roll)...)
		p.remove = append(p.remove, without(g.Remove, g.Add)...)
	}
	return p.sorted()
}

// readPromise returns the promise of a plan from the attribute `nodes` as the
// state has it and as the plan has it.
func readPromise(before, planned map[string]nodeState) promised {
	if len(planned) == 0 {
		return promised{}
	}
	p := promised{known: true}
	for name, s := range planned {
		switch {
		case !s.ID.IsUnknown():
			p.keep = append(p.keep, name)
		case before[name].ID.ValueString() != "":
			p.roll = append(p.roll, name)
		default:
			p.add = append(p.add, name)
		}
	}
	for name := range before {
		if _, stays := planned[name]; !stays {
			p.remove = append(p.remove, name)
		}
	}
	return p.sorted()
}

func (p promised) sorted() promised {
	for _, names := range [][]string{p.keep, p.add, p.remove, p.roll} {
		slices.SortFunc(names, cluster.CompareNames)
	}
	return p
}

// names returns the names of all nodes after the change, in order; nil while the
// plan can't know them.
func (p promised) names() []string {
	if !p.known {
		return nil
	}
	out := slices.Concat(p.keep, p.add, p.roll)
	slices.SortFunc(out, cluster.CompareNames)
	return out
}

// nodes returns the entries of the planned attribute `nodes`: a node that stays
// keeps its entry, each other one has a fresh entry.
func (p promised) nodes(before, fresh map[string]nodeState) map[string]nodeState {
	out := make(map[string]nodeState, len(p.keep)+len(p.add)+len(p.roll))
	for _, name := range p.keep {
		out[name] = before[name]
	}
	for _, name := range slices.Concat(p.add, p.roll) {
		out[name] = fresh[name]
	}
	return out
}

// hold limits a request to the promise: exactly the workers leave that the plan
// shows, and no node becomes another server that the plan shows as kept.
func (p promised) hold(req *provision.Request, before map[string]nodeState) {
	if !p.known {
		return
	}
	frontEnd := cluster.FrontEndName(req.Spec.Name)
	for group, g := range req.Spec.Groups {
		g.Retire = nil
		for _, name := range p.remove {
			if before[name].Group.ValueString() == group {
				g.Retire = append(g.Retire, name)
			}
		}
		req.Spec.Groups[group] = g
	}
	req.Planned, req.Roll = p.names(), p.roll
	req.ReplaceFrontEnd = !slices.Contains(p.keep, frontEnd)
	req.KeepWorkers = slices.ContainsFunc(p.keep, func(name string) bool { return name != frontEnd })
}

// without returns the names that are not among others.
func without(names, others []string) []string {
	gone := setOf(others)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return gone[name] })
}

func setOf(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, name := range names {
		out[name] = true
	}
	return out
}
