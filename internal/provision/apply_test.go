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

// testRequest wants a cluster "astro" with one group "cpu" of that many workers.
func testRequest(t *testing.T, workers int) Request {
	t.Helper()
	node := cluster.NodeSpec{Image: "img", Flavor: "fl", Network: "net"}
	fe := node
	fe.ExternalNetworkID = "ext"
	return Request{
		Spec: cluster.Spec{
			ID: "0f8a7f6e-0000-4000-8000-000000000001", Name: "astro", LoginUser: "astro", LoginUID: cluster.DefaultLoginUID,
			BatchSystem: "htcondor", FrontEnd: fe,
			Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: node, Count: workers}},
		},
		Wait: WaitJoined, DrainTimeout: 10 * time.Minute, CreatedBy: "here", Create: true,
	}
}

// bounded gives a run the deadline that Terraform's timeouts give it.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 45*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func apply(t *testing.T, c *memCloud, req Request) Result {
	t.Helper()
	res, err := New(c, Options{}).Apply(bounded(t), req)
	if err != nil {
		t.Fatalf("apply: %v\ncalls: %s", err, strings.Join(c.log, ", "))
	}
	return res
}

func names(c *memCloud) []string {
	c.mu.Lock() // a call that is carried out later may be under way
	defer c.mu.Unlock()
	var out []string
	for _, s := range c.present() {
		out = append(out, s.req.Name)
	}
	slices.SortFunc(out, cluster.CompareNames)
	return out
}

func wantNames(group string, numbers ...int) []string {
	out := []string{}
	for _, n := range numbers {
		out = append(out, cluster.WorkerName("astro", group, n))
	}
	return append(out, "astro-frontend")
}

func expectNames(t *testing.T, c *memCloud, want []string) {
	t.Helper()
	if got := names(c); !slices.Equal(got, want) {
		t.Errorf("servers %v, want %v", got, want)
	}
}

func document(t *testing.T, c *memCloud) cluster.Document {
	t.Helper()
	for _, s := range c.present() {
		if s.req.Role == cluster.RoleFrontEnd {
			d, err := cluster.DecodeDocument(s.metadata)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
	}
	t.Fatal("no front-end")
	return cluster.Document{}
}

func TestLifeOfACluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		res := apply(t, c, req)
		if len(res.Problems) > 0 {
			t.Fatalf("problems: %v", res.Problems)
		}
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
		d := document(t, c)
		if d.FrontEnd.CoordinatorKey == "" || d.Generation != 1 || len(d.Workers) != 3 {
			t.Errorf("document after create: %d workers, generation %d, front-end %v", len(d.Workers), d.Generation, d.FrontEnd)
		}
		if fe, _ := res.Nodes.FrontEnd(); fe.Floating == "" {
			t.Error("the front-end has no floating address")
		}
		firstWorker := slices.Index(c.log, "create astro-cpu-1")
		if frontEnd := slices.Index(c.log, "create astro-frontend"); frontEnd < firstWorker {
			t.Error("the front-end was created before the workers it must know")
		}

		req.Create = false
		grow(&req, 5)
		apply(t, c, req)
		expectNames(t, c, wantNames("cpu", 1, 2, 3, 4, 5))
		if d = document(t, c); d.Generation != 2 || len(d.Workers) != 5 {
			t.Errorf("document after growth: %d workers, generation %d", len(d.Workers), d.Generation)
		}

		grow(&req, 3, "astro-cpu-1", "astro-cpu-4")
		apply(t, c, req)
		expectNames(t, c, wantNames("cpu", 2, 3, 5))
		if d = document(t, c); d.Generation != 4 || len(d.Workers) != 3 {
			t.Errorf("document after shrink: %d workers, generation %d; want one change to mark and one to forget", len(d.Workers), d.Generation)
		}

		before := c.calls
		apply(t, c, req)
		if c.calls-before > 3 {
			t.Errorf("an apply with nothing to do took %d calls", c.calls-before)
		}
		if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
			t.Fatal(err)
		}
		expectEmpty(t, c)
	})
}

func grow(req *Request, count int, retire ...string) {
	g := req.Spec.Groups["cpu"]
	g.Count, g.Retire = count, retire
	req.Spec.Groups = map[string]cluster.GroupSpec{"cpu": g}
}

func expectEmpty(t *testing.T, c *memCloud) {
	t.Helper()
	if left := names(c); len(left) > 0 || len(c.ips) > 0 {
		t.Errorf("left after destroy: servers %v, floating IPs %v", left, c.ips)
	}
	for _, g := range c.groups {
		if g.ID != "other" {
			t.Errorf("left after destroy: server group %s", g.Name)
		}
	}
}

func TestCreateCallsStayWithinBudget(t *testing.T) {
	for _, n := range []int{1, 20, 50} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			req := testRequest(t, n)
			req.Wait, req.NameFree = WaitActive, true
			apply(t, c, req)
			most := n + 15
			if n == 1 {
				most += 2 // a single worker tells nothing of when the front-end is done: it is looked at more often
			}
			if c.calls > most {
				t.Errorf("%d workers took %d calls, want at most %d: %v", n, c.calls, most, c.log)
			}
			before := c.calls
			if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
				t.Fatal(err)
			}
			if spent := c.calls - before; spent > n+10 {
				t.Errorf("destroying %d workers took %d calls", n, spent)
			}
			asked := 0
			for _, op := range c.log[before:] {
				if op == "delete" {
					asked++
				}
			}
			if asked != n+1 {
				t.Errorf("%d servers were asked to go by %d calls", n+1, asked)
			}
		})
	}
}

