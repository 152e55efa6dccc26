package provision

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// spread gives the members their availability zones: each group's own are filled
// evenly, what it has already counted in.
func (f *fleet) spread(have cluster.Nodes) {
	names := map[string][]string{}
	for _, m := range f.members {
		names[m.group] = append(names[m.group], m.name)
	}
	for group, added := range names {
		sortNames(added)
		stay := slices.DeleteFunc(have.Workers(group), func(n cluster.Node) bool { return n.Broken() || slices.Contains(added, n.Name) })
		zones := cluster.Spread(f.doc.Groups[group].Zones, stay, added)
		for _, name := range added {
			f.members[name].zone = zones[name]
		}
	}
}
