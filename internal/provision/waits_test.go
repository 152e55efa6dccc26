package provision

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Which waiting jobs a front-end names when it is asked: those of now, and not those of
// the report that stands in its slot.
func TestWaits(t *testing.T) {
	now := cluster.Waits{"gpu": {Count: 12, IDs: []string{"17", "18"}}}
	for _, row := range []struct {
		name string
		then func(*testing.T, *memCloud)
		want cluster.Waits
		ok   bool
	}{
		{"jobs wait", func(_ *testing.T, c *memCloud) { c.waits = now }, now, true},
		{"none waits any more", func(t *testing.T, c *memCloud) {
			fe := c.server(t, "astro-frontend")
			fe.slot = fe.seal(cluster.Report{Generation: document(t, c).Generation, Waits: now})
		}, nil, true},
		{"the queue can't be read", func(_ *testing.T, c *memCloud) { c.waits, c.waitsUnknown = now, true }, now, false},
		{"the front-end does not report", func(t *testing.T, c *memCloud) {
			fe := c.server(t, "astro-frontend")
			fe.slot = fe.seal(cluster.Report{Generation: document(t, c).Generation, Waits: now})
			c.silent = true
		}, nil, false},
		{"the slot can't be cleared", func(_ *testing.T, c *memCloud) {
			c.before = func(_ int, op string) error {
				if op == "clear report" {
					return &cluster.CloudError{Kind: cluster.FaultForbidden, Op: op, Code: 403, Message: "Policy doesn't allow it"}
				}
				return nil
			}
		}, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 1)
				apply(t, c, req)
				d := document(t, c)
				row.then(t, c)
				start := time.Now()
				got, ok := New(c, Options{}).Waits(t.Context(), d, c.server(t, "astro-frontend").id)
				if ok != row.ok || !reflect.DeepEqual(got, row.want) {
					t.Errorf("%+v, %t; want %+v, %t", got, ok, row.want, row.ok)
				}
				if waited := time.Since(start); waited > time.Minute {
					t.Errorf("it took %s", waited)
				}
			})
		})
	}
}

// Another size of workers, or other lines of the batch system's configuration: the
// document is written once with the next generation, and no node is made or deleted.
func TestConfigurationChangesInPlace(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*cluster.Spec)
		writes int
	}{
		{"own lines", func(s *cluster.Spec) { s.BatchConfig = "A = b\n" }, 1},
		{"the size of workers", func(s *cluster.Spec) { setMachine(s, cluster.Machine{CPUs: 8, MemoryMiB: 16384}) }, 1},
		{"GPUs", func(s *cluster.Spec) { setMachine(s, cluster.Machine{GPUs: 2}) }, 1},
		{"nothing", func(*cluster.Spec) {}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 2)
				made(t, c, &req)
				before, servers := document(t, c), names(c)
				row.change(&req.Spec)
				c.log = nil
				res := apply(t, c, req)
				after := document(t, c)
				if n := count(c.log, "put metadata"); n != row.writes || after.Generation != before.Generation+int64(row.writes) {
					t.Errorf("%d writes, want %d; generation %d after %d; calls %v", n, row.writes, after.Generation, before.Generation, c.log)
				}
				if !reflect.DeepEqual(names(c), servers) || res.Counts.Made+res.Counts.Deleted != 0 || len(res.Problems) > 0 {
					t.Errorf("servers %v after %v; %+v, problems %v", names(c), servers, res.Counts, res.Problems)
				}
				if after.BatchConfig != req.Spec.BatchConfig || after.Groups["cpu"].Machine != req.Spec.Groups["cpu"].Machine {
					t.Errorf("the document has the lines %q and the machine %+v", after.BatchConfig, after.Groups["cpu"].Machine)
				}
			})
		})
	}
}

func setMachine(s *cluster.Spec, m cluster.Machine) {
	g := s.Groups["cpu"]
	g.Machine = m
	s.Groups = map[string]cluster.GroupSpec{"cpu": g}
}

// What a scaler writes keeps what the configuration says.
func TestAScalersWritesKeepTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		g := req.Spec.Groups["cpu"]
		g.Scaling, g.Machine = &cluster.Scaling{Max: 5}, cluster.Machine{CPUs: 8, MemoryMiB: 16384, GPUs: 1}
		req.Spec.Groups["cpu"], req.Spec.BatchConfig = g, "A = b\n"
		made(t, c, &req)
		before := document(t, c)
		ref := cluster.Ref{ID: req.Spec.ID, Name: req.Spec.Name}
		steps := Steps{New(c, Options{Owner: cluster.OwnerScaler})}
		if err := steps.SetLeaving(t.Context(), ref, map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveJobsOK}); err != nil {
			t.Fatal(err)
		}
		after := document(t, c)
		if after.Generation == before.Generation || after.BatchConfig != before.BatchConfig || after.Groups["cpu"].Machine != g.Machine {
			t.Errorf("generation %d after %d, lines %q, machine %+v", after.Generation, before.Generation, after.BatchConfig, after.Groups["cpu"].Machine)
		}
	})
}

// On a cloud without a metadata service a changed configuration reaches the front-end with
// the next worker.
func TestConfigurationComesWithTheNextWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := toldByLastWorker(t, c, 1)
		req.Spec.BatchConfig = "A = b\n"
		res := apply(t, c, req)
		if len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Summary, "new configuration") {
			t.Errorf("problems %v", res.Problems)
		}
		expectToGrow(t, c, req)
		if has, wants := expectKnown(t, c); has.BatchConfig != "A = b\n" || has.Generation != wants.Generation {
			t.Errorf("the front-end has the lines %q", has.BatchConfig)
		}
	})
}
