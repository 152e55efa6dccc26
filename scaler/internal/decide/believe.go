package decide

import (
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// mostOvercommit is how many times a flavor's CPUs, memory and GPUs a worker may offer.
// An operator may have it offer more than it has. A worker that offers more than that
// is wrong, or wants to be believed: what it says is also what the scaler expects of its
// group's next workers.
const mostOvercommit = 4

// believeAmounts cuts what workers say that they have to their flavors, where they say
// far more.
func believeAmounts(f *fleet.Fleet, facts Facts) {
	for i := range f.Workers {
		w := &f.Workers[i]
		flavor, known := facts.Flavors[w.Group]
		if !w.InPool || !known || w.Node.Flavor != facts.Cluster.Document.Groups[w.Group].Flavor {
			continue
		}
		total, free := w.Pool.Total, w.Pool.Free
		total.Cpus, free.Cpus = cut(total.Cpus, free.Cpus, flavor.Cpus)
		total.MemoryMiB, free.MemoryMiB = cut(total.MemoryMiB, free.MemoryMiB, flavor.MemoryMiB)
		total.GPUs, free.GPUs = cut(total.GPUs, free.GPUs, flavor.GPUs)
		if total != w.Pool.Total {
			f.Doubts = append(f.Doubts, fleet.Doubt{About: w.Name, Why: reason.New(reason.PoolTooMuch,
				reason.Text("said", w.Pool.Total.String()), reason.Text("has", flavor.String()))})
		}
		w.Pool.Total, w.Pool.Free = total, free
	}
}

// cut returns the amounts in all and free, cut to the flavor's where the first is far
// more. A flavor's amount of 0 is not known.
func cut(total, free, flavor int) (all, left int) {
	if flavor <= 0 || total <= mostOvercommit*flavor {
		return total, free
	}
	return flavor, min(free, flavor)
}

// explainDoubts says what of the pool's words counts for nothing.
func explainDoubts(f fleet.Fleet) (d Decision) {
	for _, doubt := range f.Doubts {
		d.note(doubt.About, doubt.Why)
	}
	return d
}
