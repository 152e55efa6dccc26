package provision

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/rounds"
)

// scalerOn makes a cluster with that many workers of the group cpu and returns the scaler's
// Steps and a request of that cluster.
func scalerOn(t *testing.T, c *memCloud, workers int, change func(*Request)) (Steps, Request) {
	t.Helper()
	req := testRequest(t, workers)
	if change != nil {
		change(&req)
	}
	apply(t, c, req)
	return Steps{New(c, Options{Owner: cluster.OwnerScaler})}, req
}

func (p Steps) view(t *testing.T, req Request) cluster.View {
	t.Helper()
	v, err := p.Refresh(t.Context(), req.ref(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// add has the scaler make the workers of an order and enrol them. It returns their names.
func (p Steps) add(t *testing.T, req Request, o Order) []string {
	t.Helper()
	return rounds.Add(t, p, req.ref(), o.Count, func(ctx context.Context) ([]string, error) {
		posted, err := p.Post(ctx, req.ref(), []Order{o})
		return posted.Accepted.Names(), err
	})
}

// remove has the scaler delete workers and forget them.
func (p Steps) remove(t *testing.T, req Request, names ...string) {
	t.Helper()
	rounds.Remove(t, p, req.ref(), names, func(ctx context.Context) ([]string, error) {
		retired, err := p.RequestDeletion(ctx, req.ref(), names, nil)
		return retired.Accepted, err
	})
}

// A scaler's workers are such as the provider makes. One that leaves is drained, deleted and
// forgotten.
func TestTheScalersWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		made := p.add(t, req, Order{Group: "cpu", Count: 2})
		if !slices.Equal(made, []string{"astro-cpu-3", "astro-cpu-4"}) {
			t.Fatalf("made %v", made)
		}
		d := document(t, c)
		if d.Generation != 2 || len(d.Workers) != 4 {
			t.Errorf("document: generation %d, %d workers", d.Generation, len(d.Workers))
		}
		for _, s := range c.present() {
			if s.req.Name == "astro-cpu-3" {
				if s.req.Metadata[cluster.MetaOwner] != cluster.OwnerScaler {
					t.Errorf("owner %q", s.req.Metadata[cluster.MetaOwner])
				}
				for _, other := range c.present() {
					same := s.req.Image == other.req.Image && s.req.Metadata[cluster.MetaSpec] == other.req.Metadata[cluster.MetaSpec]
					if other.req.Name == "astro-cpu-1" && !same {
						t.Error("the scaler's worker differs from the provider's")
					}
				}
			}
		}

		if err := p.SetLeaving(t.Context(), req.ref(), map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle, "astro-cpu-9": cluster.LeaveIdle}); err != nil {
			t.Fatal(err)
		}
		view := readUntil(t, p.Provisioner, req.Spec.ID, 3)
		if view.Report.Drained != "cpu[1]" {
			t.Errorf("drained %q, want cpu[1]", view.Report.Drained)
		}
		p.remove(t, req, "astro-cpu-1")
		expectNames(t, c, wantNames("cpu", 2, 3, 4))
		if _, there := document(t, c).Member("astro-cpu-1"); there {
			t.Error("the removed worker is still in the roster")
		}
	})
}
