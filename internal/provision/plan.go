package provision

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Plan says by name what stays, comes and goes.
type Plan struct {
	FrontEnd     bool   // the front-end is to be made
	FrontEndName string // its name, made or kept
	Groups       map[string]GroupPlan
}

// GroupPlan is a worker group's part of a Plan; each list is in name order.
type GroupPlan struct {
	Keep   []string
	Add    []string // may repeat a name in Remove: a worker made anew
	Remove []string
}

// Compute compares what is wanted with what exists. Broken workers are replaced;
// a shrinking group loses those in its Retire list first, then leaving ones,
// then the newest (cluster.Victims). Groups that are no longer wanted go whole.
func Compute(spec cluster.Spec, have cluster.Nodes, leaving func(name string) bool) Plan {
	fe, ok := have.FrontEnd()
	plan := Plan{
		FrontEnd:     !ok || fe.Broken(),
		FrontEndName: cluster.FrontEndName(spec.Name),
		Groups:       map[string]GroupPlan{},
	}
	for name, g := range spec.Groups {
		plan.Groups[name] = computeGroup(spec.Name, name, g, have.Workers(name), leaving)
	}
	for _, w := range have.Workers("") {
		if _, wanted := spec.Groups[w.Group]; !wanted {
			g := plan.Groups[w.Group]
			g.Remove = append(g.Remove, w.Name)
			plan.Groups[w.Group] = g
		}
	}
	for name, g := range plan.Groups {
		if plan.FrontEnd {
			// Workers show the host key that their own front-end gave them; a new
			// front-end can't tell them from impostors, so they are made anew.
			g.Add = append(g.Add, g.Keep...)
			g.Remove = append(g.Remove, g.Keep...)
			g.Keep = nil
		}
		sortNames(g.Keep)
		sortNames(g.Add)
		sortNames(g.Remove)
		plan.Groups[name] = g
	}
	return plan
}

func computeGroup(clusterName, group string, want cluster.GroupSpec, have cluster.Nodes, leaving func(string) bool) GroupPlan {
	var g GroupPlan
	var healthy cluster.Nodes
	seen := map[string]bool{}
	for _, w := range have {
		switch {
		case w.Broken():
			g.Remove = append(g.Remove, w.Name)
		case !seen[w.Name]: // a second server of one name is dealt with by ID, see run.clear
			seen[w.Name] = true
			healthy = append(healthy, w)
		}
	}
	victims := cluster.Victims(healthy, len(healthy)-want.Count, want.Retire, leaving)
	for _, v := range victims {
		g.Remove = append(g.Remove, v.Name)
		delete(seen, v.Name)
	}
	for name := range seen {
		g.Keep = append(g.Keep, name)
	}
	g.Add = cluster.NextNames(clusterName, group, want.Count-len(g.Keep), g.Keep)
	return g
}

// Names returns the names of all nodes that exist once the plan is carried out,
// the front-end included, in order.
func (p Plan) Names() []string {
	out := []string{p.FrontEndName}
	for _, g := range p.Groups {
		out = append(out, g.Keep...)
		out = append(out, g.Add...)
	}
	sortNames(out)
	return out
}

// Empty tells that nothing comes and nothing goes.
func (p Plan) Empty() bool {
	for _, g := range p.Groups {
		if len(g.Add) > 0 || len(g.Remove) > 0 {
			return false
		}
	}
	return !p.FrontEnd
}

func (p Plan) each(pick func(GroupPlan) []string) []worker {
	var out []worker
	for _, group := range slices.Sorted(maps.Keys(p.Groups)) {
		for _, name := range pick(p.Groups[group]) {
			out = append(out, worker{name: name, group: group})
		}
	}
	return out
}

// worker is a worker to make or to remove.
type worker struct{ name, group string }

func sortNames(names []string) { slices.SortFunc(names, cluster.CompareNames) }
