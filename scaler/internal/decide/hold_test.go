package decide_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Readings take a while, and not always the same: the sixth one after the first may
// end a moment less than a minute after that one did. Demand lasts from the moment
// at which it was read first, so that no round more goes by.
func TestTheHoldCountsFromTheReading(t *testing.T) {
	w := newWorld(jobs(8))
	read := func(began, ended time.Duration) string {
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = now.Add(began), now.Add(began)
		out, memory := decide.Tick(w.facts, w.policy, w.memory, now.Add(ended))
		w.memory = memory
		return brief(out.Decision)
	}
	for _, row := range []struct {
		began, ended time.Duration
		want         string
	}{
		{1200 * time.Millisecond, 2500 * time.Millisecond, ""},
		{51 * time.Second, 52 * time.Second, ""},
		{61 * time.Second, 62 * time.Second, "+2cpu"},
	} {
		if got := read(row.began, row.ended); got != row.want {
			t.Errorf("read from %s to %s: %q, want %q", row.began, row.ended, got, row.want)
		}
	}
}
