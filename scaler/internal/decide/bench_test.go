package decide_test

import (
	"fmt"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// One tick over 50,000 waiting jobs of some hundred kinds, and 500 workers.
func BenchmarkTick50000Jobs(b *testing.B) {
	w := newWorld(bounds(0, 10_000), unmetFor(60))
	for i := range 500 {
		name := cluster.WorkerName("astro", "cpu", i+1)
		node(name, 9000)(&w)
		pool(name, i%4, 30)(&w)
	}
	for i := range 200 {
		asks := queue.Shape{Cpus: 1 + i%4, MemoryMiB: 500 + 10*i}
		w.facts.Queue.Jobs = append(w.facts.Queue.Jobs, queue.JobGroup{
			Key: fmt.Sprintf("pool/%d", i), Asks: asks, Takes: asks, Count: 250, First: fmt.Sprintf("%d.0", i), Oldest: ago(600),
		})
	}
	needed := 0
	for b.Loop() {
		out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
		needed = out.Demand.New()
	}
	b.ReportMetric(float64(len(w.facts.Queue.Jobs)), "groups")
	b.ReportMetric(float64(needed), "workers")
}
