package provision

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

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
		if err := (Steps{p}).SetLeaving(t.Context(), req.ref(), map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle}); err != nil {
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
		if err := (Steps{p}).SetLeaving(t.Context(), req.ref(), map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle}); err != nil {
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
