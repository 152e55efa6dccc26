package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// sizes wants that many workers of the groups cpu and gpu; those of cpu with the lowest
// numbers stay.
func sizes(req *Request, cpu, gpu int) {
	before := req.Spec.Groups["cpu"]
	retire := wantNames("cpu", 1, 2, 3, 4, 5)[cpu:5]
	req.Spec.Groups = map[string]cluster.GroupSpec{"cpu": {NodeSpec: before.NodeSpec, Count: cpu, Retire: retire}, "gpu": {NodeSpec: before.NodeSpec, Count: gpu}}
}

// swapped returns the names of a cluster with workers 1 to cpu and 1 to gpu.
func swapped(cpu, gpu int) []string {
	var out []string
	for n := range cpu {
		out = append(out, cluster.WorkerName("astro", "cpu", n+1))
	}
	out = append(out, "astro-frontend")
	for n := range gpu {
		out = append(out, cluster.WorkerName("astro", "gpu", n+1))
	}
	return out
}

// times returns when the cloud has first got each call since a moment, counted from there.
func (c *memCloud) times(record map[string][]time.Duration) {
	begun := time.Now()
	c.before = func(_ int, op string) error {
		record[op] = append(record[op], time.Since(begun))
		return nil
	}
}

// Each row: a group shrinks by five while another one grows by five, on a cloud that takes
// three minutes to delete a server, as it is seen after four at most, and one to boot one. The
// whole takes as long as the longer of both, and the deletions of workers that need not be
// drained do not wait for the new ones.
func TestAShrinkAndAGrowthOverlap(t *testing.T) {
	for _, row := range []struct {
		name  string
		wait  Wait
		drain time.Duration
		most  time.Duration
		sent  time.Duration // latest deletion
	}{
		{"until joined, without a drain", WaitJoined, 0, 4*time.Minute + 30*time.Second, 0},
		{"until active", WaitActive, time.Hour, 4*time.Minute + 30*time.Second, 0},
		{"until joined, with a drain", WaitJoined, time.Hour, 4*time.Minute + 30*time.Second, 30 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 5)
				apply(t, c, req)
				c.yard = newYard(20, 20*time.Second, 3*time.Minute)
				req.Create, req.Wait, req.DrainTimeout = false, row.wait, row.drain
				sizes(&req, 0, 5)
				calls, begun, at := c.calls, time.Now(), map[string][]time.Duration{}
				c.times(at)
				res := apply(t, c, req)
				took, sent := time.Since(begun), slices.Max(at["delete"][:5]) // they are asked for again later
				t.Logf("%s, %d calls, the last deletion after %s", took, c.calls-calls, sent)
				if len(res.Problems) > 0 || took > row.most || sent > row.sent || slices.Max(at["create astro-gpu-5"]) > 0 {
					t.Errorf("took %s, problems %v, calls %v", took, res.Problems, at)
				}
				expectNames(t, c, swapped(0, 5))
				if d := document(t, c); len(d.Workers) != 5 || len(res.Document.Workers) != 5 {
					t.Errorf("roster %v", d.Workers)
				}
			})
		})
	}
}

// A worker is made anew when its name is free; the others are made at once.
func TestOnlyTakenNamesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		c.yard = newYard(20, 20*time.Second, 2*time.Minute)
		c.each("astro-cpu-2", func(s *memServer) { s.broken = true })
		req.Create = false
		sizes(&req, 3, 2)
		at := map[string][]time.Duration{}
		c.times(at)
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems %v", res.Problems)
		}
		expectNames(t, c, swapped(3, 2))
		if d := document(t, c); len(d.Workers) != 5 || d.Generation != 2 {
			t.Errorf("generation %d, roster %v", d.Generation, d.Workers)
		}
		if at["create astro-gpu-1"][0] > 0 || at["create astro-cpu-2"][0] < 2*time.Minute || at["create astro-cpu-2"][0] > 2*time.Minute+10*time.Second {
			t.Errorf("made after %v and %v", at["create astro-gpu-1"], at["create astro-cpu-2"])
		}
	})
}

// Each row: a server that is locked. The rest of the change comes about, and the error names
// the server.
func TestAServerThatStaysHoldsNothingElseUp(t *testing.T) {
	for _, row := range []struct {
		name, locked string
		cpu          int
		want         []string
		roster       int
	}{
		{"whose name is wanted", "astro-cpu-2", 3, swapped(3, 2), 5},
		{"whose name is not wanted", "astro-cpu-3", 2, swapped(3, 2), 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				c.each(row.locked, func(s *memServer) { s.broken = true })
				c.lockedNames = map[string]bool{row.locked: true}
				req.Create = false
				sizes(&req, row.cpu, 2)
				begun := time.Now()
				res, err := New(c, Options{}).Apply(bounded(t), req)
				var left *LeftError
				if !errors.As(err, &left) || !slices.Equal(left.Servers.Names(), []string{row.locked}) || time.Since(begun) > 5*time.Minute {
					t.Errorf("after %s: %v", time.Since(begun), err)
				}
				expectNames(t, c, row.want)
				if d := document(t, c); len(d.Workers) != row.roster || c.posts[row.locked] != 1 {
					t.Errorf("roster %v; problems %v", d.Workers, res.Problems)
				}
				c.lockedNames = nil
				if res := apply(t, c, req); len(res.Problems) > 0 {
					t.Errorf("problems %v", res.Problems)
				}
				expectNames(t, c, swapped(row.cpu, 2))
			})
		})
	}
}

