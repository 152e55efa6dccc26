package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// renew wants another image for group cpu, by rolling replacement.
func renew(req *Request, image string, unavailable int) {
	g := req.Spec.Groups["cpu"]
	g.Image = image
	req.Spec.Groups = map[string]cluster.GroupSpec{"cpu": g}
	req.Replacement = Replacement{Rolling: true, MaxUnavailable: unavailable, DrainTimeout: 10 * time.Minute}
	req.Create = false
}

// images returns the image of each worker.
func (c *memCloud) images() map[string]string {
	out := map[string]string{}
	for _, s := range c.present() {
		if s.req.Role == cluster.RoleWorker {
			out[s.req.Name] = s.req.Image
		}
	}
	return out
}

func (c *memCloud) expectImage(t *testing.T, image string, workers int) {
	t.Helper()
	for name, got := range c.images() {
		if got != image {
			t.Errorf("%s runs %s, want %s", name, got, image)
		}
	}
	if n := len(c.images()); n != workers {
		t.Errorf("%d workers, want %d", n, workers)
	}
}

func TestRollingReplacement(t *testing.T) {
	for _, unavailable := range []int{1, 2, 4, 9} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			req := testRequest(t, 4)
			apply(t, c, req)
			renew(&req, "img2", unavailable)
			out, drained := 0, 0
			c.before = func(_ int, op string) error {
				switch {
				case op == "delete":
					// No worker is deleted that the front-end has not been asked to drain.
					for _, m := range document(t, c).Workers {
						if m.Leaving == cluster.LeaveJobsOK {
							drained++
						}
					}
					missing := 4 - len(c.images()) + 1
					out = max(out, missing)
				case strings.HasPrefix(op, "create"):
					for _, s := range c.present() {
						if s.req.Role == cluster.RoleWorker && s.req.Image == "img2" && time.Since(s.created) > memBoot/2 && time.Since(s.created) < memBoot {
							t.Errorf("%s begins before %s has joined", op, s.req.Name)
						}
					}
				}
				return nil
			}
			res := apply(t, c, req)
			c.before = nil
			if len(res.Problems) > 0 {
				t.Errorf("problems: %v", res.Problems)
			}
			expectNames(t, c, wantNames("cpu", 1, 2, 3, 4))
			c.expectImage(t, "img2", 4)
			if out > unavailable {
				t.Errorf("%d workers were out of service, at most %d may be", out, unavailable)
			}
			if drained == 0 {
				t.Error("no worker was drained")
			}
			for _, m := range document(t, c).Workers {
				if m.Leaving != cluster.Stays {
					t.Errorf("%s is still asked to leave", m.Name)
				}
			}
			before := c.next
			apply(t, c, req)
			if c.next != before {
				t.Error("a second apply made servers")
			}
		})
	}
}

// Without the strategy, and without a plan that showed it, present workers stay.
func TestNobodyIsReplacedUnasked(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"new nodes only":       func(req *Request) { req.Replacement = Replacement{} },
		"the plan showed none": func(req *Request) { req.Planned = wantNames("cpu", 1, 2); req.Roll = nil },
		"the plan showed one": func(req *Request) {
			req.Planned, req.Roll = wantNames("cpu", 1, 2), []string{"astro-cpu-2"}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			req := testRequest(t, 2)
			apply(t, c, req)
			renew(&req, "img2", 1)
			change(&req)
			apply(t, c, req)
			want := map[string]string{"astro-cpu-1": "img", "astro-cpu-2": "img"}
			for _, n := range req.Roll {
				want[n] = "img2"
			}
			if got := c.images(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
			if g := document(t, c).Groups["cpu"]; g.Image != "img2" {
				t.Errorf("%s: new workers would get %s", name, g.Image)
			}
		})
	}
}

