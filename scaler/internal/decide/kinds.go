package decide

import (
	"cmp"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// kinds returns what a new worker is, of each of the cluster's groups.
func kinds(r round, m Memory) map[string]demand.Kind {
	out := map[string]demand.Kind{}
	for group := range r.facts.Cluster.Document.Groups {
		out[group] = kindOf(r, m, group)
	}
	return out
}

// kindOf returns what a new worker of the group is. Its size is as the operator
// says, as seen in the pool, or by the flavor, in that order for each quantity.
func kindOf(r round, m Memory, group string) demand.Kind {
	spec := r.facts.Cluster.Document.Groups[group]
	k := demand.Kind{Shape: r.facts.Flavors[group], Attributes: queue.Attributes{}}
	l, seen := learnedOf(m.Learned, group, spec)
	if seen {
		k.Shape = l.Shape
	}
	if seen && (l.Spec == spec.Hash() || l.Spec == "" && l.Image == spec.Image) {
		maps.Copy(k.Attributes, l.Attributes)
	}
	said := r.policy.Groups[group].Shape
	k.Guess = !seen && said == (queue.Shape{})
	k.Shape = queue.Shape{
		Cpus: cmp.Or(said.Cpus, k.Shape.Cpus), MemoryMiB: cmp.Or(said.MemoryMiB, k.Shape.MemoryMiB),
		DiskKiB: cmp.Or(said.DiskKiB, k.Shape.DiskKiB), GPUs: cmp.Or(said.GPUs, k.Shape.GPUs),
	}
	r.facts.Queue.Traits.Attributes.NameNew(k.Attributes, nextName(r, group), group, m.Domain)
	return k
}

// learnedOf returns what is known of a group's flavor by workers in the pool: its
// own ones, or those of another group of the same flavor and image.
func learnedOf(all map[string]Learned, group string, spec cluster.GroupSpec) (Learned, bool) {
	if l, ok := all[group]; ok && l.Flavor == spec.Flavor {
		return l, true
	}
	for _, other := range slices.Sorted(maps.Keys(all)) {
		if l := all[other]; l.Flavor != "" && l.Flavor == spec.Flavor && l.Image == spec.Image {
			l.Attributes = nil // a group's cloud-config may make a difference
			return l, true
		}
	}
	return Learned{}, false
}

// nextName returns the name that the group's next worker will get.
func nextName(r round, group string) string {
	taken := make([]string, 0, len(r.fleet.Workers))
	for _, w := range r.fleet.Workers {
		taken = append(taken, w.Name)
	}
	return cluster.NextNames(r.facts.Cluster.Document.Name, group, 1, taken)[0]
}

// groups returns the managed groups with the workers that they may still get.
func groups(r round, kinds map[string]demand.Kind) []demand.Group {
	var out []demand.Group
	for _, name := range r.managed {
		b := r.policy.Groups[name]
		out = append(out, demand.Group{
			Name: name, Kind: kinds[name], Max: b.Max, Room: max(0, b.Max-len(r.fleet.Group(name))), Priority: b.Priority, Spare: b.Spare,
		})
	}
	return out
}
