package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

var errKilled = errors.New("killed")

// killAt makes the k-th call of a run its last: carried out, never answered, or refused. What
// the run does afterwards does not reach the cloud. It reports whether there was a k-th call.
func killAt(t *testing.T, c *memCloud, k int, act func(context.Context) error) (killed bool) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(bounded(t))
	defer cancel(nil)
	start := c.calls
	c.before = func(n int, _ string) error {
		if !killed && n-start > k { // the k-th was refused
			killed = true
			cancel(errKilled)
		}
		if killed {
			return errKilled
		}
		return nil
	}
	c.after = func(n int, _ string) error {
		if n-start == k {
			killed = true
			cancel(errKilled)
			return errKilled
		}
		return nil
	}
	err := act(ctx)
	c.before, c.after = nil, nil
	if killed && err == nil {
		// The last call of all: the run may have ended well without its answer.
		return true
	}
	if !killed && err != nil {
		t.Fatalf("run without a kill: %v", err)
	}
	return killed
}

// scene is a change that is interrupted: what was before, which nodes are there in the
// end, and which names lose one sound server, whether the change is interrupted or not.
type scene struct {
	name  string
	setup func(*testing.T, *memCloud, *Request)
	want  []string
	later []time.Duration // after the kill the next run begins; nil is at once
	loses []string
}

var scenes = []scene{
	{"create", func(*testing.T, *memCloud, *Request) {}, wantNames("cpu", 1, 2, 3), nil, nil},
	{"create in a server group", func(_ *testing.T, _ *memCloud, req *Request) {
		placed(req, cluster.Placement{ServerGroup: "anti-affinity"})
	}, wantNames("cpu", 1, 2, 3), nil, nil},
	{"create many, whose calls hang", func(_ *testing.T, c *memCloud, req *Request) {
		c.posting = starving(crowd).posting
		grow(req, crowd)
	}, wantNames("cpu", upTo(crowd)...), []time.Duration{2 * time.Minute}, nil},
	{"grow", func(t *testing.T, c *memCloud, req *Request) {
		apply(t, c, *req)
		req.Create = false
		grow(req, 5)
	}, wantNames("cpu", 1, 2, 3, 4, 5), nil, nil},
	{"shrink", func(t *testing.T, c *memCloud, req *Request) {
		apply(t, c, *req)
		req.Create = false
		grow(req, 1, "astro-cpu-1", "astro-cpu-3")
	}, wantNames("cpu", 2), nil, []string{"astro-cpu-1", "astro-cpu-3"}},
	{"lost front-end", func(t *testing.T, c *memCloud, req *Request) {
		made(t, c, req)
		c.lose(t, "astro-frontend")
	}, wantNames("cpu", 1, 2, 3), nil, nil},
	{"front-end made of something else, while the group grows and the CA changes", func(t *testing.T, c *memCloud, req *Request) {
		c.detach, req.Spec.FrontEnd.StateVolume = 30*time.Second, "v1"
		made(t, c, req)
		req.Spec.FrontEnd.Image, req.ReplaceFrontEnd = "img2", true
		req.CA = newCA(t)
		grow(req, 4)
	}, wantNames("cpu", 1, 2, 3, 4), nil, []string{"astro-frontend"}},
	{"last worker: create", func(t *testing.T, _ *memCloud, req *Request) {
		req.Spec.Coordinator, req.CA = cluster.CoordinatorLastWorker, newCA(t)
	}, wantNames("cpu", 1, 2, 3), aroundHandOver, nil},
	{"last worker: grow", func(t *testing.T, c *memCloud, req *Request) {
		req.Spec.Coordinator = cluster.CoordinatorLastWorker
		made(t, c, req)
		grow(req, 5)
	}, wantNames("cpu", 1, 2, 3, 4, 5), aroundHandOver, []string{"astro-cpu-5"}},
	{"last worker: grow while the CA changes", func(t *testing.T, c *memCloud, req *Request) {
		req.Spec.Coordinator = cluster.CoordinatorLastWorker
		made(t, c, req)
		req.CA = newCA(t)
		grow(req, 4)
	}, wantNames("cpu", 1, 2, 3, 4), aroundHandOver, []string{"astro-cpu-4"}},
	{"last worker: shrink", func(t *testing.T, c *memCloud, req *Request) {
		req.Spec.Coordinator = cluster.CoordinatorLastWorker
		made(t, c, req)
		grow(req, 1, "astro-cpu-1", "astro-cpu-3")
	}, wantNames("cpu", 2), nil, []string{"astro-cpu-1", "astro-cpu-3"}},
	{"a worker that was deleted, and one that never joined", func(t *testing.T, c *memCloud, req *Request) {
		c.deaf["2"] = true // the second server
		short, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		res, err := New(c, Options{}).Apply(short, *req)
		if err != nil {
			t.Fatal(err)
		}
		req.Known, req.Create = res.Nodes, false
		for i, n := range req.Known {
			switch {
			case c.deaf[n.ID]:
				req.Known[i].Status = cluster.StatusNotJoined
			case n.Name == "astro-cpu-3":
				delete(c.servers, n.ID)
			}
		}
	}, wantNames("cpu", 1, 2, 3), nil, nil},
}

