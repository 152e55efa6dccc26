package loop_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// gangOf is a queue with one job on several whole workers.
type gangOf struct {
	*sim
	nodes int
}

func (g gangOf) Read(context.Context) (queue.Snapshot, error) {
	q, err := g.readQueue()
	whole := queue.Shape{Cpus: cpusEach, MemoryMiB: 4000}
	q.Jobs = []queue.JobGroup{{Key: "gang", Asks: whole, Takes: whole, Nodes: g.nodes, Count: 1, First: "7.0", Oldest: g.start}}
	return q, err
}

// The new workers of one job are made by one call, also those of two groups. Where the
// quota has no room for all, there is no call.
func TestTheWorkersOfAGangAreMadeByOneCall(t *testing.T) {
	for _, tt := range []struct{ nodes, quota, posts int }{{3, 0, 1}, {6, 0, 1}, {6, 5, 0}, {9, 0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.quota = tt.quota
			s.doc.Groups["mem"] = cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Flavor: "f"}}
			l := newLoop(s, 4)
			l.Policy.Groups["mem"] = decide.Bounds{Max: 4}
			l.Queue = gangOf{s, tt.nodes}
			running(t, l, 6*time.Minute) // the workers are in the pool by then
			if s.created != tt.posts*tt.nodes || s.posts != tt.posts || s.removed > 0 {
				t.Errorf("%d workers for a job on %d with a quota of %d, by %d calls, %d removed: %v", s.created, tt.nodes, tt.quota, s.posts, s.removed, s.calls)
			}
		})
	}
}
