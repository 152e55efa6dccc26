// Package recordtest makes records of a small cluster for the tests of the packages
// that show records: every phase of a worker, jobs with every fate, real decisions.
package recordtest

import (
	"errors"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Noon is the time of the cluster.
var Noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Policy returns the scaler's policy for the cluster.
func Policy() decide.Policy {
	p := decide.DefaultPolicy()
	p.Groups["cpu"] = decide.Bounds{Min: 1, Max: 12}
	p.Groups["gpu"] = decide.Bounds{Max: 2, Shape: queue.Shape{GPUs: 1}}
	p.Groups["typo"] = decide.Bounds{Max: decide.Unsaid}
	return p
}

// Facts returns what is read at a time after Noon.
func Facts(after time.Duration) decide.Facts {
	now := Noon.Add(after)
	f := decide.Facts{
		Queue: queue.Snapshot{
			Traits:  queuetest.Traits(),
			Running: 5, OnNode: map[string]int{"astro-cpu-1": 4, "elsewhere": 1}, JobsAt: now, WorkersAt: now, PoolSince: Noon.Add(-24 * time.Hour),
			Jobs: []queue.JobGroup{
				{Key: "small", Asks: queue.Shape{Cpus: 1, MemoryMiB: 1024}, Takes: queue.Shape{Cpus: 1, MemoryMiB: 1024}, Count: 20, Oldest: Noon.Add(-2 * time.Minute), First: "12.0"},
				{Key: "huge", Asks: queue.Shape{Cpus: 1, MemoryMiB: 512 * 1024}, Takes: queue.Shape{Cpus: 1, MemoryMiB: 512 * 1024}, Count: 2, Oldest: Noon.Add(-3 * time.Hour), First: "9.0"},
				{Key: "gpu", Asks: queue.Shape{Cpus: 2, MemoryMiB: 4000, GPUs: 1}, Takes: queue.Shape{Cpus: 2, MemoryMiB: 4096, GPUs: 1}, Count: 1, Oldest: Noon.Add(-time.Minute), First: "13.0"},
			},
			Skipped: []queue.Skipped{{Why: "deferred to a later time", Count: 3, First: "11.0"}},
		},
		Cluster: cluster.View{Document: cluster.Document{
			ID: "0d9b", Name: "astro", Generation: 7,
			Groups: map[string]cluster.GroupSpec{
				"cpu":   {NodeSpec: cluster.NodeSpec{Flavor: "f4"}},
				"gpu":   {NodeSpec: cluster.NodeSpec{Flavor: "g8"}},
				"login": {NodeSpec: cluster.NodeSpec{Flavor: "f4"}},
			},
		}},
		Flavors: map[string]queue.Shape{"cpu": {Cpus: 4, MemoryMiB: 7872}, "gpu": {Cpus: 8, MemoryMiB: 31000}},
	}
	for _, w := range workers() {
		f.Cluster.Nodes = append(f.Cluster.Nodes, w.node)
		f.Cluster.Document.Workers = append(f.Cluster.Document.Workers, cluster.Member{Name: w.node.Name, Address: w.node.Address, Leaving: w.mark})
		if w.pool != nil {
			w.pool.Name, w.pool.Slots, w.pool.Total, w.pool.HeardAt = w.node.Name, 1, queue.Shape{Cpus: 4, MemoryMiB: 7800}, now
			f.Queue.Workers = append(f.Queue.Workers, *w.pool)
		}
	}
	f.Cluster.Document.Workers = append(f.Cluster.Document.Workers, cluster.Member{Name: "astro-cpu-9"})
	f.Queue.Workers = append(f.Queue.Workers, queue.Worker{
		Name: "elsewhere", Slots: 1, Total: queue.Shape{Cpus: 1, MemoryMiB: 2000}, Running: 1, State: "Claimed/Busy", HeardAt: now,
	})
	return f
}

type worker struct {
	node cluster.Node
	pool *queue.Worker
	mark cluster.Leaving
}

func workers() []worker {
	node := func(name string, status cluster.Status, age time.Duration) cluster.Node {
		return cluster.Node{
			ID: "id-" + name, Name: name, ClusterID: "0d9b", ClusterName: "astro", Role: cluster.RoleWorker, Group: "cpu",
			Address: "192.0.2." + name[len(name)-1:], Status: status, Zone: "nova", Flavor: "f4", Created: Noon.Add(-age),
		}
	}
	idle := node("astro-cpu-2", cluster.StatusActive, 3*time.Hour)
	idle.Protected = true
	broken := node("astro-cpu-5", cluster.StatusError, 20*time.Minute)
	broken.Fault = &cluster.Fault{Code: 500, Message: "No valid host was found"}
	gpu := node("astro-gpu-1", cluster.StatusActive, time.Hour)
	gpu.Group, gpu.Flavor, gpu.Address = "gpu", "g8", "192.0.2.21"
	return []worker{
		{node: node("astro-cpu-1", cluster.StatusActive, 26*time.Hour), pool: &queue.Worker{Running: 4, RanBefore: true, Free: queue.Shape{MemoryMiB: 3704}, State: "Claimed/Busy"}},
		{node: idle, pool: &queue.Worker{RanBefore: true, IdleSince: Noon.Add(-5 * time.Second), Free: queue.Shape{Cpus: 4, MemoryMiB: 7800}, State: "Unclaimed/Idle"}},
		{node: node("astro-cpu-3", cluster.StatusBuild, time.Minute)},
		{node: node("astro-cpu-4", cluster.StatusActive, time.Hour), mark: cluster.LeaveIdle, pool: &queue.Worker{RanBefore: true, IdleSince: Noon.Add(-10 * time.Minute), Draining: true, State: "Drained/Retiring"}},
		{node: broken},
		{node: node("astro-cpu-6", cluster.StatusActive, time.Hour)},
		{node: node("astro-cpu-7", cluster.StatusShutoff, 50*time.Hour)},
		{node: gpu, pool: &queue.Worker{RanBefore: true, IdleSince: Noon.Add(-time.Hour), Free: queue.Shape{Cpus: 0, MemoryMiB: 100}, State: "Unclaimed/Idle"}},
	}
}

// Records returns two rounds of the cluster, the latest last: in the second one the
// demand has lasted long enough, and its workers were made.
func Records() []record.Record {
	var m decide.Memory
	var records []record.Record
	for _, after := range []time.Duration{0, time.Minute} {
		var r record.Record
		r, m = Tick(Facts(after), m, Noon.Add(after))
		records = append(records, r)
	}
	last := &records[1]
	last.Added = []string{"astro-gpu-2"}
	last.Failed(errors.New("remove workers: server astro-cpu-6: it is locked"))
	last.Seconds = 21.4
	last.PartSeconds = record.PartSeconds{
		record.PartCluster: 0.3, record.PartQueue: 0.4, record.PartProject: 0.04, record.PartDeletions: 1.2, record.PartCreations: 19.46, record.PartRecord: 0.002,
	}
	return records
}

// Tick decides on facts and returns the record of that.
func Tick(f decide.Facts, m decide.Memory, now time.Time) (record.Record, decide.Memory) {
	in := record.Input{Facts: f, Policy: Policy(), Memory: m, Now: now}
	out, m := in.Decide()
	r := record.Record{Time: now, Seconds: 0.4}
	r.Decided(in, out)
	return r, m
}
