package decide_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Thousands of worlds with whatever may be wrong in them at once, three ticks each:
// no worker with a job, by the pool's or the queue's account, is ever removed, and
// no protected one; where facts are not whole, none that may have jobs.
func TestNoWorkerWithAJobIsRemovedWhateverIsWrong(t *testing.T) {
	statuses := []cluster.Status{cluster.StatusActive, cluster.StatusActive, cluster.StatusActive, cluster.StatusError, cluster.StatusBuild, "SHUTOFF", cluster.StatusUnknown}
	marks := []cluster.Leaving{cluster.Stays, cluster.Stays, cluster.LeaveIdle, cluster.LeaveIdle, cluster.LeaveJobsOK}
	removed, discarded := 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 7))
		one := func(in int) bool { return r.IntN(in) == 0 }
		w := newWorld(bounds(r.IntN(3), 3+r.IntN(10)))
		drained := ""
		for i := range 1 + r.IntN(8) {
			name := cluster.WorkerName("astro", "cpu", i+1)
			n := cluster.Node{
				ID: fmt.Sprint("s", i), Name: name, Role: cluster.RoleWorker, Group: "cpu", Status: statuses[r.IntN(len(statuses))],
				Created: ago(r.IntN(20000)), Batch: fmt.Sprint("b", r.IntN(3)), Protected: one(8),
			}
			w.facts.Cluster.Nodes = append(w.facts.Cluster.Nodes, n)
			if !one(4) {
				w.facts.Cluster.Document.Workers = append(w.facts.Cluster.Document.Workers,
					cluster.Member{Name: name, Batch: fmt.Sprint("b", r.IntN(3)), Leaving: marks[r.IntN(len(marks))]})
			}
			if one(6) {
				n.ID, n.Created = "twin-"+n.ID, ago(r.IntN(9000))
				w.facts.Cluster.Nodes = append(w.facts.Cluster.Nodes, n)
			}
			if !one(3) {
				pool(name, max(0, r.IntN(6)-3), r.IntN(2000))(&w)
				onServer([]string{"", fmt.Sprint("s", i), fmt.Sprint("twin-s", i)}[r.IntN(3)])(&w)
			}
			if one(4) {
				w.facts.Queue.OnNode[name] = r.IntN(3)
			}
			if one(3) {
				drained = fmt.Sprintf("cpu[%d]", i+1)
			}
		}
		report(drained, "")(&w)
		if one(3) {
			jobs(r.IntN(20))(&w)
		}
		if one(5) {
			w.facts.Queue.Partial = []string{"x"}
		}
		if one(5) {
			w.facts.Queue.PoolSince = ago(r.IntN(400))
		}
		if one(2) {
			watched(r.IntN(20000))(&w)
		}
		at, m := now, w.memory
		for range 3 {
			var out decide.Outcome
			out, m = decide.Tick(w.facts, w.policy, m, at)
			d := out.Decision
			removed, discarded = removed+len(d.Remove), discarded+len(d.Discard)
			for _, s := range slices.Concat(d.Remove, d.Discard, d.Drain) {
				worker, inPool := w.facts.Queue.Worker(s.Worker)
				i := slices.IndexFunc(w.facts.Cluster.Nodes, func(n cluster.Node) bool { return n.ID == s.Server })
				elsewhere := inPool && worker.Server != "" && s.Server != "" && worker.Server != s.Server
				if (worker.Running > 0 || w.facts.Queue.OnNode[s.Worker] > 0 && i >= 0) && !elsewhere {
					t.Fatalf("seed %d: %+v has jobs: %+v, %d by the queue", seed, s, worker, w.facts.Queue.OnNode[s.Worker])
				}
				if i >= 0 && w.facts.Cluster.Nodes[i].Protected {
					t.Fatalf("seed %d: %+v is protected", seed, s)
				}
				unsafe := len(w.facts.Queue.Partial) > 0 || at.Sub(w.facts.Queue.PoolSince) < w.policy.PoolSettle
				if _, listed := w.facts.Cluster.Document.Member(s.Worker); unsafe && listed && i >= 0 && w.facts.Cluster.Document.Enrolled(w.facts.Cluster.Nodes[i]) {
					t.Fatalf("seed %d: %+v is removed on partial facts, or by a young directory's", seed, s)
				}
			}
			at = at.Add(200 * time.Second)
			w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		}
	}
	if removed < 1000 || discarded < 50 {
		t.Errorf("%d removed, %d discarded: these worlds prove little", removed, discarded)
	}
}
