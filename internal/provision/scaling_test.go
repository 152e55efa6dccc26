package provision

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestTheScalersWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		id := req.Spec.ID
		p := New(c, Options{Owner: cluster.OwnerScaler})

		made, err := p.AddWorkers(t.Context(), id, "cpu", 2)
		if err != nil || !slices.Equal(made, []string{"astro-cpu-3", "astro-cpu-4"}) {
			t.Fatalf("made %v, %v", made, err)
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

		if err := p.SetLeaving(t.Context(), id, map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle, "astro-cpu-9": cluster.LeaveIdle}); err != nil {
			t.Fatal(err)
		}
		view := readUntil(t, p, id, 3)
		if view.Report.Drained != "cpu[1]" {
			t.Errorf("drained %q, want cpu[1]", view.Report.Drained)
		}
		if err := p.RemoveWorkers(t.Context(), id, []string{"astro-cpu-1"}, nil); err != nil {
			t.Fatal(err)
		}
		expectNames(t, c, wantNames("cpu", 2, 3, 4))
		if _, there := document(t, c).Member("astro-cpu-1"); there {
			t.Error("the removed worker is still in the roster")
		}
	})
}

// readUntil reads, at the scaler's pace, until the report is of that generation.
func readUntil(t *testing.T, p *Provisioner, id string, generation int64) cluster.View {
	t.Helper()
	for range 30 {
		view, err := p.Read(t.Context(), id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if view.HasReport && view.Report.Generation >= generation {
			return view
		}
		time.Sleep(10 * time.Second)
	}
	t.Fatalf("no report of generation %d", generation)
	return cluster.View{}
}

func TestABusyWorkersReportIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		apply(t, c, req)
		p := New(c, Options{Owner: cluster.OwnerScaler})
		c.busy["astro-cpu-1"] = true
		if err := p.SetLeaving(t.Context(), req.Spec.ID, map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle}); err != nil {
			t.Fatal(err)
		}
		if v := readUntil(t, p, req.Spec.ID, 2); v.Report.Busy != "cpu[1]" || v.Report.Drained != "" {
			t.Fatalf("busy %q, drained %q", v.Report.Busy, v.Report.Drained)
		}
		delete(c.busy, "astro-cpu-1")
		if v := readUntil(t, p, req.Spec.ID, 2); v.Report.Drained != "cpu[1]" {
			t.Errorf("drained %q: the older report of the same generation still stands in the slot", v.Report.Drained)
		}
	})
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		// Another writer's change comes between our write and our reading it back.
		other, puts := false, 0
		c.after = func(_ int, op string) error {
			if op == "put metadata" {
				if puts++; puts == 1 && !other {
					other = true
					for _, s := range c.servers {
						if s.req.Role != cluster.RoleFrontEnd {
							continue
						}
						d, err := cluster.DecodeDocument(s.older)
						if err != nil {
							t.Error(err)
						}
						d = d.Clone()
						d.Generation++
						d.Workers[1].Leaving = cluster.LeaveIdle
						items, err := d.Encode()
						if err != nil {
							t.Error(err)
						}
						s.metadata = cluster.WithDocument(s.metadata, items)
					}
				}
			}
			return nil
		}
		p := New(c, Options{Owner: cluster.OwnerScaler})
		if err := p.SetLeaving(t.Context(), req.Spec.ID, map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle}); err != nil {
			t.Fatal(err)
		}
		d := document(t, c)
		for _, m := range d.Workers {
			if m.Leaving != cluster.LeaveIdle {
				t.Errorf("the mark of %s is lost", m.Name)
			}
		}
		if d.Generation != 3 {
			t.Errorf("generation %d, want 3", d.Generation)
		}
	})
}

func TestNonsenseInTheSlotIsClearedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		apply(t, c, req)
		for _, s := range c.present() {
			if s.req.Role == cluster.RoleFrontEnd {
				s.slot = "bm9uc2Vuc2U="
			}
		}
		p := New(c, Options{Owner: cluster.OwnerScaler})
		if v, err := p.Read(t.Context(), req.Spec.ID, nil); err != nil || v.HasReport {
			t.Fatalf("report %t, %v", v.HasReport, err)
		}
		if v, err := p.Read(t.Context(), req.Spec.ID, nil); err != nil || !v.HasReport {
			t.Errorf("the next read: report %t, %v", v.HasReport, err)
		}
	})
}

// A plan reads as well, and leaves the slot to the scaler that acts.
func TestOneThatOnlyLooksLeavesTheReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		apply(t, c, req)
		p := New(c, Options{Owner: cluster.OwnerScaler})
		c.busy["astro-cpu-1"] = true
		if err := p.SetLeaving(t.Context(), req.Spec.ID, map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		before := len(c.log)
		looking := New(c, Options{Owner: cluster.OwnerScaler, KeepReport: true})
		if v, err := looking.Read(t.Context(), req.Spec.ID, nil); err != nil || !v.HasReport {
			t.Fatalf("report %t, %v", v.HasReport, err)
		}
		if slices.Contains(c.log[before:], "clear report") {
			t.Errorf("calls %v", c.log[before:])
		}
		if v, err := p.Read(t.Context(), req.Spec.ID, nil); err != nil || !v.HasReport || !slices.Contains(c.log, "clear report") {
			t.Errorf("the one that acts: report %t, %v, calls %v", v.HasReport, err, c.log[before:])
		}
	})
}
