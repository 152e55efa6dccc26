package demand

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"

// room finds the bins that may have room for a job without a look at all bins. It is a
// tree over the bins in their order: each node has the largest free amounts of the
// bins below it.
type room struct {
	n    int // bins
	most []queue.Shape
}

// anyDisk stands for a disk that is not known and therefore not compared.
const anyDisk = int(^uint(0) >> 1)

func (r *room) leaves() int { return len(r.most) / 2 }

// add appends a bin.
func (r *room) add(free queue.Shape) {
	if r.n == r.leaves() {
		old := *r
		r.most = make([]queue.Shape, max(2, 2*len(old.most)))
		for i := range r.most {
			r.most[i] = nothing
		}
		copy(r.most[r.leaves():], old.most[old.leaves():])
		for i := r.leaves() - 1; i > 0; i-- {
			r.most[i] = larger(r.most[2*i], r.most[2*i+1])
		}
	}
	r.n++
	r.set(r.n-1, free)
}

// nothing is less than anything that a job asks for.
var nothing = queue.Shape{Cpus: -1, MemoryMiB: -1, DiskKiB: -1, GPUs: -1}

// set changes what a bin has free.
func (r *room) set(i int, free queue.Shape) {
	free = larger(free, queue.Shape{}) // a job that asks for nothing fits also a bin that is overfull
	if free.DiskKiB == 0 {
		free.DiskKiB = anyDisk
	}
	r.put(i, free)
}

// close marks a bin as having room for nothing.
func (r *room) close(i int) { r.put(i, nothing) }

func (r *room) put(i int, free queue.Shape) {
	i += r.leaves()
	r.most[i] = free
	for i /= 2; i > 0; i /= 2 {
		r.most[i] = larger(r.most[2*i], r.most[2*i+1])
	}
}

func larger(a, b queue.Shape) queue.Shape {
	return queue.Shape{
		Cpus: max(a.Cpus, b.Cpus), MemoryMiB: max(a.MemoryMiB, b.MemoryMiB), DiskKiB: max(a.DiskKiB, b.DiskKiB), GPUs: max(a.GPUs, b.GPUs),
	}
}

func holds(most, asks queue.Shape) bool {
	return most.Cpus >= asks.Cpus && most.MemoryMiB >= asks.MemoryMiB && most.DiskKiB >= asks.DiskKiB && most.GPUs >= asks.GPUs
}

// next returns the first bin at or after a place that has room for what a job asks for;
// -1 if there is none.
func (r *room) next(from int, asks queue.Shape) int {
	if from >= r.n {
		return -1
	}
	i := from + r.leaves()
	for {
		if holds(r.most[i], asks) {
			if i >= r.leaves() {
				return i - r.leaves()
			}
			i *= 2
			continue
		}
		for i&1 == 1 { // the second of two siblings: go up to a node that has a next one
			i /= 2
		}
		if i == 0 {
			return -1
		}
		i++
	}
}
