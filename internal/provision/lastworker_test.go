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

// toldByLastWorker is a cluster on a cloud without a metadata service, and the
// request of its next apply.
func toldByLastWorker(t *testing.T, c *memCloud, workers int) Request {
	t.Helper()
	req := testRequest(t, workers)
	req.Spec.Coordinator = cluster.CoordinatorLastWorker
	made(t, c, &req)
	return req
}

// expectKnown wants the front-end to know every worker of the document.
func expectKnown(t *testing.T, c *memCloud) (has, wants cluster.Document) {
	t.Helper()
	wants = document(t, c)
	has, err := c.brought(c.server(t, "astro-frontend"))
	missing := slices.ContainsFunc(wants.Workers, func(m cluster.Member) bool { return !slices.Contains(has.Workers, m) })
	if err != nil || missing || has.CA != wants.CA {
		t.Errorf("the front-end has generation %d, %v; the document is %d, %v (%v)", has.Generation, has.Workers, wants.Generation, wants.Workers, err)
	}
	return has, wants
}

// expectTold wants the front-end to know no other worker either, under the same
// generation.
func expectTold(t *testing.T, c *memCloud) {
	t.Helper()
	if has, wants := expectKnown(t, c); has.Generation != wants.Generation || len(has.Workers) != len(wants.Workers) {
		t.Errorf("the front-end has generation %d of %v; the document is %d of %v", has.Generation, has.Workers, wants.Generation, wants.Workers)
	}
}

// expectToGrow adds a worker, and wants the front-end to know everybody then.
func expectToGrow(t *testing.T, c *memCloud, req Request) {
	t.Helper()
	grow(&req, req.Spec.Groups["cpu"].Count+1)
	req.Spec.ID, req.Create, req.Last = clusterID(c), false, document(t, c)
	if res := apply(t, c, req); len(res.Problems) > 0 {
		t.Errorf("growing once more: problems %v", res.Problems)
	}
	time.Sleep(10 * time.Minute)
	expectTold(t, c)
}

// A cloud with config drives only: grown by several, by one, shrunk, grown.
func TestTheLastWorkerBringsTheRoster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := toldByLastWorker(t, c, 2)
		for _, step := range []struct {
			count  int
			retire string
			want   []string
			says   string // part of the one problem
		}{
			{4, "", wantNames("cpu", 1, 2, 3, 4), ""},
			{5, "", wantNames("cpu", 1, 2, 3, 4, 5), ""},
			{4, "astro-cpu-2", wantNames("cpu", 1, 3, 4, 5), "learns of astro-cpu-2 with the next worker"},
			{5, "", wantNames("cpu", 1, 2, 3, 4, 5), ""},
		} {
			grow(&req, step.count, step.retire)
			res := apply(t, c, req)
			expectNames(t, c, step.want)
			switch {
			case step.says == "" && len(res.Problems) > 0:
				t.Errorf("%d workers: problems %v", step.count, res.Problems)
			case step.says != "" && (len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Detail, step.says)):
				t.Errorf("%d workers: problems %v, want one that says %q", step.count, res.Problems, step.says)
			}
			for _, s := range c.present() {
				if !s.req.ConfigDrive {
					t.Errorf("%s has no config drive", s.req.Name)
				}
			}
			if step.says == "" {
				expectTold(t, c)
			}
			req.Last = res.Document
		}
		if slices.Contains(c.log, "report") || slices.Contains(c.log, "clear report") {
			t.Error("the metadata service's slot was used")
		}
		if _, err := (Steps{New(c, Options{})}).Post(bounded(t), req.ref(), []Order{{Group: "cpu", Count: 1}}); !errors.Is(err, ErrGrowsByTerraform) {
			t.Errorf("a scaler adds a worker: %v", err)
		}
		req.Keys = nil
		grow(&req, 6)
		if _, err := New(c, Options{}).Apply(bounded(t), req); !errors.Is(err, ErrCAKey) {
			t.Errorf("without the CA's key: %v", err)
		}
	})
}

