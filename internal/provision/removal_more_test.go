package provision

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A victim that another client deletes, before this run has marked it, holds no worker up
// that waits for room.
func TestAVictimThatVanishesFreesItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.maxed, req.Create, req.DrainTimeout = 4, false, 10*time.Minute
		sizes(&req, 1, 2)
		c.before = func(_ int, op string) error {
			if op == "create astro-gpu-2" {
				c.each("astro-cpu-2", func(s *memServer) { s.deleted, s.times.delete = time.Now(), time.Millisecond })
			}
			return nil
		}
		begun := time.Now()
		res := apply(t, c, req)
		if took := time.Since(begun); len(res.Problems) > 0 || took > 5*time.Minute {
			t.Errorf("after %s: problems %v", took, res.Problems)
		}
		expectNames(t, c, swapped(1, 2))
	})
}

// Workers that come late are enrolled though the front-end can't reach workers that are
// being deleted, and one more has no address.
func TestLatecomersDoNotWaitForThoseThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		c.yard = newYard(40, 20*time.Second, 30*time.Minute)
		c.neverJoin["astro-cpu-3"] = true
		c.yard.slow["astro-gpu-1"], c.yard.slow["astro-gpu-2"] = 3*time.Minute, 25*time.Minute
		req.Create, req.DrainTimeout = false, 0
		sizes(&req, 2, 25)
		begun, joined := time.Now(), time.Duration(0)
		c.before = func(_ int, op string) error {
			if op == "report" && joined == 0 {
				for _, s := range c.present() {
					if s.req.Role != cluster.RoleFrontEnd {
						continue
					}
					if d, err := cluster.DecodeDocument(s.metadata); err == nil {
						if _, there := d.Member("astro-gpu-1"); there {
							joined = time.Since(begun)
						}
					}
				}
			}
			return nil
		}
		res := apply(t, c, req)
		if len(res.Problems) > 0 || joined == 0 || joined > 10*time.Minute {
			t.Errorf("enrolled after %s; problems %v", joined, res.Problems)
		}
	})
}

// A worker for which one zone has no host is built in another zone at once, while workers
// that leave still run jobs.
func TestAnotherZoneIsTriedBesideADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		placed(&req, cluster.Placement{Zones: []string{"a", "b"}})
		apply(t, c, req)
		c.busy["astro-cpu-3"], c.full = true, map[string]bool{"b": true}
		req.Create, req.DrainTimeout = false, 20*time.Minute
		sizes(&req, 2, 2)
		at := map[string][]time.Duration{}
		c.times(at)
		apply(t, c, req)
		for _, name := range []string{"astro-gpu-1", "astro-gpu-2"} {
			if slices.Max(at["create "+name]) > 2*time.Minute {
				t.Errorf("%s was asked for after %v", name, at["create "+name])
			}
		}
		expectNames(t, c, swapped(2, 2))
	})
}

// Beside a server that can't be deleted, the result has the roster as it is in the cloud.
func TestTheResultHasTheRosterBesideAServerThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		c.lockedNames = map[string]bool{"astro-cpu-3": true}
		req.Create, req.DrainTimeout = false, 0
		grow(&req, 1, "astro-cpu-2", "astro-cpu-3")
		res, err := New(c, Options{}).Apply(bounded(t), req)
		var left *LeftError
		if !errors.As(err, &left) || !slices.Equal(left.Servers.Names(), []string{"astro-cpu-3"}) {
			t.Errorf("error %v", err)
		}
		if d := document(t, c); len(d.Workers) != 2 || len(res.Document.Workers) != 2 || res.Document.Generation != d.Generation {
			t.Errorf("roster %v, in the result %v", d.Workers, res.Document.Workers)
		}
	})
}

// More workers leave than a report can name. Where they need not be drained, the roster
// changes when they are gone: a front-end that can't reach them could not say which others
// have not joined.
func TestManyThatLeaveDoNotHideTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 80)
		apply(t, c, req)
		c.yard, c.named = newYard(100, 20*time.Second, 2*time.Minute), 100
		req.Create, req.DrainTimeout = false, 0
		cpu := req.Spec.Groups["cpu"]
		gpu := cpu
		gpu.Count, cpu.Count = 2, 40
		for n := 2; n <= 80; n += 2 {
			name := cluster.WorkerName("astro", "cpu", n)
			c.neverJoin[name], cpu.Retire = true, append(cpu.Retire, name)
		}
		req.Spec.Groups = map[string]cluster.GroupSpec{"cpu": cpu, "gpu": gpu}
		begun := time.Now()
		res := apply(t, c, req)
		if took := time.Since(begun); len(res.Problems) > 0 || took > 6*time.Minute {
			t.Errorf("after %s: problems %v", took, res.Problems)
		}
		if d := document(t, c); len(d.Workers) != 42 {
			t.Errorf("a roster of %d", len(d.Workers))
		}
	})
}

// Each row: on a cloud without a metadata service a broken worker is removed while others
// are made. The roster that is carried to the front-end names it only if its server stays, and
// a server that stays keeps nothing else.
func TestACarriedRosterLacksWhatIsDeleted(t *testing.T) {
	for name, locked := range map[string]bool{"deleted slowly": false, "locked": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := toldByLastWorker(t, c, 3)
				c.yard = newYard(20, 20*time.Second, 5*time.Minute)
				c.each("astro-cpu-3", func(s *memServer) { s.broken = true })
				c.lockedNames = map[string]bool{"astro-cpu-3": locked}
				req.Create = false
				sizes(&req, 2, 2)
				res, err := New(c, Options{}).Apply(bounded(t), req)
				var left *LeftError
				if errors.As(err, &left) != locked || !locked && err != nil || len(res.Problems) > 0 {
					t.Errorf("error %v, problems %v", err, res.Problems)
				}
				brought, err := c.brought(c.server(t, "astro-frontend"))
				if _, there := brought.Member("astro-cpu-3"); err != nil || there != locked {
					t.Errorf("brought: %v, %v", brought.Workers, err)
				}
				d := document(t, c)
				if _, there := d.Member("astro-cpu-3"); there != locked || d.Generation != brought.Generation {
					t.Errorf("roster %v, generation %d; %d was brought", d.Workers, d.Generation, brought.Generation)
				}
				if _, there := d.Member("astro-gpu-2"); !there {
					t.Errorf("roster %v", d.Workers)
				}
			})
		})
	}
}

// A deletion that never ends keeps a run to the end of its time, but the roster has none of
// the members then that are gone.
func TestADeletionThatNeverEndsKeepsNoOtherInTheRoster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		apply(t, c, req)
		c.sticky = map[string]bool{"astro-cpu-3": true}
		req.Create, req.DrainTimeout = false, 0
		grow(&req, 1, "astro-cpu-2", "astro-cpu-3")
		res, err := New(c, Options{}).Apply(bounded(t), req)
		var left *LeftError
		if !errors.As(err, &left) || !slices.Equal(left.Servers.Names(), []string{"astro-cpu-3"}) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if d := document(t, c); len(d.Workers) != 2 || len(res.Document.Workers) != 2 {
			t.Errorf("roster %v, in the result %v", d.Workers, res.Document.Workers)
		}
	})
}
