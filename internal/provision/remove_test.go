package provision

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// One server that can't be deleted does not keep the others, and a scaler is not
// held up by it for longer than removeWait.
func TestWhatCanNotBeDeleted(t *testing.T) {
	for _, row := range []struct {
		name   string
		spoil  func(*memCloud)
		most   time.Duration
		saying string
	}{
		{"locked", func(c *memCloud) { c.lockedNames = map[string]bool{"astro-cpu-2": true} }, time.Minute, "is locked"},
		{"hangs", func(c *memCloud) { c.sticky = map[string]bool{"astro-cpu-2": true} }, removeWait + time.Second, "wait until servers are gone"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				row.spoil(c)
				start := time.Now()
				err := New(c, Options{Owner: cluster.OwnerScaler}).RemoveWorkers(t.Context(), req.Spec.ID, []string{"astro-cpu-1", "astro-cpu-2"}, nil)
				var left *LeftError
				if !errors.As(err, &left) || !strings.Contains(err.Error(), "astro-cpu-2 still there") || !strings.Contains(err.Error(), row.saying) {
					t.Errorf("error %v", err)
				}
				if took := time.Since(start); took > row.most {
					t.Errorf("took %s, want at most %s", took, row.most)
				}
				expectNames(t, c, wantNames("cpu", 2, 3))
				d := document(t, c)
				if _, there := d.Member("astro-cpu-1"); there {
					t.Error("the deleted worker is still in the roster")
				}
				if _, there := d.Member("astro-cpu-2"); !there {
					t.Error("the worker that is still there has lost its place in the roster")
				}
			})
		})
	}
}

// Of two scalers one has seen a worker drained and is about to remove it, when the
// other calls it back: it stays. A worker that was never drained goes without a mark.
func TestRemoveWorkersSparesAWorkerThatWasCalledBack(t *testing.T) {
	for _, row := range []struct {
		name    string
		marks   map[string]cluster.Leaving
		drained []string
		want    []string
	}{
		{"all still leave", map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle, "astro-cpu-2": cluster.LeaveIdle}, []string{"astro-cpu-1", "astro-cpu-2"}, wantNames("cpu", 3)},
		{"one was called back", map[string]cluster.Leaving{"astro-cpu-2": cluster.LeaveIdle}, []string{"astro-cpu-1", "astro-cpu-2"}, wantNames("cpu", 1, 3)},
		{"both were", nil, []string{"astro-cpu-1", "astro-cpu-2"}, wantNames("cpu", 1, 2, 3)},
		{"one never joined", map[string]cluster.Leaving{"astro-cpu-2": cluster.LeaveIdle}, []string{"astro-cpu-2"}, wantNames("cpu", 3)},
		{"by another's mark", map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveJobsOK, "astro-cpu-2": cluster.LeaveJobsOK}, []string{"astro-cpu-1", "astro-cpu-2"}, wantNames("cpu", 3)},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				p := New(c, Options{Owner: cluster.OwnerScaler})
				all := map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle, "astro-cpu-2": cluster.LeaveIdle}
				if err := p.SetLeaving(t.Context(), req.Spec.ID, all); err != nil {
					t.Fatal(err)
				}
				for name := range all {
					all[name] = row.marks[name]
				}
				if err := p.SetLeaving(t.Context(), req.Spec.ID, all); err != nil {
					t.Fatal(err)
				}
				if err := p.RemoveWorkers(t.Context(), req.Spec.ID, []string{"astro-cpu-1", "astro-cpu-2"}, row.drained); err != nil {
					t.Fatal(err)
				}
				expectNames(t, c, row.want)
				if d := document(t, c); len(d.Workers) != len(row.want)-1 {
					t.Errorf("roster of %d, want %d", len(d.Workers), len(row.want)-1)
				}
			})
		})
	}
}

// A destroy says at once which server is locked, when all others are gone.
func TestDestroyNamesALockedServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.lockedNames = map[string]bool{"astro-cpu-1": true}
		start := time.Now()
		err := New(c, Options{}).Destroy(t.Context(), cluster.Ref{ID: req.Spec.ID}, nil)
		if !cluster.IsKind(err, cluster.FaultConflict) || !strings.Contains(err.Error(), "delete astro-cpu-1") || time.Since(start) > 2*time.Minute {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		if left := c.present(); len(left) != 1 || left[0].req.Name != "astro-cpu-1" {
			t.Errorf("left: %d servers", len(left))
		}
		c.lockedNames = nil
		if err := New(c, Options{}).Destroy(t.Context(), cluster.Ref{ID: req.Spec.ID}, nil); err != nil || len(c.present()) != 0 {
			t.Errorf("unlocked: %v", err)
		}
	})
}