// upTo returns the numbers from 1 to n.
func upTo(n int) []int {
	var out []int
	for i := range n {
		out = append(out, i+1)
	}
	return out
}

// aroundHandOver are times after the kill: the messenger is not there yet; it has
// come, but the front-end has not reported that; and long after.
var aroundHandOver = []time.Duration{0, memBoot, 10 * time.Minute}

// TestAKillAtAnyCallIsHealedByTheNextRun kills a run after its k-th call, for
// every k, and expects the next run to end with exactly what is wanted.
func TestAKillAtAnyCallIsHealedByTheNextRun(t *testing.T) {
	for _, scene := range scenes {
		if scene.later == nil {
			scene.later = []time.Duration{0}
		}
		for _, later := range scene.later {
			everyCall(t, fmt.Sprintf("%s/%s later", scene.name, later), func(t *testing.T, k int) bool {
				return scene.play(t, k, later)
			})
		}
	}
}

func (s scene) play(t *testing.T, k int, later time.Duration) (killed bool) {
	t.Helper()
	c := newMemCloud()
	req := testRequest(t, 3)
	s.setup(t, c, &req)
	killed = killAt(t, c, k, func(ctx context.Context) error {
		_, err := New(c, Options{}).Apply(ctx, req)
		return err
	})
	time.Sleep(later)
	res := again(t, c, &req)
	res.Problems = slices.DeleteFunc(res.Problems, func(p cluster.Problem) bool { return p.Summary == untoldSummary })
	if len(res.Problems) > 0 {
		t.Errorf("problems: %v", res.Problems)
	}
	if req.KeepWorkers && c.posts["astro-cpu-1"] != 1 {
		t.Error("a worker that was to stay was made anew")
	}
	c.expectNoWaste(t, s.loses)
	s.expect(t, c, req)
	return killed
}

// expectNoWaste wants no sound server to have been deleted, but one for each name in loses
// at most. A server that never joins is not sound. What an interrupted create has left under another ID is none: the
// cluster's CA ended with it, so no front-end can get into it.
func (c *memCloud) expectNoWaste(t *testing.T, loses []string) {
	t.Helper()
	id, lost := clusterID(c), map[string]int{}
	for _, s := range c.servers {
		if asked := !s.deleted.IsZero() && s.deleted.After(s.created); asked && s.req.ClusterID == id && !s.broken && !s.late && !c.deaf[s.id] {
			lost[s.req.Name]++
		}
	}
	for name, n := range lost {
		if n > 1 || !slices.Contains(loses, name) {
			t.Errorf("%d sound servers named %s were deleted, %v may lose one each", n, name, loses)
		}
	}
}

// expect wants exactly the scene's nodes in the cloud and in the roster, a front-end
// that can learn of more, and a destroy that leaves nothing.
func (s scene) expect(t *testing.T, c *memCloud, req Request) {
	t.Helper()
	expectNames(t, c, s.want)
	if d := document(t, c); len(d.Workers) != len(s.want)-1 {
		t.Errorf("roster of %d, want %d", len(d.Workers), len(s.want)-1)
	}
	if req.Spec.Coordinator == cluster.CoordinatorLastWorker {
		time.Sleep(10 * time.Minute)
		expectKnown(t, c)
		expectToGrow(t, c, req)
	}
	if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: clusterID(c)}, nil); err != nil {
		t.Fatal(err)
	}
	expectEmpty(t, c)
}

// again is the next apply after a kill: of a create, Terraform knows nothing, so
// it creates under a new ID; a finished cluster is in its state, or is imported.
func again(t *testing.T, c *memCloud, req *Request) Result {
	t.Helper()
	if req.Create {
		req.Spec.ID = "0f8a7f6e-0000-4000-8000-000000000002"
		c.mu.Lock()
		for _, s := range c.present() {
			if s.metadata[cluster.MetaReady] != "" {
				req.Spec.ID, req.Create = s.req.ClusterID, false
			}
		}
		c.mu.Unlock()
	}
	return apply(t, c, *req)
}

func clusterID(c *memCloud) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.present() {
		return s.req.ClusterID
	}
	return ""
}

func TestAKilledDestroyIsEndedByTheNext(t *testing.T) {
	for k := 1; ; k++ {
		killed := false
		t.Run(fmt.Sprintf("call=%d", k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				killed = killAt(t, c, k, func(ctx context.Context) error {
					return New(c, Options{}).Destroy(ctx, cluster.Ref{ID: req.Spec.ID}, nil)
				})
				if len(c.present()) == 0 && len(c.ips) > 0 {
					t.Errorf("floating IPs are left and no server of their cluster: %v", c.ips)
				}
				if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
					t.Fatal(err)
				}
				expectEmpty(t, c)
			})
		})
		if !killed {
			break
		}
	}
}
