package provision

import (
	"errors"
	"slices"
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
		id := req.Spec.ID
		marks := map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle, "astro-cpu-3": cluster.LeaveIdle}
		if err := p.SetLeaving(t.Context(), id, marks); err != nil {
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
		if took := time.Since(begun); took > 0 || c.calls-calls != 1+2 {
			t.Errorf("it took %s and %d calls, want no time, a list and two DELETEs", took, c.calls-calls)
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

// A list that lacks a server is no proof: the server is asked for by its ID.
func TestForgetAsksForServersThatAListLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		known := p.view(t, req).Nodes
		c.down = map[string]bool{"astro-cpu-1": true}
		names, err := p.Forget(t.Context(), req.ref(), []string{"astro-cpu-1"}, known)
		if _, hidden := errors.AsType[*HiddenError](err); !hidden || len(names) > 0 || len(document(t, c).Workers) != 2 {
			t.Errorf("forgot %v, %v", names, err)
		}
	})
}

// The entry under a name may be new: its server was made after the reading.
func TestForgetLeavesANewEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		c.lose(t, "astro-cpu-1")
		c.after = func(_ int, op string) error {
			if op == "list" {
				c.after = nil
				c.changeRoster(t, c.server(t, "astro-frontend"), func(d *cluster.Document) {
					d.Workers[0] = cluster.Member{Name: "astro-cpu-1", Address: "10.0.0.99", Batch: "theirs"}
				})
			}
			return nil
		}
		names, err := p.Forget(t.Context(), req.ref(), []string{"astro-cpu-1"}, nil)
		if m, there := document(t, c).Member("astro-cpu-1"); err != nil || len(names) > 0 || !there || m.Batch != "theirs" {
			t.Errorf("forgot %v, %v: %+v", names, err, m)
		}
	})
}

func TestRequestDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		twin := c.twin(t, "astro-cpu-1", time.Minute)
		begun := time.Now()
		if err := p.RequestDiscard(t.Context(), req.ref(), twin.id); err != nil || time.Since(begun) > 0 {
			t.Fatalf("after %s: %v", time.Since(begun), err)
		}
		time.Sleep(memDelete)
		expectNames(t, c, wantNames("cpu", 1, 2))
		if err := p.RequestDiscard(t.Context(), req.ref(), twin.id); err != nil {
			t.Errorf("a server that is gone: %v", err)
		}
		if err := p.RequestDiscard(t.Context(), req.ref(), c.server(t, "astro-cpu-2").id); !cluster.IsKind(err, cluster.FaultConflict) {
			t.Errorf("one that is in the roster: %v", err)
		}
		if d := document(t, c); len(d.Workers) != 2 || d.Generation != 1 {
			t.Errorf("generation %d, %d workers", d.Generation, len(d.Workers))
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
