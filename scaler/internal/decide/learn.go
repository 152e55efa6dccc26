package decide

import (
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// settledAfter is how long after its creation a worker shows all that it has:
// what its cloud-config mounts or starts comes later than the pool's daemon.
const settledAfter = 10 * time.Minute

// learn notes what a group's workers are in the pool, by the newest of each
// group: older ones may be of an earlier image or flavor.
func learn(r round, m Memory) Memory {
	m.Learned = copied(m.Learned)
	newest := newestInPool(r.fleet)
	for _, group := range slices.Sorted(maps.Keys(newest)) {
		w := newest[group]
		m.Learned[group] = learned(r, w, m.Learned[group])
		if domain, ok := r.facts.Queue.Traits.Attributes.Domain(w.Pool.Attributes); ok {
			m.Domain = domain
		}
	}
	return m
}

// newestInPool returns each group's newest worker in the pool.
func newestInPool(f fleet.Fleet) map[string]fleet.Worker {
	newest := map[string]fleet.Worker{}
	for _, w := range f.Workers {
		if !w.InPool || w.Phase == fleet.Foreign || w.Pool.Total.Cpus == 0 {
			continue
		}
		if n, ok := newest[w.Group]; !ok || !w.Node.Created.Before(n.Node.Created) {
			newest[w.Group] = w
		}
	}
	return newest
}

// learned returns what a worker shows of its group, with what was known before of
// workers that were made from the same: what no waiting job names is not fetched.
func learned(r round, w fleet.Worker, before Learned) Learned {
	l := Learned{Shape: w.Pool.Total, Flavor: w.Node.Flavor, Image: w.Node.Image, Spec: w.Node.SpecHash, Attributes: queue.Attributes{}}
	if before.Flavor == l.Flavor && before.Image == l.Image && before.Spec == l.Spec {
		maps.Copy(l.Attributes, before.Attributes)
	}
	// What a worker does not have soon after its start may be on its way.
	settled := r.now.Sub(w.Node.Created) >= settledAfter
	for name, v := range w.Pool.Attributes {
		if !r.facts.Queue.Traits.Attributes.Lasts(name, v, w.Name) || v == nil && !settled {
			delete(l.Attributes, name)
			continue
		}
		l.Attributes[name] = v
	}
	return l
}
