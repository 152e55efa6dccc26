package provision

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// scale gives group cpu to the scaler.
func scale(req *Request, least, most int) {
	g := req.Spec.Groups["cpu"]
	g.Count, g.Scaling = 0, &cluster.Scaling{Min: least, Max: most}
	req.Spec.Groups = map[string]cluster.GroupSpec{"cpu": g}
}

func (c *memCloud) lose(t *testing.T, name string) {
	t.Helper()
	c.server(t, name).deleted = time.Now().Add(-time.Hour)
}

// Whatever the scaler does between a plan and its apply, the apply deletes none
// of its workers and makes none beyond min.
func TestTheScalerActsBetweenPlanAndApply(t *testing.T) {
	for _, row := range []struct {
		name    string
		planned []string // by a plan that saw workers 1 to 3
		min     int
		act     func(*testing.T, Steps, Request)
		want    []string
	}{
		{"it adds one", wantNames("cpu", 1, 2, 3), 1, func(t *testing.T, p Steps, req Request) {
			p.add(t, req, Order{Group: "cpu", Count: 1})
		}, wantNames("cpu", 1, 2, 3, 4)},
		{"it removes one", wantNames("cpu", 1, 2, 3), 1, func(t *testing.T, p Steps, req Request) {
			p.remove(t, req, "astro-cpu-2")
		}, wantNames("cpu", 1, 3)},
		{"it goes below min", wantNames("cpu", 1, 2, 3), 3, func(t *testing.T, p Steps, req Request) {
			p.remove(t, req, "astro-cpu-2")
		}, wantNames("cpu", 1, 2, 3)},
		{"it makes what the plan was to make", wantNames("cpu", 1, 2, 3, 4), 4, func(t *testing.T, p Steps, req Request) {
			p.add(t, req, Order{Group: "cpu", Count: 1})
		}, wantNames("cpu", 1, 2, 3, 4)},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				req.Create = false
				scale(&req, row.min, 10)
				req.Planned = row.planned
				row.act(t, Steps{New(c, Options{Owner: cluster.OwnerScaler})}, req)
				if res := apply(t, c, req); len(res.Problems) > 0 {
					t.Errorf("problems: %v", res.Problems)
				}
				expectNames(t, c, row.want)
				d := document(t, c)
				if g := d.Groups["cpu"]; g.Scaling == nil || g.Scaling.Max != 10 || g.Count != 0 {
					t.Errorf("the document's group: count %d, scaling %v", g.Count, g.Scaling)
				}
				if len(d.Workers) != len(row.want)-1 {
					t.Errorf("roster of %d, want %d", len(d.Workers), len(row.want)-1)
				}
			})
		})
	}
}

func TestSwitchingTheOwnerTouchesNoNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		req.Create = false
		made := c.next
		scale(&req, 0, 10)
		apply(t, c, req)
		if d := document(t, c); d.Groups["cpu"].Scaling == nil || d.Generation != 1 {
			t.Errorf("document: scaling %v, generation %d", d.Groups["cpu"].Scaling, d.Generation)
		}
		grow(&req, 3)
		g := req.Spec.Groups["cpu"]
		g.Scaling = nil
		req.Spec.Groups["cpu"] = g
		apply(t, c, req)
		if d := document(t, c); d.Groups["cpu"].Scaling != nil {
			t.Error("the document still bounds the group")
		}
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
		if c.next != made {
			t.Errorf("%d servers were made", c.next-made)
		}
	})
}

// A repair of a scaled group up to its min, killed at every call.
func TestAKillDuringARepairUpToMin(t *testing.T) {
	for k := 1; ; k++ {
		killed := false
		t.Run(fmt.Sprintf("call=%d", k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				req.Create = false
				scale(&req, 3, 10)
				req.Planned = wantNames("cpu", 1, 2, 3)
				c.lose(t, "astro-cpu-1")
				c.server(t, "astro-cpu-3").broken = true
				killed = killAt(t, c, k, func(ctx context.Context) error {
					_, err := New(c, Options{}).Apply(ctx, req)
					return err
				})
				apply(t, c, req)
				c.expectNoWaste(t, nil)
				expectNames(t, c, wantNames("cpu", 1, 2, 3))
				d := document(t, c)
				for _, s := range c.present() {
					n := s.node()
					if n.Role == cluster.RoleWorker && !d.Enrolled(n) {
						t.Errorf("%s is not the server of the roster", n.Name)
					}
				}
			})
		})
		if !killed {
			break
		}
	}
}

// A repair that fails does not hold up the others: the worker without a server
// leaves the roster.
func TestAFailedRepairIsSoonOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		req.Create = false
		c.lose(t, "astro-cpu-2")
		c.broken["astro-cpu-2"] = 9
		start := time.Now()
		res := apply(t, c, req)
		if took := time.Since(start); took > 5*time.Minute {
			t.Errorf("took %s", took)
		}
		if len(res.Problems) != 1 || res.Problems[0].Node != "astro-cpu-2" || len(document(t, c).Workers) != 2 {
			t.Errorf("problems %v, roster of %d", res.Problems, len(document(t, c).Workers))
		}
	})
}
