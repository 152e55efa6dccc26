package provision

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// clouds are how long clouds take to build a server, and to delete one.
var clouds = []struct{ build, remove time.Duration }{
	{time.Second, time.Second / 2}, {5 * time.Second, 2 * time.Second}, {30 * time.Second, 5 * time.Second},
	{2 * time.Minute, 5 * time.Second}, {10 * time.Minute, 5 * time.Second},
}

// endless is the time that slow clouds need.
func endless(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
	t.Cleanup(cancel)
	return ctx
}

// Each row: a cluster, and how many servers a cloud builds side by side. On slow clouds as
// on fast ones the end of a create and of a destroy is seen a twentieth of the whole time
// late at most, or one shortest interval for each wait, within the budget of calls. A
// single worker tells nothing beforehand: it is looked at more often.
func TestEndsAreSeenInTimeAndWithinBudget(t *testing.T) {
	for _, row := range []struct{ n, beside, extra int }{{1, 2, 65}, {10, 4, 3}, {50, 8, 0}, {500, 20, 0}} {
		for _, speed := range clouds {
			if row.n > 100 && speed.build != 30*time.Second {
				continue // the making of so many user data takes its time
			}
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				c.yard = newYard(row.beside, speed.build, speed.remove)
				req := testRequest(t, row.n)
				req.Wait, req.NameFree = WaitActive, true
				least := wait.NewPace(time.Now(), row.n).Least()

				begun := time.Now()
				if _, err := New(c, Options{}).Apply(endless(t), req); err != nil {
					t.Fatal(err)
				}
				late, took, calls := lateness(c), time.Since(begun), c.calls
				t.Logf("create %d on %s: %d calls beside the workers', %s late of %s (%.1f %%)", row.n, speed.build, calls-row.n,
					late.Round(time.Second/10), took.Round(time.Second), 100*late.Seconds()/took.Seconds())
				if late > max(took/20, 2*least) {
					t.Error("too late")
				}
				if calls > row.n+15+row.extra {
					t.Errorf("%d calls: %v", calls, c.log)
				}

				begun = time.Now()
				if err := New(c, Options{}).Destroy(endless(t), cluster.Ref{ID: req.Spec.ID, Name: req.Spec.Name}, nil); err != nil {
					t.Fatal(err)
				}
				late, took, calls = time.Since(lastGone(c)), time.Since(begun), c.calls-calls
				t.Logf("destroy %d on %s: %d calls beside the workers', %s late of %s (%.1f %%)", row.n, speed.remove, calls-row.n,
					late.Round(time.Second/10), took.Round(time.Second), 100*late.Seconds()/took.Seconds())
				if calls > row.n+10 || late > max(took/20, least) {
					t.Error("too many calls, or too late")
				}
			})
		}
	}
}

// lateness returns how long after the last worker's address the front-end was made, and
// how long ago the last server became ACTIVE, together.
func lateness(c *memCloud) time.Duration {
	var address, active, frontEnd time.Time
	for _, s := range c.present() {
		if s.req.Role == cluster.RoleFrontEnd {
			frontEnd = s.created
		} else if at := s.created.Add(s.times.address); at.After(address) {
			address = at
		}
		if at := s.created.Add(s.times.active); at.After(active) {
			active = at
		}
	}
	return max(frontEnd.Sub(address), 0) + time.Since(active)
}

func lastGone(c *memCloud) time.Time {
	var last time.Time
	for _, s := range c.servers {
		if gone := s.deleted.Add(s.times.delete); gone.After(last) {
			last = gone
		}
	}
	return last
}

// Each row: what holds one of the workers up. The front-end is made without it, and the
// worker is enrolled later, by one write, in both ways to wait.
func TestAStragglerDoesNotHoldTheFrontEndUp(t *testing.T) {
	for name, spoil := range map[string]func(*memCloud){
		"far slower":      func(c *memCloud) { c.yard.slow["astro-cpu-3"] = 5 * time.Minute },
		"built once more": func(c *memCloud) { c.broken["astro-cpu-3"] = 1 },
		"two of 20 slower": func(c *memCloud) {
			c.yard.slow["astro-cpu-3"], c.yard.slow["astro-cpu-9"] = 4*time.Minute, 4*time.Minute
		},
	} {
		for _, until := range []Wait{WaitActive, WaitJoined} {
			t.Run(name+", "+string(until), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newMemCloud()
					c.yard = newYard(40, 20*time.Second, time.Second)
					spoil(c)
					req := testRequest(t, 20)
					req.Wait = until
					begun := time.Now()
					res := apply(t, c, req)
					if len(res.Problems) > 0 {
						t.Errorf("problems: %v", res.Problems)
					}
					for _, s := range c.present() {
						if s.req.Role == cluster.RoleFrontEnd && s.created.Sub(begun) > time.Minute {
							t.Errorf("the front-end was made after %s", s.created.Sub(begun))
						}
					}
					d := document(t, c)
					if len(d.Workers) != 20 || d.Generation != 2 {
						t.Errorf("a roster of %d, generation %d; want 20 and 2: the stragglers come in one write", len(d.Workers), d.Generation)
					}
				})
			})
		}
	}
}

