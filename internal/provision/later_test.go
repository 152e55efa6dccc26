package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// killStranding kills a run at its k-th call. If that makes a server, this call and
// the others of that kind that were under way are carried out later; all others never
// are. It reports whether there was a k-th call, and how many are carried out later.
func killStranding(t *testing.T, c *memCloud, k int, later time.Duration, act func(context.Context) error) (killed bool, stranded int) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(bounded(t))
	defer cancel(nil)
	start, seen := c.calls, map[string]bool{}
	c.strands = func(n int, op string) (time.Duration, bool) {
		makes := strings.HasPrefix(op, "create astro-") && !seen[op]
		if n-start < k || !makes {
			return 0, false
		}
		killed, seen[op] = true, true
		stranded++
		cancel(errKilled)
		return later, true
	}
	c.before = func(n int, op string) error {
		if n-start < k {
			return nil
		}
		if !killed && !strings.HasPrefix(op, "create astro-") || killed && seen[op] {
			killed = true
			cancel(errKilled)
			return errKilled
		}
		return nil
	}
	_ = act(ctx)
	c.before, c.strands = nil, nil
	return killed, stranded
}

// lateScenes are scenes that make servers, one of each kind.
func lateScenes() []scene {
	return slices.DeleteFunc(slices.Clone(scenes), func(s scene) bool {
		return !slices.Contains([]string{"create", "grow", "lost front-end", "last worker: create"}, s.name)
	})
}

// TestAKillWithRequestsThatAreCarriedOutLater kills a run whose create calls are under
// way, and begins the next one at once. At whichever moment the servers appear, the
// next run, or a refresh and the run after it, end with exactly what is wanted.
func TestAKillWithRequestsThatAreCarriedOutLater(t *testing.T) {
	for _, scene := range lateScenes() {
		for _, later := range []time.Duration{25 * time.Second, time.Minute, 5 * time.Minute} {
			everyCall(t, fmt.Sprintf("%s/%s", scene.name, later), func(t *testing.T, k int) bool {
				return scene.playLater(t, k, later)
			})
		}
	}
}

func (s scene) playLater(t *testing.T, k int, later time.Duration) (killed bool) {
	t.Helper()
	c := newMemCloud()
	req := testRequest(t, 3)
	s.setup(t, c, &req)
	killed, stranded := killStranding(t, c, k, later, func(ctx context.Context) error {
		_, err := New(c, Options{}).Apply(ctx, req)
		return err
	})
	if stranded == 0 {
		return killed // TestAKillAtAnyCallIsHealedByTheNextRun has this case
	}
	posts := c.made()
	again(t, c, &req)
	time.Sleep(later)
	if made := c.made() - posts; made < stranded {
		t.Fatalf("%d servers made, %d were under way", made, stranded)
	}
	req.Create = false
	v, err := New(c, Options{}).Refresh(t.Context(), req.ref(), nil)
	if err != nil || len(v.Nodes)+len(v.Leftovers) != len(names(c)) || len(v.Strangers) > 0 {
		t.Fatalf("a refresh shows %v, and left over %v, of %v; %v", v.Nodes.Names(), v.Leftovers.Names(), names(c), err)
	}
	req.Known = v.Nodes
	if res := apply(t, c, req); len(res.Problems)+len(res.Leftovers) > 0 {
		t.Errorf("problems %v, left over %v", res.Problems, res.Leftovers.Names())
	}
	s.expect(t, c, req)
	return killed
}

// The orphan: a provider is killed while its create calls are under way, and the next
// apply makes the cluster beside them. They appear d after that.

func orphans(t *testing.T, d time.Duration) (*memCloud, Request) {
	t.Helper()
	c := newMemCloud()
	req := testRequest(t, 8)
	_, stranded := killStranding(t, c, 2, d, func(ctx context.Context) error {
		_, err := New(c, Options{}).Apply(ctx, req)
		return err
	})
	if stranded != 8 {
		t.Fatalf("%d create calls were under way, want 8", stranded)
	}
	again(t, c, &req)
	req.Create = false
	return c, req
}

// What appears while a create runs is deleted by it, at whichever moment.
func TestARunningCreateRemovesOrphans(t *testing.T) {
	for d := 5 * time.Second; d <= time.Minute; d += 5 * time.Second {
		synctest.Test(t, func(t *testing.T) {
			c, _ := orphans(t, d)
			expectNames(t, c, wantNames("cpu", 1, 2, 3, 4, 5, 6, 7, 8))
		})
	}
}

