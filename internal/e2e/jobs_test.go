//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// runJobs submits n jobs that sleep and waits until all have run.
func (s *story) runJobs(t *testing.T, n, seconds int) {
	t.Helper()
	s.submit(t, n, seconds)
	eventually(t, fmt.Sprintf("%d jobs done", n), 5*time.Minute, func() (string, bool) {
		return s.unfinished(t)
	})
}

// unfinished asks the job log (005 is "terminated"): an empty list of condor_q may also mean that it
// could not be had.
func (s *story) unfinished(t *testing.T) (string, bool) {
	t.Helper()
	out, _, err := s.fe.run(t.Context(), "grep -c '^005 ' job.log || true")
	return fmt.Sprintf("%s of %d jobs terminated", out, s.submitted), err == nil && out == fmt.Sprint(s.submitted)
}

func (s *story) submit(t *testing.T, n, seconds int) {
	t.Helper()
	s.submitted += n
	s.fe.must(t, fmt.Sprintf(`cd ~ && cat >job.sub <<'X'
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
}

// noneEvicted expects each job to have ended once, where it began.
func (s *story) noneEvicted(t *testing.T) {
	t.Helper()
	out := s.fe.must(t, "grep -c '^005 ' job.log; grep -c '^004 ' job.log || true")
	t.Logf("jobs terminated (005) and evicted (004), by the job log: %s", strings.ReplaceAll(out, "\n", ", "))
	if want := fmt.Sprintf("%d\n0", s.submitted); out != want {
		t.Errorf("%d jobs were submitted; terminated and evicted:\n%s", s.submitted, out)
	}
}