// The messenger may not come up. Then the front-end learns nothing: no worker that it
// does not know is waited for, each worker in no roster is named, and the next apply
// mends it.
func TestALastWorkerThatDoesNotComeUp(t *testing.T) {
	for _, row := range []struct {
		name    string
		have    int
		change  func(*testing.T, *memCloud, *Request)
		named   []string // in problems
		roster  int
		workers int // in the end
	}{
		{"one of several", 1, func(_ *testing.T, c *memCloud, req *Request) {
			c.broken["astro-cpu-4"] = 2
			grow(req, 4)
		}, []string{"astro-cpu-2", "astro-cpu-3", "astro-cpu-4"}, 1, 4},
		{"the only one, for a worker that was lost", 2, func(t *testing.T, c *memCloud, _ *Request) {
			c.lose(t, "astro-cpu-2")
			c.broken["astro-cpu-2"] = 2
		}, []string{"astro-cpu-2", "astro-frontend"}, 1, 2},
		{"it does not get through to the front-end", 1, func(_ *testing.T, c *memCloud, req *Request) {
			c.neverJoin["astro-cpu-3"] = true
			grow(req, 3)
		}, []string{"astro-cpu-2", "astro-cpu-3"}, 1, 3},
		{"with another CA", 1, func(t *testing.T, c *memCloud, req *Request) {
			req.CA = newCA(t)
			c.broken["astro-cpu-2"] = 2
			grow(req, 2)
		}, []string{"astro-cpu-2"}, 1, 2},
		{"beside workers that leave", 2, func(_ *testing.T, c *memCloud, req *Request) {
			grow(req, 1, "astro-cpu-1")
			req.Spec.Groups["gpu"] = cluster.GroupSpec{NodeSpec: req.Spec.Groups["cpu"].NodeSpec, Count: 1}
			c.broken["astro-gpu-1"] = 2
		}, []string{"astro-frontend", "astro-gpu-1"}, 1, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := toldByLastWorker(t, c, row.have)
				row.change(t, c, &req)
				began := time.Now()
				res := apply(t, c, req)
				var named []string
				for _, p := range res.Problems {
					named = append(named, p.Node)
				}
				if !slices.Equal(named, row.named) || len(res.Document.Workers) != row.roster || time.Since(began) > 25*time.Minute {
					t.Errorf("after %s: problems %v, roster of %d", time.Since(began), res.Problems, len(res.Document.Workers))
				}
				clear(c.neverJoin)
				if res.Counts.Ready != row.roster {
					t.Errorf("%s", res.Counts)
				}
				expectKnown(t, c)
				req.Last = res.Document
				if res = apply(t, c, req); len(res.Problems) > 0 || len(res.Document.Workers) != row.workers {
					t.Errorf("the next apply: problems %v, roster of %d", res.Problems, len(res.Document.Workers))
				}
				expectTold(t, c)
			})
		})
	}
}

// An apply that does not wait for joins learns the front-end's keys with the first
// growth, and writes them down: a front-end that replaces it needs them.
func TestALastWorkerWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		req.Spec.Coordinator, req.Wait = cluster.CoordinatorLastWorker, WaitActive
		made(t, c, &req)
		time.Sleep(10 * time.Minute)
		grow(&req, 2)
		if res := apply(t, c, req); len(res.Problems) > 0 || !CanKeepWorkers(res.Document, req.Keys...) {
			t.Errorf("problems %v, the front-end's keys: %v", res.Problems, res.Document.FrontEnd)
		}
		time.Sleep(10 * time.Minute)
		expectTold(t, c)
	})
}

// A member that breaks is made anew before the roster is sent, not afterwards.
func TestTheRosterIsSentWhenAllAreThere(t *testing.T) {
	for _, row := range []struct {
		name   string
		breaks func(c *memCloud) error // is asked before each call; an error ends the test
		named  []string
		roster int
	}{
		{"built in ERROR at first", func(*memCloud) error { return nil }, nil, 3},
		{"broken after the roster was sent", func(c *memCloud) error {
			if c.posts["astro-cpu-3"] > 0 {
				c.each("astro-cpu-2", func(s *memServer) { s.broken = true })
			}
			return nil
		}, []string{"astro-cpu-2"}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := toldByLastWorker(t, c, 1)
				if row.named == nil {
					c.breaks["astro-cpu-2"] = 1
				}
				c.before = func(int, string) error { return row.breaks(c) }
				grow(&req, 3)
				began := time.Now()
				res := apply(t, c, req)
				c.before = nil
				var named []string
				for _, p := range res.Problems {
					named = append(named, p.Node)
				}
				if !slices.Equal(named, row.named) || len(res.Document.Workers) != row.roster || time.Since(began) > 15*time.Minute {
					t.Errorf("after %s: problems %v, roster of %d", time.Since(began), res.Problems, len(res.Document.Workers))
				}
				expectKnown(t, c)
				req.Last = res.Document
				if res = apply(t, c, req); len(res.Problems) > 0 || len(res.Document.Workers) != 3 {
					t.Errorf("the next apply: problems %v, roster of %d", res.Problems, len(res.Document.Workers))
				}
				expectTold(t, c)
			})
		})
	}
}

// Whenever a shrink is cut short, no worker goes on working that is in no roster:
// Terraform would not show it, and nothing would delete it.
func TestAKilledShrinkHidesNoWorker(t *testing.T) {
	for k, killed := 1, true; killed; k++ {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			req := toldByLastWorker(t, c, 3)
			grow(&req, 1)
			killed = killAt(t, c, k, func(ctx context.Context) error {
				_, err := New(c, Options{}).Apply(ctx, req)
				return err
			})
			view, err := New(c, Options{}).Refresh(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range view.Nodes.Workers("") {
				if s := c.servers[n.ID]; s.deleted.IsZero() && !view.Document.Enrolled(n) {
					t.Errorf("killed after call %d: %s is there and in no roster", k, n.Name)
				}
			}
		})
	}
}

// Nothing new on the console makes reading it no more frequent.
func TestAWaitReadsTheConsoleSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := toldByLastWorker(t, c, 1)
		c.neverJoin["astro-cpu-2"] = true
		grow(&req, 3)
		c.log = nil
		apply(t, c, req)
		reads := 0
		for _, op := range c.log {
			if op == "console" {
				reads++
			}
		}
		if reads > 300 { // 45 minutes, one in 10 s
			t.Errorf("%d reads of the console", reads)
		}
	})
}