func TestADestroyRemovesOrphans(t *testing.T) {
	const late = time.Hour
	for _, row := range []struct {
		name string
		at   time.Duration // when the destroy begins: before or after they appear
	}{
		{"that are there", late + time.Second},
		{"that appear while it waits", late - memDelete/2},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				c, req := orphans(t, late)
				time.Sleep(time.Until(begin.Add(row.at)))
				p := New(c, Options{})
				ref := req.ref()
				ref.CreatedBy = "elsewhere"
				if v, err := p.Refresh(t.Context(), ref, nil); err != nil || len(v.Leftovers) > 0 {
					t.Errorf("seen from elsewhere: %v, %v", v.Leftovers.Names(), err)
				}
				if err := p.Destroy(bounded(t), req.ref(), nil); err != nil {
					t.Fatal(err)
				}
				expectEmpty(t, c)
				time.Sleep(late)
				expectEmpty(t, c)
			})
		})
	}
}

// Orphans that can't be deleted cost the cluster nothing: they are a problem, and stay
// known.
func TestOrphansThatCannotBeDeleted(t *testing.T) {
	for _, hurdle := range []struct {
		name string
		put  func(*memCloud)
	}{
		{"locked", func(c *memCloud) { c.lockedNames = map[string]bool{"astro-cpu-3": true} }},
		{"stuck", func(c *memCloud) { c.sticky = map[string]bool{"astro-cpu-3": true} }},
	} {
		t.Run(hurdle.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, req := orphans(t, time.Hour)
				time.Sleep(time.Hour)
				hurdle.put(c)
				grow(&req, 9)
				res := apply(t, c, req)
				if len(res.Problems) != 1 || !res.Problems[0].Heals || !strings.Contains(res.Problems[0].Detail, "astro-cpu-3") {
					t.Errorf("problems %v", res.Problems)
				}
				if !slices.Contains(res.Leftovers.Names(), "astro-cpu-3") || len(document(t, c).Workers) != 9 {
					t.Errorf("left over %v; roster of %d, want 9", res.Leftovers.Names(), len(document(t, c).Workers))
				}
			})
		})
	}
}

// A refresh reads its cluster, the document and all of the name in one call.
func TestARefreshIsOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, req := orphans(t, time.Hour)
		time.Sleep(time.Hour)
		c.log = nil
		v, err := New(c, Options{}).Refresh(t.Context(), req.ref(), nil)
		if err != nil || !slices.Equal(c.log, []string{"list"}) {
			t.Errorf("calls %v, %v", c.log, err)
		}
		if len(v.Nodes) != 9 || len(v.Leftovers) != 8 || !v.HasDocument {
			t.Errorf("%d nodes, %d left over, document: %t", len(v.Nodes), len(v.Leftovers), v.HasDocument)
		}
	})
}

// Servers of the name from another place, and of a finished cluster, are never touched.
func TestStrangersStay(t *testing.T) {
	for _, metadata := range []map[string]string{
		{cluster.MetaCreatedBy: "elsewhere"}, {}, {cluster.MetaCreatedBy: "here", cluster.MetaReady: "1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			req := testRequest(t, 2)
			apply(t, c, req)
			req.Create = false
			theirs, err := c.CreateNode(t.Context(), cluster.NodeRequest{
				Name: "astro-cpu-3", ClusterID: "theirs", ClusterName: "astro", Role: cluster.RoleWorker, Group: "cpu", Metadata: metadata,
			})
			if err != nil {
				t.Fatal(err)
			}
			p := New(c, Options{})
			v, err := p.Refresh(t.Context(), req.ref(), nil)
			if err != nil || len(v.Strangers) != 1 || v.Strangers[0].ID != theirs || len(v.Leftovers) > 0 || len(v.Nodes) != 3 {
				t.Errorf("strangers %v, left over %v, nodes %v; %v", v.Strangers.Names(), v.Leftovers.Names(), v.Nodes.Names(), err)
			}
			grow(&req, 3)
			apply(t, c, req)
			if err := p.Destroy(bounded(t), req.ref(), nil); err != nil {
				t.Fatal(err)
			}
			if left := c.present(); len(left) != 1 || left[0].id != theirs {
				t.Errorf("left: %v", names(c))
			}
		})
	}
}

// A scaler's create call comes about after its cluster was destroyed. The next create at
// the place of that cluster takes the worker for what it is.
func TestAWorkerOfAScalerOutlivesItsCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		apply(t, c, req)
		c.strands = func(_ int, op string) (time.Duration, bool) { return time.Hour, op == "create astro-cpu-2" }
		scaler := Steps{New(c, Options{Owner: cluster.OwnerScaler})}
		_, _ = scaler.Post(bounded(t), cluster.Ref{ID: req.Spec.ID}, []Order{{Group: "cpu", Count: 1}})
		c.strands = nil
		if err := New(c, Options{}).Destroy(bounded(t), req.ref(), nil); err != nil {
			t.Fatal(err)
		}
		expectEmpty(t, c)
		time.Sleep(time.Hour)
		expectNames(t, c, []string{"astro-cpu-2"})
		req.Spec.ID = "0f8a7f6e-0000-4000-8000-000000000002"
		apply(t, c, req)
		expectNames(t, c, wantNames("cpu", 1))
	})
}
