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
	Unfit  []string // those of Keep that do not work: the scaler's to deal with
	Roll   []string // those of Keep that are made anew, a batch at a time
}

// Working is how many workers the group has then that can be expected to work.
func (g GroupPlan) Working() int { return len(g.Keep) + len(g.Add) - len(g.Unfit) }

// Rules are what Compute goes by beside the spec. The zero value has none.
type Rules struct {
	Leaving func(name string) bool // asked to leave already: goes first when a group shrinks
	Names   []string               // to be given to new workers first, in this order
	Rolling bool                   // workers of another spec than the wanted one are made anew
	MayRoll func(name string) bool // which of those; nil: all
	Open    []string               // groups whose spec is not known yet: any worker may turn out to be of another
}

// Compute compares what is wanted with what exists. Unfit workers are replaced
// under their names; a shrinking group loses those in its Retire list first, then
// leaving ones, then the newest (cluster.Victims). A scaled group loses nobody,
// and its unfit workers are the scaler's as long as enough others work. Groups
// that are no longer wanted go whole. A front-end that is missing, broken or being
// deleted is made anew and the workers stay; where they can't, see Anew.
func Compute(spec cluster.Spec, have cluster.Nodes, rules Rules) Plan {
	fe, ok := have.FrontEnd()
	plan := Plan{
		FrontEnd:     !ok || fe.Ending(),
		FrontEndName: cluster.FrontEndName(spec.Name),
		Groups:       map[string]GroupPlan{},
	}
	for name, g := range spec.Groups {
		plan.Groups[name] = computeGroup(spec.Name, name, g, have.Workers(name), rules)
	}
	for _, w := range have.Workers("") {
		if _, wanted := spec.Groups[w.Group]; !wanted {
			g := plan.Groups[w.Group]
			g.Remove = append(g.Remove, w.Name)
			plan.Groups[w.Group] = g
		}
	}
	for name, g := range plan.Groups {
		sortNames(g.Keep)
		sortNames(g.Add)
		sortNames(g.Remove)
		plan.Groups[name] = g
	}
	return plan
}

func computeGroup(clusterName, group string, want cluster.GroupSpec, have cluster.Nodes, rules Rules) GroupPlan {
	var g GroupPlan
	var working cluster.Nodes
	var unfit []string
	for _, w := range have {
		switch {
		case slices.ContainsFunc(working, func(n cluster.Node) bool { return n.Name == w.Name }):
			// a second server of one name is dealt with by ID, see run.clear
		case w.Unfit():
			unfit = append(unfit, w.Name)
		default:
			working = append(working, w)
		}
	}
	size := want.Wanted(len(working))
	victims := cluster.Victims(working, len(working)-size, want.Retire, rules.Leaving).Names()
	for _, w := range working {
		if slices.Contains(victims, w.Name) {
			g.Remove = append(g.Remove, w.Name)
			continue
		}
		g.Keep = append(g.Keep, w.Name)
		if rules.rolls(w, want.NodeSpec) {
			g.Roll = append(g.Roll, w.Name)
		}
	}
	missing := size - len(g.Keep)
	if want.Scaling != nil && len(unfit) > missing {
		g.Unfit = slices.Clone(unfit[missing:])
		g.Keep = append(g.Keep, g.Unfit...)
		unfit = unfit[:missing]
	}
	g.Remove = append(g.Remove, unfit...)
	g.Add = rules.name(clusterName, group, missing, unfit, g.Keep)
	return g
}

// rolls tells whether a worker that works is made anew for the spec's sake. What
// a worker was made from is not known of all that older versions made.
func (r Rules) rolls(w cluster.Node, want cluster.NodeSpec) bool {
	differs := w.SpecHash != want.Hash() || slices.Contains(r.Open, w.Group)
	return r.Rolling && w.SpecHash != "" && differs && (r.MayRoll == nil || r.MayRoll(w.Name))
}

// name chooses the names of n new workers: those of the unfit ones that they
// replace, then those that the rules have for this group, then the lowest free
// numbers.
func (r Rules) name(clusterName, group string, n int, unfit, taken []string) []string {
	var out []string
	for _, name := range slices.Concat(unfit, r.Names) {
		if len(out) < n && cluster.GroupOf(clusterName, name) == group && !slices.Contains(taken, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return append(out, cluster.NextNames(clusterName, group, n-len(out), slices.Concat(taken, out))...)
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
		if len(g.Add) > 0 || len(g.Remove) > 0 || len(g.Roll) > 0 {
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
