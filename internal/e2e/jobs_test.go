//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// runJobs submits n jobs that sleep and waits until all have run. It returns the
// submission's number.
func (s *story) runJobs(t *testing.T, n, seconds int) string {
	t.Helper()
	id := s.submit(t, n, seconds)
	eventually(t, fmt.Sprintf("%d jobs done", n), 5*time.Minute, func() (string, bool) {
		return s.unfinished(t)
	})
	return id
}

// unfinished asks the job log (005 is "terminated"): an empty list of condor_q may also mean that it
// could not be had.
func (s *story) unfinished(t *testing.T) (string, bool) {
	t.Helper()
	out, _, err := s.fe.run(t.Context(), "grep -c '^005 ' job.log || true")
	return fmt.Sprintf("%s of %d jobs terminated", out, s.submitted), err == nil && out == fmt.Sprint(s.submitted)
}

// submit returns the number that HTCondor gives the jobs together.
func (s *story) submit(t *testing.T, n, seconds int) string {
	t.Helper()
	s.submitted += n
	terse := s.fe.must(t, fmt.Sprintf(`cd ~ && cat >job.sub <<'X'
executable = /bin/sleep
arguments = %d
transfer_executable = false
request_cpus = 1
request_memory = 64MB
request_disk = 1MB
should_transfer_files = yes
log = job.log
queue %d
X
condor_submit -terse job.sub`, seconds, n))
	id, _, numbered := strings.Cut(terse, ".") // "12.0 - 12.6"
	if !numbered {
		t.Fatalf("condor_submit said %q", terse)
	}
	return id
}

// noneEvicted expects each job to have ended once, where it began.
func (s *story) noneEvicted(t *testing.T) {
	t.Helper()
	out := s.fe.must(t, "for event in 005 004 009 012; do grep -c \"^$event \" job.log || true; done | xargs")
	t.Logf("jobs terminated (005), evicted (004), removed (009) and held (012), by the job log: %s", out)
	if want := fmt.Sprintf("%d 0 0 0", s.submitted); out != want {
		t.Errorf("%d jobs were submitted; terminated, evicted, removed and held: %s", s.submitted, out)
	}
}