func TestABusyVictimIsDeletedOnlyAfterTheDrainTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.busy["astro-cpu-2"] = true
		req.Create = false
		grow(&req, 1, "astro-cpu-2")
		start := time.Now()
		res := apply(t, c, req)
		if took := time.Since(start); took < req.DrainTimeout || took > req.DrainTimeout+5*time.Minute {
			t.Errorf("took %s, the drain timeout is %s", took, req.DrainTimeout)
		}
		if len(res.Problems) != 1 || res.Problems[0].Node != "astro-cpu-2" {
			t.Errorf("problems %v, want one about astro-cpu-2", res.Problems)
		}
		expectNames(t, c, wantNames("cpu", 1))
	})
}

func TestCheckName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p := New(c, Options{})
		if free, err := p.CheckName(t.Context(), "astro", "here", ""); err != nil || !free {
			t.Errorf("a free name: free %t, %v", free, err)
		}
		req := testRequest(t, 1)
		apply(t, c, req)
		var exists *ExistsError
		if _, err := p.CheckName(t.Context(), "astro", "here", ""); !errors.As(err, &exists) || !exists.Finished {
			t.Errorf("a finished cluster's name: %v", err)
		}
		for _, s := range c.present() {
			delete(s.metadata, cluster.MetaReady)
		}
		if _, err := p.CheckName(t.Context(), "astro", "elsewhere", "5f21"); !errors.As(err, &exists) || exists.Finished {
			t.Errorf("the name of another place's unfinished cluster: %v", err)
		}
		if free, err := p.CheckName(t.Context(), "astro", "here", ""); err != nil || free {
			t.Errorf("the name of our own unfinished cluster: free %t, %v", free, err)
		}
		if free, err := p.CheckName(t.Context(), "astro", "elsewhere", req.Spec.ID); err != nil || free {
			t.Errorf("the name of another place's cluster that is given up: free %t, %v", free, err)
		}
		req.Spec.ID, req.CreatedBy, req.Abandoned = "77aa", "elsewhere", req.Spec.ID
		apply(t, c, req)
		for _, s := range c.present() {
			if s.req.ClusterID != "77aa" {
				t.Errorf("%s of the cluster that is given up is still there", s.req.Name)
			}
		}
	})
}

// A caller that has just found the name free makes no run look again.
func TestANameFoundFreeIsNotLookedUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		req.NameFree = true
		apply(t, c, req)
		if c.log[0] != "create astro-cpu-1" {
			t.Errorf("the first call is %s", c.log[0])
		}
	})
}

func TestFind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p := New(c, Options{})
		if _, err := p.Find(t.Context(), "astro"); !cluster.IsKind(err, cluster.FaultNotFound) {
			t.Errorf("no cluster: %v", err)
		}
		req := testRequest(t, 1)
		apply(t, c, req)
		for _, ref := range []string{"astro", req.Spec.ID} {
			v, err := p.Find(t.Context(), ref)
			if err != nil || len(v.Nodes) != 2 || !v.HasDocument {
				t.Errorf("find %s: %d nodes, %v", ref, len(v.Nodes), err)
			}
		}
		other := cluster.NodeRequest{Name: "astro-cpu-1", ClusterID: "other", ClusterName: "astro", Role: cluster.RoleWorker}
		_, _ = c.CreateNode(t.Context(), other)
		c.log = nil
		if v, err := p.Find(t.Context(), "astro"); err != nil || len(v.Nodes) != 2 || len(v.Strangers) != 1 || len(c.log) != 1 {
			t.Errorf("beside an unfinished cluster: %d nodes, %d strangers, %v, calls %v", len(v.Nodes), len(v.Strangers), err, c.log)
		}
		other.Name, other.Role, other.Metadata = "astro-frontend", cluster.RoleFrontEnd, map[string]string{cluster.MetaReady: "1"}
		_, _ = c.CreateNode(t.Context(), other)
		if _, err := p.Find(t.Context(), "astro"); !cluster.IsKind(err, cluster.FaultAmbiguous) {
			t.Errorf("two clusters of one name: %v", err)
		}
	})
}

// A list still shows servers that a run deleted right before it was killed, or that
// another client deletes.
func TestANodeThatIsBeingDeletedIsMadeAnew(t *testing.T) {
	for _, name := range []string{"astro-cpu-2", "astro-frontend"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				made(t, c, &req)
				c.each(name, func(s *memServer) { s.deleted = time.Now() })
				apply(t, c, req)
				time.Sleep(memDelete)
				expectNames(t, c, wantNames("cpu", 1, 2, 3))
				if c.posts[name] != 2 || len(document(t, c).Workers) != 3 {
					t.Errorf("%s was made %d times, want 2; roster of %d, want 3", name, c.posts[name], len(document(t, c).Workers))
				}
			})
		})
	}
}