// Workers are deleted as each has drained, those that run jobs when their time is over. The
// roster is changed once to mark them and once to forget them.
func TestWorkersLeaveAsTheyAreDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 4)
		apply(t, c, req)
		c.busy["astro-cpu-3"], c.busy["astro-cpu-4"] = true, true
		time.AfterFunc(5*time.Minute, func() { c.mu.Lock(); defer c.mu.Unlock(); delete(c.busy, "astro-cpu-3") })
		req.Create = false
		grow(&req, 1, "astro-cpu-2", "astro-cpu-3", "astro-cpu-4")
		at := map[string][]time.Duration{}
		c.times(at)
		res := apply(t, c, req)
		for i, want := range []time.Duration{0, 5 * time.Minute, 10 * time.Minute} {
			if len(at["delete"]) != 3 || at["delete"][i] < want || at["delete"][i] > want+time.Minute {
				t.Errorf("deletions after %v", at["delete"])
			}
		}
		if len(res.Problems) != 1 || res.Problems[0].Node != "astro-cpu-4" || !strings.Contains(res.Problems[0].Summary, "still running jobs") {
			t.Errorf("problems %v", res.Problems)
		}
		expectNames(t, c, wantNames("cpu", 1))
		if d := document(t, c); d.Generation != 3 || len(d.Workers) != 1 {
			t.Errorf("generation %d, roster %v", d.Generation, d.Workers)
		}
	})
}

// An apply that ends before a worker's time to drain does not delete it, nor does the next
// one, which finds the marks; those that are drained are gone.
func TestABusyVictimOutlivesTwoShortApplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		c.busy["astro-cpu-3"] = true
		req.Create, req.DrainTimeout = false, 2*time.Hour
		grow(&req, 1, "astro-cpu-2", "astro-cpu-3")
		for range 2 {
			_, err := New(c, Options{}).Apply(bounded(t), req)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "astro-cpu-3") || strings.Contains(err.Error(), "astro-cpu-2") {
				t.Errorf("error %v", err)
			}
			expectNames(t, c, wantNames("cpu", 1, 3))
		}
		delete(c.busy, "astro-cpu-3")
		apply(t, c, req)
		expectNames(t, c, wantNames("cpu", 1))
	})
}

// Each row: the quota is full, and one group shrinks by as many as another one grows. What
// leaves makes the room, drained or not; each refused call is made once more at most.
func TestAFullQuotaIsNoHindrance(t *testing.T) {
	for _, row := range []struct {
		name  string
		drain time.Duration
		busy  bool
	}{
		{"without a drain", 0, false},
		{"with a drain", 10 * time.Minute, false},
		{"with jobs that do not end", 10 * time.Minute, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 4)
				apply(t, c, req)
				c.maxed, c.busy["astro-cpu-4"] = 5, row.busy
				req.Create, req.DrainTimeout = false, row.drain
				sizes(&req, 1, 3)
				calls, begun := c.calls, time.Now()
				res := apply(t, c, req)
				t.Logf("%s, %d calls", time.Since(begun), c.calls-calls)
				for _, p := range res.Problems {
					if !row.busy || p.Node != "astro-cpu-4" {
						t.Errorf("problem %v", p)
					}
				}
				expectNames(t, c, swapped(1, 3))
				if d := document(t, c); len(d.Workers) != 4 {
					t.Errorf("roster %v", d.Workers)
				}
				if took := time.Since(begun); !row.busy && took > 3*time.Minute || took > row.drain+3*time.Minute {
					t.Errorf("took %s", took)
				}
				for n := 1; n <= 3; n++ {
					if asked := count(c.log, "create "+cluster.WorkerName("astro", "gpu", n)); asked > 2 {
						t.Errorf("%d create calls", asked)
					}
				}
			})
		})
	}
}

// Where the quota stays full, the workers that do not fit are problems, as ever.
func TestAQuotaThatStaysFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		c.maxed, req.Create, req.DrainTimeout = 4, false, 0
		sizes(&req, 2, 3)
		res := apply(t, c, req)
		if len(res.Problems) != 2 || !strings.Contains(res.Problems[0].Detail, "Quota exceeded") || !res.Problems[0].Heals {
			t.Errorf("problems %v", res.Problems)
		}
		if d := document(t, c); len(d.Workers) != 3 {
			t.Errorf("roster %v", d.Workers)
		}
	})
}

// Each row is killed at every call; the next run ends with exactly what is wanted.
func TestAKillWhileGroupsAreSwapped(t *testing.T) {
	begin := func(drain time.Duration, cpu int, arrange func(*memCloud)) func(*testing.T, *memCloud, *Request) {
		return func(t *testing.T, c *memCloud, req *Request) {
			apply(t, c, *req)
			req.Create, req.DrainTimeout = false, drain
			sizes(req, cpu, 2)
			arrange(c)
		}
	}
	broken := func(c *memCloud) { c.each("astro-cpu-1", func(s *memServer) { s.broken = true }) }
	for _, s := range []scene{
		{"without a drain", begin(0, 1, func(*memCloud) {}), swapped(1, 2), nil, wantNames("cpu", 2, 3)},
		{"with a drain", begin(10*time.Minute, 1, func(*memCloud) {}), swapped(1, 2), nil, wantNames("cpu", 2, 3)},
		{"at a full quota", begin(10*time.Minute, 1, func(c *memCloud) { c.maxed = 4 }), swapped(1, 2), nil, wantNames("cpu", 2, 3)},
		{"with a repair", begin(0, 3, broken), swapped(3, 2), nil, nil},
	} {
		everyCall(t, s.name, func(t *testing.T, k int) bool { return s.play(t, k, 0) })
	}
}
