package plan

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Plan says by name which nodes stay, come and go.
type Plan struct {
	FrontEnd     bool   // the front-end is to be made
	FrontEndName string // its name, made or kept
	Groups       map[string]Group
}

// Group is a worker group's part of a Plan. Each list holds node names in order.
type Group struct {
	Keep   []string
	Add    []string // may repeat a name in Remove: a worker made anew
	Remove []string
	Unfit  []string // those of Keep that do not work: the scaler deals with them
	Roll   []string // those of Keep that are made anew, a batch at a time
}

// Working returns the number of workers of the group that can be expected to work
// once the plan is carried out.
func (g Group) Working() int { return len(g.Keep) + len(g.Add) - len(g.Unfit) }

// Names returns the names of all nodes that exist once the plan is carried out,
// the front-end included, in order.
func (p Plan) Names() []string {
	out := []string{p.FrontEndName}
	for _, g := range p.Groups {
		out = append(out, g.Keep...)
		out = append(out, g.Add...)
	}
	cluster.SortNames(out)
	return out
}

// Adds returns the names of the workers that are to be made, group by group.
func (p Plan) Adds() []string { return p.pick(func(g Group) []string { return g.Add }) }

// Kept returns the names of the workers that stay, group by group.
func (p Plan) Kept() []string { return p.pick(func(g Group) []string { return g.Keep }) }

// Rolls returns the names of the workers that stay now and are made anew a batch
// at a time, group by group.
func (p Plan) Rolls() []string { return p.pick(func(g Group) []string { return g.Roll }) }

func (p Plan) pick(list func(Group) []string) []string {
	var out []string
	for _, group := range slices.Sorted(maps.Keys(p.Groups)) {
		out = append(out, list(p.Groups[group])...)
	}
	return out
}

// Empty reports whether nothing comes and nothing goes.
func (p Plan) Empty() bool {
	for _, g := range p.Groups {
		if len(g.Add) > 0 || len(g.Remove) > 0 || len(g.Roll) > 0 {
			return false
		}
	}
	return !p.FrontEnd
}

// Keeps reports whether any worker stays.
func (p Plan) Keeps() bool { return len(p.Kept()) > 0 }

// Victims returns the names of the workers that a shrink removes. They work, so
// the batch system drains them first where it can. There are none where the
// front-end is made: nothing can drain them then.
func (p Plan) Victims(have cluster.Nodes) map[string]bool {
	out := map[string]bool{}
	if p.FrontEnd {
		return out
	}
	for _, g := range p.Groups {
		for _, name := range g.Remove {
			if n, ok := have.ByName(name); ok && !n.Unfit() && !slices.Contains(g.Add, name) {
				out[name] = true
			}
		}
	}
	return out
}

// WithMessenger returns the plan with a worker that can bring a roster to the front-end,
// where workers stay that are in no roster and none is made: the last of them is made anew.
func (p Plan) WithMessenger(unenrolled []string) Plan {
	kept := slices.DeleteFunc(p.Kept(), func(name string) bool { return !slices.Contains(unenrolled, name) })
	if p.FrontEnd || len(kept) == 0 || len(p.Adds()) > 0 {
		return p
	}
	last := slices.MaxFunc(kept, cluster.CompareNames)
	p.Groups = maps.Clone(p.Groups)
	for name, g := range p.Groups {
		if slices.Contains(g.Keep, last) {
			is := func(n string) bool { return n == last }
			g.Keep, g.Roll = slices.DeleteFunc(slices.Clone(g.Keep), is), slices.DeleteFunc(slices.Clone(g.Roll), is)
			g.Add, g.Remove = []string{last}, append(slices.Clone(g.Remove), last)
			p.Groups[name] = g
		}
	}
	return p
}

// Anew returns the plan with every worker made anew: a new front-end could
// neither get into those that exist nor verify them.
func (p Plan) Anew() Plan {
	groups := make(map[string]Group, len(p.Groups))
	for name, g := range p.Groups {
		anew := Group{Add: slices.Concat(g.Add, g.Keep), Remove: slices.Concat(g.Remove, g.Keep)}
		cluster.SortNames(anew.Add)
		cluster.SortNames(anew.Remove)
		groups[name] = anew
	}
	p.Groups = groups
	return p
}
