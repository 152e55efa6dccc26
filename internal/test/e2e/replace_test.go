//go:build e2e

package e2e

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// rollingReplacement makes both workers anew, one after the other, while the
// queue is longer than the pool. Each is asked to leave under a running job, and
// no job may notice.
func (s *story) rollingReplacement(t *testing.T) {
	const jobs, seconds = 11, 100 // the second worker's turn comes after one job and one boot
	before, workers := s.ids(t), s.workers(t)
	if len(workers) != 2 {
		t.Fatalf("the workers are %v, want two", workers)
	}
	id := s.submit(t, jobs, seconds)
	eventually(t, "each worker runs a job", 3*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.busy())
		return out, err == nil && slices.Equal(strings.Fields(out), workers)
	})

	s.want.retire = nil // the named worker has left
	s.want.cluster = `replacement = { strategy = "rolling", max_unavailable = 1, drain_timeout = "20m" }`
	s.want.group = `cloud_config = "#cloud-config\nwrite_files:\n  - path: /etc/e2e\n    content: second\n"`
	drains := s.watchDrains(t, nil)
	s.apply(t)
	for _, name := range workers {
		if !drains()[name] {
			t.Errorf("%s was not seen draining under a running job, so nothing is proven", name)
		}
	}
	after := s.ids(t)
	if !slices.Equal(s.workers(t), workers) || after[s.frontEnd()] != before[s.frontEnd()] {
		t.Errorf("servers %v became %v", before, after)
	}
	for _, name := range workers {
		if after[name] == before[name] {
			t.Errorf("%s is the server it was", name)
		}
		if got := s.fe.must(t, "ssh -o BatchMode=yes "+name+" cat /etc/e2e </dev/null"); got != "second" {
			t.Errorf("%s was not made from the new cloud_config: /etc/e2e holds %q", name, got)
		}
	}
	s.trusts(t, workers...)
	s.pool(t, workers...)
	eventually(t, "the jobs are done", 20*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.ranOnce(t, id, jobs)
	s.noneEvicted(t)
}

// watchDrains notes which workers drain while a job runs on them. The function
// that it returns ends the watch at its first call.
//
// onDrain is called, from another goroutine, once for each such worker; nil does nothing.
func (s *story) watchDrains(t *testing.T, onDrain func(ctx context.Context, worker string)) func() map[string]bool {
	ctx, cancel := context.WithCancel(t.Context())
	seen, ended := map[string]bool{}, make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			out, err := s.ask(ctx, s.batch.draining())
			for _, name := range strings.Fields(out) {
				if err == nil && !seen[name] {
					t.Logf("%s drains under a running job", name)
					seen[name] = true
					if onDrain != nil {
						onDrain(ctx, name)
					}
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
		}
	}()
	stop := func() map[string]bool {
		cancel()
		<-ended
		return maps.Clone(seen)
	}
	t.Cleanup(func() { stop() })
	return stop
}

// newFrontEnd has the front-end made from something else. The workers stay, and
// the new one takes them over.
func (s *story) newFrontEnd(t *testing.T) {
	before, workers := s.ids(t), s.workers(t)
	s.want.frontEnd = `replace_on_change = true
    files             = { "/etc/e2e" = "second" }`
	s.apply(t, "The batch system's queue is made anew")
	s.meetFrontEnd(t)
	after := s.ids(t)
	for name, id := range before {
		if isNew := after[name] != id; isNew != (name == s.frontEnd()) {
			t.Errorf("%s is another server than before: %t", name, isNew)
		}
	}
	if len(after) != len(before) {
		t.Errorf("servers %v became %v", before, after)
	}
	if got := s.fe.must(t, "cat /etc/e2e"); got != "second" {
		t.Errorf("the front-end was not made from its new files: /etc/e2e holds %q", got)
	}
	s.trusts(t, workers...)
	s.pool(t, workers...)
	id := s.runJobs(t, 2, 5)
	s.ranOnce(t, id, 2)
}
