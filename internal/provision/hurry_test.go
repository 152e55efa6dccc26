package provision

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// starving makes a cloud that carries out 13 of the first create calls after a minute and a
// half only, and the others within 3 s, as a busy Nova of two API workers did with the create
// calls of 50 workers.
func starving(workers int) *memCloud {
	c := newMemCloud()
	c.posting = map[string]time.Duration{}
	for i := range workers {
		c.posting[cluster.WorkerName("astro", "cpu", i+1)] = 2500 * time.Millisecond
	}
	for i := range 13 {
		c.posting[cluster.WorkerName("astro", "cpu", i+1)] = 57*time.Second + time.Duration(i)*3*time.Second
	}
	return c
}

// Create calls that hang hold up only their own workers: the front-end is made beside them,
// and they are enrolled later, by one write, or by two if a front-end has joined the others
// before the last one has an address. Each row: what is done to the cloud, the workers,
// whether the front-end is made before the last call is answered, and the workers that are not
// made.
func TestCreateCallsThatHangDoNotHoldTheFrontEndUp(t *testing.T) {
	for _, row := range []struct {
		name    string
		spoil   func(*memCloud)
		workers int
		beside  bool
		lost    int
	}{
		{"many hang", func(*memCloud) {}, crowd, true, 0},
		{"many hang, of fewer workers", func(*memCloud) {}, crowd - 1, false, 0},
		{"none hangs", func(c *memCloud) { c.posting = nil }, crowd, false, 0},
		{"no worker has an address yet", func(c *memCloud) {
			c.yard = newYard(100, 2*time.Minute, time.Second)
			for name := range c.posting {
				c.yard.slow[name] = time.Minute
			}
		}, crowd, false, 0},
		{"some that hang are refused", func(c *memCloud) { c.maxed = crowd - 2 }, crowd, true, 3},
		{"a worker that came early is built once more", func(c *memCloud) { c.broken["astro-cpu-20"] = 1 }, crowd, true, 0},
	} {
		for until, generations := range map[Wait]int64{WaitActive: 2, WaitJoined: 3} {
			t.Run(fmt.Sprintf("%s, %s", row.name, until), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := starving(row.workers)
					row.spoil(c)
					req := testRequest(t, row.workers)
					req.Wait, req.NameFree = until, true
					res := apply(t, c, req)
					if len(res.Problems) != row.lost {
						t.Errorf("problems: %v", res.Problems)
					}
					var frontEnd, last time.Time
					for _, s := range c.present() {
						if s.req.Role == cluster.RoleFrontEnd {
							frontEnd = s.created
						} else if s.created.After(last) {
							last = s.created
						}
					}
					if beside := frontEnd.Before(last.Add(-30 * time.Second)); beside != row.beside {
						t.Errorf("the front-end was made %s before the last worker", last.Sub(frontEnd))
					}
					d := document(t, c)
					if len(d.Workers) != row.workers-row.lost || d.Generation > generations || len(c.present()) != row.workers-row.lost+1 {
						t.Errorf("a roster of %d, generation %d, %d servers", len(d.Workers), d.Generation, len(c.present()))
					}
					if until == WaitActive && len(res.Problems) == 0 && c.calls > row.workers+15+3 {
						t.Errorf("%d calls: %v", c.calls, c.log)
					}
				})
			})
		}
	}
}

// A front-end that can't be made ends the apply when the create calls beside it are answered:
// every server that there is goes into the state.
func TestAFailedFrontEndLeavesNoWorkerUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := starving(crowd)
		c.before = func(_ int, op string) error {
			if strings.HasSuffix(op, "frontend") {
				return &cluster.CloudError{Kind: cluster.FaultBadRequest, Op: op, Code: 400, Message: "Invalid key_name provided."}
			}
			return nil
		}
		req := testRequest(t, crowd)
		req.NameFree = true
		res, err := New(c, Options{}).Apply(bounded(t), req)
		if err == nil || len(res.View.Nodes) != crowd || len(c.present()) != crowd {
			t.Errorf("%v; %d nodes in the result, %d servers", err, len(res.View.Nodes), len(c.present()))
		}
	})
}
