package demand

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// The tree finds the bins that a look at each of them would.
func TestRoomFindsWhatALookAtEachBinFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) // the same numbers each time
	shape := func() queue.Shape {
		return queue.Shape{Cpus: r.IntN(5) - 1, MemoryMiB: r.IntN(4) * 1000, DiskKiB: r.IntN(3) * 50, GPUs: r.IntN(2)}
	}
	for range 200 {
		var tree room
		var bins []queue.Shape
		for range r.IntN(40) {
			bins = append(bins, shape())
			tree.add(bins[len(bins)-1])
		}
		for range 20 {
			if len(bins) > 0 {
				i := r.IntN(len(bins))
				bins[i] = shape()
				tree.set(i, bins[i])
			}
			asks := queue.Shape{Cpus: r.IntN(4), MemoryMiB: r.IntN(4000), DiskKiB: r.IntN(80), GPUs: r.IntN(2)}
			var want, got []int
			for i, b := range bins {
				if b.Holds(asks, 1) == 1 {
					want = append(want, i)
				}
			}
			for i := tree.next(0, asks); i >= 0; i = tree.next(i+1, asks) {
				got = append(got, i)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%v in %v: found %v, want %v", asks, bins, got, want)
			}
		}
	}
}

// Workers that are alike are judged together, but not where a job names one.
func TestARequirementThatNamesAWorker(t *testing.T) {
	in := Input{Traits: queuetest.Traits(), Jobs: []queue.JobGroup{{Key: "a", Asks: queue.Shape{Cpus: 1}, Takes: queue.Shape{Cpus: 1}, Count: 3, Requires: queuetest.Has("machine", "w2")}}}
	for _, name := range []string{"w1", "w2", "w3"} {
		in.Fleet.Workers = append(in.Fleet.Workers, fleet.Worker{Name: name, Group: "cpu", Phase: fleet.Idle, InPool: true, Pool: queue.Worker{
			Free: queue.Shape{Cpus: 2}, Attributes: queue.Attributes{"machine": name, "arch": "X86_64"},
		}})
	}
	d := Compute(in)
	if d.On("w2") != 2 || d.On("w1")+d.On("w3") != 0 {
		t.Errorf("packed onto w1 %d, w2 %d, w3 %d", d.On("w1"), d.On("w2"), d.On("w3"))
	}
}

// Of workers that are alike one may have given its GPUs away.
func TestFreeGPUsMakeADifference(t *testing.T) {
	one := queue.Shape{Cpus: 1, GPUs: 1}
	in := Input{Traits: queuetest.Traits(), Jobs: []queue.JobGroup{{Key: "a", Asks: one, Takes: one, Count: 1, Requires: queuetest.FreeGPUs(3)}}}
	for i, free := range []int{1, 4} {
		in.Fleet.Workers = append(in.Fleet.Workers, fleet.Worker{
			Name: fmt.Sprint("w", i+1), Group: "gpu", Phase: fleet.Idle, InPool: true, Pool: queue.Worker{Free: queue.Shape{Cpus: 8, GPUs: free}},
		})
	}
	if d := Compute(in); d.On("w2") != 1 {
		t.Errorf("placements %+v, unmet %+v", d.Placements, d.Unmet)
	}
}

// In a queue in which each job asks for something else a few get their reason with
// their own numbers, and the others the same in general.
func TestThousandsOfReasons(t *testing.T) {
	in := Input{Groups: []Group{{Name: "cpu", Kind: Kind{Shape: queue.Shape{Cpus: 4, MemoryMiB: 8000}}, Max: 5, Room: 5}}}
	for i := range 5000 {
		asks := queue.Shape{Cpus: 1, MemoryMiB: 9000 + i}
		in.Jobs = append(in.Jobs, queue.JobGroup{Key: fmt.Sprint(i), Asks: asks, Takes: asks, Count: 1, First: fmt.Sprintf("%d.0", i)})
	}
	d := Compute(in)
	why, jobs := map[string]int{}, 0
	for _, u := range d.Unmet {
		why[u.Why.Brief()] += u.Count
		jobs += u.Count
		if !u.Never || !strings.Contains(u.Why.Brief(), "worker_too_small group=cpu what=memory has=7.8 GiB") {
			t.Fatalf("%+v", u)
		}
	}
	if jobs != 5000 || len(why) < 2 || len(why) > mostOwn+1 || why["no_group_ever_fits why=(worker_too_small group=cpu what=memory has=7.8 GiB)"] != 5000-mostOwn {
		t.Errorf("%d jobs, %d reasons: %v", jobs, len(why), why)
	}
}
