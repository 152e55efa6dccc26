package journal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Workers that are enrolled together are one event of their group, with all names and a
// short title; entries that are forgotten are events of their own.
func TestEnrolmentsAreOneEventOfAGroup(t *testing.T) {
	var d decide.Decision
	for i := range 200 {
		d.Enrol = append(d.Enrol, decide.Step{Worker: fmt.Sprintf("astro-cpu-%d", i+1), Group: "cpu", Reason: reason.New(reason.ReadyToEnrol, reason.Name("address", "192.0.2.1"))})
	}
	d.Enrol = append(d.Enrol, decide.Step{Worker: "astro-gpu-1", Group: "gpu", Reason: reason.New(reason.ReadyToEnrol, reason.Name("address", "192.0.2.7"))})
	d.Forget = []decide.Step{{Worker: "astro-cpu-201", Group: "cpu", Reason: reason.New(reason.NoServer)}}
	got := journal.Of([]record.Record{at(0, d)})
	if len(got) != 3 {
		t.Fatalf("%d events: %+v", len(got), got)
	}
	if e := got[0]; e.What != journal.Enrol || e.About != "group cpu" || len(e.Names) != 200 || !e.Action() ||
		e.Title() != "enrol 200 (astro-cpu-1, astro-cpu-2, astro-cpu-3, astro-cpu-4, astro-cpu-5, astro-cpu-6, astro-cpu-7 and 193 more)" {
		t.Errorf("of many: %q, %+v", e.Title(), e)
	}
	if e := got[1]; e.Title() != "enrol 1 (astro-gpu-1)" || !strings.Contains(e.Reason, "192.0.2.7") {
		t.Errorf("of one: %q, %q", e.Title(), e.Reason)
	}
	if e := got[2]; e.What != journal.Forget || e.About != "astro-cpu-201" || e.Title() != "forget" {
		t.Errorf("of an entry without a server: %+v", e)
	}
}
