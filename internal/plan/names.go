package plan

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// More returns the names of n more workers of a group beside those that have a
// server, stand in the roster or are reserved.
func More(v cluster.View, group string, n int, reserved ...string) []string {
	taken := append(v.Nodes.Names(), reserved...)
	for _, m := range v.Document.Workers {
		taken = append(taken, m.Name)
	}
	return newNames(v.Document.Name, group, n, nil, taken)
}

// newNames returns the names of n new workers of a group: first those of preferred
// that are the group's and not taken, in their order, then the lowest free numbers.
// A name in taken is not free, whatever holds it.
func newNames(clusterName, group string, n int, preferred, taken []string) []string {
	var out []string
	for _, name := range preferred {
		if len(out) < n && cluster.GroupOf(clusterName, name) == group && !slices.Contains(taken, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return append(out, cluster.NextNames(clusterName, group, n-len(out), slices.Concat(taken, out))...)
}
