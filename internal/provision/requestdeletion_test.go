package provision

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A deletion is asked for, the worker stays in the roster with its mark, and it is
// forgotten when its server is gone.
func TestRequestDeletionThenForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 4, nil)
		marks := map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle, "astro-cpu-3": cluster.LeaveIdle}
		if err := p.SetLeaving(t.Context(), req.ref(), marks); err != nil {
			t.Fatal(err)
		}
		c.lockedNames = map[string]bool{"astro-cpu-3": true}
		known, begun, calls := p.view(t, req).Nodes, time.Now(), c.calls
		all := []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-9"}
		got, err := p.RequestDeletion(t.Context(), req.ref(), all, []string{"astro-cpu-1", "astro-cpu-2"})
		if err != nil || !slices.Equal(got.Accepted, []string{"astro-cpu-1", "astro-cpu-9"}) || !slices.Equal(got.CalledBack, []string{"astro-cpu-2"}) {
			t.Errorf("%+v, %v", got, err)
		}
		if len(got.Refused) != 1 || got.Refused[0].Name != "astro-cpu-3" || !got.Refused[0].Locked() {
			t.Errorf("refused: %+v", got.Refused)
		}
		if took := time.Since(begun); took > 0 || c.calls-calls != 1+2+2 {
			t.Errorf("it took %s and %d calls, want no time, a list, two DELETEs, and a read and a write to mark another worker", took, c.calls-calls)
		}
		// It is there for a while yet: it is neither forgotten nor enrolled again.
		if names, err := p.Forget(t.Context(), req.ref(), all, known); err != nil || len(names) > 0 {
			t.Errorf("forgot %v, %v", names, err)
		}
		if names, err := p.Enrol(t.Context(), p.view(t, req)); err != nil || len(names) > 0 {
			t.Errorf("enrolled %v, %v", names, err)
		}
		if m, _ := document(t, c).Member("astro-cpu-1"); m.Leaving != cluster.LeaveIdle {
			t.Errorf("its mark is lost: %+v", m)
		}
		time.Sleep(memDelete)
		before := document(t, c).Generation
		names, err := p.Forget(t.Context(), req.ref(), all, known)
		if d := document(t, c); err != nil || !slices.Equal(names, []string{"astro-cpu-1"}) || d.Generation != before+1 || len(d.Workers) != 3 {
			t.Errorf("forgot %v, %v; generation %d after %d", names, err, d.Generation, before)
		}
		expectNames(t, c, wantNames("cpu", 2, 3, 4))
	})
}

// One server that can't be deleted does not keep the others, and holds up nothing.
func TestWhatCanNotBeDeleted(t *testing.T) {
	for _, row := range []struct {
		name     string
		spoil    func(*memCloud)
		accepted []string
		saying   string // the refusal
	}{
		{"locked", func(c *memCloud) { c.lockedNames = map[string]bool{"astro-cpu-2": true} }, []string{"astro-cpu-1"}, "is locked"},
		{"hangs", func(c *memCloud) { c.sticky = map[string]bool{"astro-cpu-2": true} }, []string{"astro-cpu-1", "astro-cpu-2"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				p, req := scalerOn(t, c, 3, nil)
				row.spoil(c)
				doomed, known, start := []string{"astro-cpu-1", "astro-cpu-2"}, p.view(t, req).Nodes, time.Now()
				got, err := p.RequestDeletion(t.Context(), req.ref(), doomed, nil)
				if err != nil || !slices.Equal(got.Accepted, row.accepted) {
					t.Errorf("accepted %v, %v", got.Accepted, err)
				}
				var said string
				for _, r := range got.Refused {
					said += r.Name + ": " + r.Err.Error()
				}
				if (said == "") != (row.saying == "") || !strings.Contains(said, row.saying) || said != "" && !strings.HasPrefix(said, "astro-cpu-2: ") {
					t.Errorf("refused: %q", said)
				}
				if took := time.Since(start); took > 0 {
					t.Errorf("took %s, want no time", took)
				}
				time.Sleep(10 * memDelete)
				if names, err := p.Forget(t.Context(), req.ref(), doomed, known); err != nil || !slices.Equal(names, []string{"astro-cpu-1"}) {
					t.Errorf("forgot %v, %v", names, err)
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
func TestRequestDeletionSparesAWorkerThatWasCalledBack(t *testing.T) {
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
				p, req := scalerOn(t, c, 3, nil)
				all := map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle, "astro-cpu-2": cluster.LeaveIdle}
				if err := p.SetLeaving(t.Context(), req.ref(), all); err != nil {
					t.Fatal(err)
				}
				for name := range all {
					all[name] = row.marks[name]
				}
				if err := p.SetLeaving(t.Context(), req.ref(), all); err != nil {
					t.Fatal(err)
				}
				got, err := p.RequestDeletion(t.Context(), req.ref(), []string{"astro-cpu-1", "astro-cpu-2"}, row.drained)
				if err != nil || len(got.Refused) > 0 || len(got.Accepted)+len(got.CalledBack) != 2 {
					t.Fatalf("%+v, %v", got, err)
				}
				time.Sleep(memDelete)
				if names, err := p.Forget(t.Context(), req.ref(), []string{"astro-cpu-1", "astro-cpu-2"}, nil); err != nil || !slices.Equal(names, got.Accepted) {
					t.Errorf("forgot %v, accepted %v: %v", names, got.Accepted, err)
				}
				expectNames(t, c, row.want)
				if d := document(t, c); len(d.Workers) != len(row.want)-1 {
					t.Errorf("roster of %d, want %d", len(d.Workers), len(row.want)-1)
				}
			})
		})
	}
}

// The scaler means a server that is gone; the one that is being made in its place, under
// its name, stays.
func TestRequestDeletionSparesASuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		c.server(t, "astro-cpu-2").metadata[cluster.MetaBatch] = "another"
		got, err := p.RequestDeletion(t.Context(), req.ref(), []string{"astro-cpu-2"}, nil)
		if err != nil || len(got.Accepted)+len(got.Refused) > 0 {
			t.Errorf("%+v, %v", got, err)
		}
		time.Sleep(memDelete)
		if names, err := p.Forget(t.Context(), req.ref(), []string{"astro-cpu-2"}, nil); err != nil || len(names) > 0 {
			t.Errorf("forgot %v, %v", names, err)
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
		if _, there := document(t, c).Member("astro-cpu-2"); !there {
			t.Error("the successor's place in the roster is gone")
		}
	})
}

// Of a deletion whose answer was lost it is not known whether the cloud carries it out.
func TestRequestDeletionWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		c.lockedNames = map[string]bool{"astro-cpu-2": true}
		c.after = func(_ int, op string) error {
			if op == "delete" {
				return &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "delete server", Message: "connection reset by peer"}
			}
			return nil
		}
		got, err := p.RequestDeletion(t.Context(), req.ref(), []string{"astro-cpu-1", "astro-cpu-2"}, nil)
		if err != nil || len(got.Accepted) > 0 || len(got.Unknown) != 1 || got.Unknown[0].Name != "astro-cpu-1" || len(got.Refused) != 1 || got.Refused[0].Name != "astro-cpu-2" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
