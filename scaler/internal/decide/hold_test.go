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

// A job that came between two readings has waited since it was queued. What is
// older, or says nothing of its age, caused no need before it was read.
func TestTheHoldOfNewJobsCountsFromTheirQueueing(t *testing.T) {
	const second = time.Second
	for _, row := range []struct {
		about  string
		queued time.Duration // after the first reading; the job is read 10 s after that
		spare  int
		begins time.Duration // the hold
	}{
		{"in between", 3 * second, 0, 4 * second},
		{"just after the first reading", 500 * time.Millisecond, 0, 1500 * time.Millisecond},
		{"in the second of the reading", 9500 * time.Millisecond, 0, 10 * second},
		{"before the first reading: it had a place then", -30 * second, 0, 10 * second},
		{"the queue's clock is ahead", 90 * second, 0, 10 * second},
		{"a spare worker is missing as well, and since when is not known", 3 * second, 1, 10 * second},
	} {
		t.Run(row.about, func(t *testing.T) {
			w := newWorld()
			read := func(at time.Duration) string {
				w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = now.Add(at), now.Add(at)
				out, memory := decide.Tick(w.facts, w.policy, w.memory, now.Add(at))
				w.memory = memory
				return brief(out.Decision)
			}
			if got := read(0); got != "" {
				t.Fatalf("without a job: %q", got)
			}
			jobs(8)(&w)
			w.facts.Queue.Jobs[0].Oldest = now.Add(row.queued)
			bounds := w.policy.Groups["cpu"]
			bounds.Spare = row.spare
			w.policy.Groups["cpu"] = bounds
			end := row.begins + w.policy.ScaleOutAfter
			for _, at := range []time.Duration{10 * second, end - time.Millisecond, end} {
				if got, grown := read(at), at == end; (got != "") != grown {
					t.Errorf("at %s, hold from %s: %q", at, row.begins, got)
				}
			}
		})
	}
}