// A worker that does not come up with the new image stops the replacement: the
// others work on.
func TestAReplacementStopsAtTheFirstFailure(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*memCloud)
		most  time.Duration
	}{
		"never joins":      {func(c *memCloud) { c.neverJoin["astro-cpu-1"] = true }, 20 * time.Minute},
		"can not be built": {func(c *memCloud) { c.broken["astro-cpu-1"] = 9 }, 5 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			req := testRequest(t, 3)
			apply(t, c, req)
			renew(&req, "img2", 1)
			row.spoil(c)
			start := time.Now()
			res := apply(t, c, req)
			if took := time.Since(start); took > row.most {
				t.Errorf("%s: took %s", name, took)
			}
			if images := c.images(); images["astro-cpu-2"] != "img" || images["astro-cpu-3"] != "img" {
				t.Errorf("%s: %v", name, images)
			}
			told := slices.ContainsFunc(res.Problems, func(p cluster.Problem) bool {
				return p.Node == "astro-cpu-2" && p.Summary == "was not replaced" && strings.Contains(p.Detail, "astro-cpu-1")
			})
			if !told {
				t.Errorf("%s: problems %v", name, res.Problems)
			}
			clear(c.broken)
			clear(c.neverJoin)
			if res := apply(t, c, req); len(res.Problems) > 0 {
				t.Errorf("%s: problems of the next apply: %v", name, res.Problems)
			}
			c.expectImage(t, "img2", 3)
		})
	}
}

// A worker with jobs is given its time, and not cut short when the apply's own is
// over: the next one goes on.
func TestAReplacementWaitsForJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		renew(&req, "img2", 1)
		c.busy["astro-cpu-1"] = true
		req.Replacement.DrainTimeout = 3 * time.Hour
		_, err := New(c, Options{}).Apply(bounded(t), req)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "astro-cpu-1") {
			t.Fatalf("error %v", err)
		}
		if images := c.images(); len(images) != 2 || images["astro-cpu-1"] != "img" {
			t.Errorf("images %v", images)
		}
		if m, _ := document(t, c).Member("astro-cpu-1"); m.Leaving != cluster.LeaveJobsOK {
			t.Error("the mark is gone")
		}
		clear(c.busy)
		apply(t, c, req)
		c.expectImage(t, "img2", 2)

		renew(&req, "img3", 1)
		c.busy["astro-cpu-2"] = true
		res := apply(t, c, req)
		c.expectImage(t, "img3", 2)
		if len(res.Problems) != 1 || res.Problems[0].Node != "astro-cpu-2" || !strings.Contains(res.Problems[0].Summary, "still running jobs") {
			t.Errorf("problems %v, want one about the jobs of astro-cpu-2", res.Problems)
		}
	})
}

// One apply grows a group, repairs it and renews it.
func TestGrowthRepairAndReplacementAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		renew(&req, "img2", 2)
		g := req.Spec.Groups["cpu"]
		g.Count = 5
		req.Spec.Groups["cpu"] = g
		c.lose(t, "astro-cpu-3")
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems: %v", res.Problems)
		}
		expectNames(t, c, wantNames("cpu", 1, 2, 3, 4, 5))
		c.expectImage(t, "img2", 5)
	})
}

// A rolling replacement killed at every call: the next apply goes on from there.
func TestAKillDuringARollingReplacement(t *testing.T) {
	for k := 1; ; k++ {
		killed := false
		t.Run(fmt.Sprintf("call=%d", k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				renew(&req, "img2", 2)
				killed = killAt(t, c, k, func(ctx context.Context) error {
					_, err := New(c, Options{}).Apply(ctx, req)
					return err
				})
				renewed := 0
				for _, image := range c.images() {
					if image == "img2" {
						renewed++
					}
				}
				made := c.next
				apply(t, c, req)
				c.expectNoWaste(t, wantNames("cpu", 1, 2, 3))
				expectNames(t, c, wantNames("cpu", 1, 2, 3))
				c.expectImage(t, "img2", 3)
				if again := c.next - made; again != 3-renewed {
					t.Errorf("%d servers were made, %d had been renewed before", again, renewed)
				}
				d := document(t, c)
				for _, s := range c.present() {
					n := s.node()
					m, _ := d.Member(n.Name)
					if n.Role == cluster.RoleWorker && (!d.Enrolled(n) || m.Leaving != cluster.Stays) {
						t.Errorf("%s is not the server of the roster, or is leaving: %v", n.Name, m)
					}
				}
				if len(d.Workers) != 3 {
					t.Errorf("roster of %d, want 3", len(d.Workers))
				}
			})
		})
		if !killed {
			break
		}
	}
}
