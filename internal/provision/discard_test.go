package provision

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestZonesToAvoid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 0)
		zoned(&req, "a", "b")
		apply(t, c, req)
		p := New(c, Options{Owner: cluster.OwnerScaler})
		for _, row := range []struct {
			avoid []string
			want  []string // of two workers
		}{
			{nil, []string{"a", "b"}},
			{[]string{"a"}, []string{"b", "b"}},
			{[]string{"b"}, []string{"a", "a"}},
			{[]string{"a", "b"}, []string{"a", "b"}}, // there is no other
		} {
			made, err := p.AddWorkersOutside(t.Context(), req.Spec.ID, "cpu", 2, row.avoid)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range made {
				got = append(got, c.request(t, name).Zone)
			}
			slices.Sort(got)
			if !slices.Equal(got, row.want) {
				t.Errorf("avoiding %v: zones %v, want %v", row.avoid, got, row.want)
			}
		}
	})
}

func TestWorkersThatWereNotMadeAreNamedWithTheirZones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 0)
		zoned(&req, "a", "b")
		apply(t, c, req)
		c.full = map[string]bool{"a": true, "b": true}
		made, err := New(c, Options{Owner: cluster.OwnerScaler}).AddWorkers(t.Context(), req.Spec.ID, "cpu", 1)
		var lost cluster.NotMadeError
		if !errors.As(err, &lost) || len(made) != 0 || len(lost) != 1 {
			t.Fatalf("made %v, %v", made, err)
		}
		if l := lost[0]; l.Name != "astro-cpu-1" || l.Kind != cluster.FaultNoHost || !slices.Equal(l.Zones, []string{"a", "b"}) {
			t.Errorf("%+v", l)
		}
		if !cluster.IsKind(err, cluster.FaultNoHost) {
			t.Errorf("kind %s", cluster.KindOf(err))
		}
	})
}

func TestDiscardServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		p := New(c, Options{Owner: cluster.OwnerScaler})
		again := c.request(t, "astro-cpu-1")
		again.Metadata = map[string]string{cluster.MetaBatch: "another"}
		twin, err := c.CreateNode(t.Context(), again)
		if err != nil {
			t.Fatal(err)
		}
		before := document(t, c)
		if err := p.DiscardServer(t.Context(), req.Spec.ID, twin); err != nil {
			t.Fatal(err)
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
		if after := document(t, c); after.Generation != before.Generation || len(after.Workers) != 2 {
			t.Errorf("the roster was changed: generation %d, %d workers", after.Generation, len(after.Workers))
		}
		if err := p.DiscardServer(t.Context(), req.Spec.ID, twin); err != nil {
			t.Errorf("a server that is gone: %v", err)
		}
		for _, s := range c.present() {
			if s.req.Name != "astro-cpu-2" {
				continue
			}
			if err := p.DiscardServer(t.Context(), req.Spec.ID, s.id); !cluster.IsKind(err, cluster.FaultConflict) {
				t.Errorf("one that is in the roster: %v", err)
			}
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
	})
}
