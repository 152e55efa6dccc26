package record_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

func TestWithoutNumbers(t *testing.T) {
	for words, want := range map[string]string{
		"":                                     "",
		"idle for 1m30s of idle_after = 0.5h":  "idle for  of idle_after = ",
		"3 jobs (12.0…): CPUs 64 > 2":          " jobs (…): CPUs  > ",
		"the group ms has room for some hours": "the group ms has room for some hours",
	} {
		if got := record.WithoutNumbers(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func idleFor(d time.Duration) reason.Reason {
	return reason.New(reason.IdleNotLongEnough, reason.Span("idle", d))
}

func TestMattersOfNotes(t *testing.T) {
	same := func(a, b string) bool {
		return record.Matter(decide.Note{About: a, Reason: idleFor(10 * time.Second)}) == record.Matter(decide.Note{About: b, Reason: idleFor(2 * time.Minute)})
	}
	for _, row := range []struct {
		a, b string
		same bool
	}{
		{"group s", "group s", true},
		{"group s", "group m", false},
		{"group g1", "group g2", false},
		{"astro-cpu-1", "astro-cpu-27", true},
		{"astro-cpu-1", "astro-gpu-1", false},
	} {
		if got := same(row.a, row.b); got != row.same {
			t.Errorf("%s and %s: one matter is %t", row.a, row.b, got)
		}
	}
}

func TestActed(t *testing.T) {
	remains := []decide.Remains{{Server: "s1", Worker: "astro-cpu-1"}}
	for _, row := range []struct {
		name string
		r    record.Record
		want bool
	}{
		{"nothing", record.Record{}, false},
		{"a worker is added", record.Record{Decision: decide.Decision{Add: []decide.Add{{}}}}, true},
		{"a worker is forgotten", record.Record{Decision: decide.Decision{Forget: []decide.Step{{}}, Collect: remains}}, true},
		{"a gone server left nothing", record.Record{Decision: decide.Decision{Collect: remains}}, false},
		{"a gone server left a port", record.Record{Decision: decide.Decision{Collect: remains}, Collected: []string{"port p1"}}, true},
	} {
		if got := row.r.Acted(); got != row.want {
			t.Errorf("%s: %t", row.name, got)
		}
	}
}
