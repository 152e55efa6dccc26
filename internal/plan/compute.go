package plan

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Rules are what Compute goes by beside the spec. The zero value has none.
type Rules struct {
	Leaving func(name string) bool // asked to leave already: goes first when a group shrinks
	Names   []string               // to be given to new workers first, in this order
	Rolling bool                   // workers of another spec than the wanted one are made anew
	MayRoll func(name string) bool // which of those; nil: all
	Open    []string               // groups whose spec is not known yet: any worker may turn out to be of another
}

// Compute compares what is wanted with what exists. Unfit workers are replaced
// under their names. A shrinking group loses the workers in its Retire list first,
// then leaving ones, then the newest (cluster.Victims). A scaled group loses none,
// and the scaler deals with its unfit workers as long as enough others work. A
// group that is no longer wanted loses all. A front-end that is missing, broken or
// being deleted is made anew and the workers stay; where they can't, see Anew.
func Compute(spec cluster.Spec, have cluster.Nodes, rules Rules) Plan {
	fe, ok := have.FrontEnd()
	plan := Plan{
		FrontEnd:     !ok || fe.Ending(),
		FrontEndName: cluster.FrontEndName(spec.Name),
		Groups:       map[string]Group{},
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
		cluster.SortNames(g.Keep)
		cluster.SortNames(g.Add)
		cluster.SortNames(g.Remove)
		plan.Groups[name] = g
	}
	return plan
}

func computeGroup(clusterName, group string, want cluster.GroupSpec, have cluster.Nodes, rules Rules) Group {
	var g Group
	var working cluster.Nodes
	var unfit []string
	for _, w := range have {
		switch {
		case slices.ContainsFunc(working, func(n cluster.Node) bool { return n.Name == w.Name }):
			// a second server of one name is deleted by its ID, see provision
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
	g.Add = newNames(clusterName, group, missing, slices.Concat(unfit, rules.Names), g.Keep)
	return g
}

// rolls reports whether a worker that works is made anew because of the spec. Older
// versions did not note in every worker what it was made from: such a worker stays.
func (r Rules) rolls(w cluster.Node, want cluster.NodeSpec) bool {
	differs := w.SpecHash != want.Hash() || slices.Contains(r.Open, w.Group)
	return r.Rolling && w.SpecHash != "" && differs && (r.MayRoll == nil || r.MayRoll(w.Name))
}
