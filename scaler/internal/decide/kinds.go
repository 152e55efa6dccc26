package decide

import (
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// settledAfter is how long after its creation a worker shows all that it has:
// what its cloud-config mounts or starts comes later than the pool's daemon.
const settledAfter = 10 * time.Minute

// learn notes what a group's workers are in the pool, by the newest of each
// group: older ones may be of an earlier image or flavor.
func (t *tick) learn() {
	newest := map[string]fleet.Worker{}
	for _, w := range t.fleet.Workers {
		if !w.InPool || w.Phase == fleet.Foreign || w.Pool.Total.Cpus == 0 {
			continue
		}
		if n, ok := newest[w.Group]; !ok || !w.Node.Created.Before(n.Node.Created) {
			newest[w.Group] = w
		}
	}
	attributes := t.facts.Queue.Traits.Attributes
	for _, group := range slices.Sorted(maps.Keys(newest)) {
		w := newest[group]
		l := Learned{Shape: w.Pool.Total, Flavor: w.Node.Flavor, Image: w.Node.Image, Spec: w.Node.SpecHash, Attributes: queue.Attributes{}}
		if old := t.m.Learned[group]; old.Flavor == l.Flavor && old.Image == l.Image && old.Spec == l.Spec {
			maps.Copy(l.Attributes, old.Attributes) // what no waiting job names any more is not fetched
		}
		// What a worker does not have soon after its start may be on its way.
		settled := t.now.Sub(w.Node.Created) >= settledAfter
		for name, v := range w.Pool.Attributes {
			if !attributes.Lasts(name, v, w.Name) || v == nil && !settled {
				delete(l.Attributes, name)
				continue
			}
			l.Attributes[name] = v
		}
		t.m.Learned[group] = l
		if domain, ok := attributes.Domain(w.Pool.Attributes); ok {
			t.m.Domain = domain
		}
	}
}

// kind returns what a new worker of the group is. Its size is as the operator
// says, as seen in the pool, or by the flavor, in that order for each quantity.
func (t *tick) kind(group string) demand.Kind {
	spec := t.facts.Cluster.Document.Groups[group]
	k := demand.Kind{Shape: t.facts.Flavors[group], Attributes: queue.Attributes{}}
	l, seen := t.learned(group, spec)
	if seen {
		k.Shape = l.Shape
	}
	if seen && (l.Spec == spec.Hash() || l.Spec == "" && l.Image == spec.Image) {
		maps.Copy(k.Attributes, l.Attributes)
	}
	said := t.p.Groups[group].Shape
	k.Guess = !seen && said == (queue.Shape{})
	set := func(to *int, from int) {
		if from > 0 {
			*to = from
		}
	}
	set(&k.Shape.Cpus, said.Cpus)
	set(&k.Shape.MemoryMiB, said.MemoryMiB)
	set(&k.Shape.DiskKiB, said.DiskKiB)
	set(&k.Shape.GPUs, said.GPUs)
	t.name(k.Attributes, group)
	return k
}

// learned returns what is known of a group's flavor by workers in the pool: its
// own ones, or those of another group of the same flavor and image.
func (t *tick) learned(group string, spec cluster.GroupSpec) (Learned, bool) {
	if l, ok := t.m.Learned[group]; ok && l.Flavor == spec.Flavor {
		return l, true
	}
	for _, other := range slices.Sorted(maps.Keys(t.m.Learned)) {
		if l := t.m.Learned[other]; l.Flavor != "" && l.Flavor == spec.Flavor && l.Image == spec.Image {
			l.Attributes = nil // a group's cloud-config may make a difference
			return l, true
		}
	}
	return Learned{}, false
}

// name gives a new worker the attributes that are certain: its group, and the
// name that it will get; its machine name once one of the cluster has been seen.
func (t *tick) name(a queue.Attributes, group string) {
	var taken []string
	for _, w := range t.fleet.Workers {
		taken = append(taken, w.Name)
	}
	next := cluster.NextNames(t.facts.Cluster.Document.Name, group, 1, taken)[0]
	t.facts.Queue.Traits.Attributes.NameNew(a, next, group, t.m.Domain)
}

func (t *tick) kinds() map[string]demand.Kind {
	kinds := map[string]demand.Kind{}
	for group := range t.facts.Cluster.Document.Groups {
		kinds[group] = t.kind(group)
	}
	return kinds
}

func (t *tick) groups(kinds map[string]demand.Kind) []demand.Group {
	var groups []demand.Group
	for _, name := range t.managed() {
		b := t.p.Groups[name]
		groups = append(groups, demand.Group{
			Name: name, Kind: kinds[name], Max: b.Max, Room: max(0, b.Max-len(t.fleet.Group(name))), Priority: b.Priority, Spare: b.Spare,
		})
	}
	return groups
}