// On a cloud that builds 8 of 40 workers at a time the front-end takes its turn right after
// them: the whole takes one turn more than the workers alone at most. The workers of later
// turns come into the roster by a write for each turn at most.
func TestTheFrontEndTakesItsTurnWithTheWorkers(t *testing.T) {
	for _, until := range []Wait{WaitActive, WaitJoined} {
		t.Run(string(until), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				c.yard = newYard(8, 30*time.Second, time.Second)
				req := testRequest(t, 40)
				req.Wait = until
				begun := time.Now()
				if res := apply(t, c, req); len(res.Problems) > 0 {
					t.Errorf("problems: %v", res.Problems)
				}
				took := time.Since(begun)
				for _, s := range c.present() {
					if s.req.Role == cluster.RoleFrontEnd && s.created.Sub(begun) > 55*time.Second {
						t.Errorf("the front-end was asked for after %s, want it before the second turn ends", s.created.Sub(begun))
					}
				}
				if most := 6*30*time.Second + 30*time.Second; took > most {
					t.Errorf("took %s, want %s at most: six turns, and joining", took, most)
				}
				if d := document(t, c); len(d.Workers) != 40 || d.Generation < 2 || d.Generation > 6 {
					t.Errorf("a roster of %d, generation %d", len(d.Workers), d.Generation)
				}
			})
		})
	}
}

// Each row: so many workers, two thirds of which get their addresses 12 s after the others.
// Of many the front-end does not wait for the last, which costs a write; of few it does.
func TestTheFrontEndWaitsForTheFirstOfManyWorkers(t *testing.T) {
	for _, row := range []struct {
		n          int
		generation int64
		by         time.Duration // when the front-end is asked for, at the latest
	}{{crowd, 2, 12 * time.Second}, {crowd - 1, 1, 25 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			c.yard = newYard(2*row.n, 30*time.Second, time.Second)
			for i := range row.n * 2 / 3 {
				c.yard.slow[cluster.WorkerName("astro", "cpu", i+1)] = 12 * time.Second
			}
			req := testRequest(t, row.n)
			req.Wait = WaitActive
			begun := time.Now()
			if res := apply(t, c, req); len(res.Problems) > 0 {
				t.Errorf("problems: %v", res.Problems)
			}
			for _, s := range c.present() {
				if s.req.Role == cluster.RoleFrontEnd && s.created.Sub(begun) > row.by {
					t.Errorf("%d workers: the front-end was asked for after %s, want %s at most", row.n, s.created.Sub(begun), row.by)
				}
			}
			if d := document(t, c); len(d.Workers) != row.n || d.Generation != row.generation {
				t.Errorf("%d workers: a roster of %d, generation %d, want %d", row.n, len(d.Workers), d.Generation, row.generation)
			}
		})
	}
}

// Where no front-end can be told later, every worker is waited for.
func TestAStragglerIsWaitedForWithoutAMetadataService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.yard = newYard(40, 20*time.Second, time.Second)
		c.yard.slow["astro-cpu-3"] = 5 * time.Minute
		req := testRequest(t, 20)
		req.Spec.Coordinator = cluster.CoordinatorLastWorker
		apply(t, c, req)
		if d := document(t, c); len(d.Workers) != 20 || d.Generation != 1 {
			t.Errorf("a roster of %d, generation %d", len(d.Workers), d.Generation)
		}
	})
}

// The first workers are reported as joined while a last one is still being built, and the
// floating IP is there before the front-end is ACTIVE.
func TestJoinsAreFollowedWhileTheLastOnesBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.yard = newYard(40, 20*time.Second, time.Second)
		c.yard.slow["astro-cpu-3"] = 5 * time.Minute
		var log []string
		floats := false
		p := New(c, Options{Log: func(_ context.Context, msg string, _ ...any) {
			if log = append(log, msg); msg == "the front-end is active in Nova" {
				floats = slices.Contains(c.log, "floating ip")
			}
		}})
		if _, err := p.Apply(bounded(t), testRequest(t, 20)); err != nil {
			t.Fatal(err)
		}
		first, last := slices.Index(log, "joined 19 of 19"), slices.Index(log, "workers active in Nova: 20 of 20")
		if first < 0 || last < first || !slices.Contains(log, "joined 20 of 20") {
			t.Errorf("log: %q", log)
		}
		if !floats {
			t.Errorf("the floating IP came after the front-end: %v", c.log)
		}
	})
}
