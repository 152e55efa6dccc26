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

// unfinished reads the job log (005 is "terminated"), because an empty list of condor_q
// may also mean that condor_q failed.
func (s *story) unfinished(t *testing.T) (string, bool) {
	t.Helper()
	out, _, err := s.fe.run(t.Context(), "grep -c '^005 ' job.log || true")
	return fmt.Sprintf("%s of %d jobs terminated", out, s.submitted), err == nil && out == fmt.Sprint(s.submitted)
}

// task is what jobs ask for, and what they have a shell do.
type task struct {
	cpus, memory int // MiB
	group        string
	command      string // without quotes; $(ClusterId) is the submission's number
}

// submit submits n jobs that sleep.
func (s *story) submit(t *testing.T, n, seconds int) string {
	t.Helper()
	return s.submitTask(t, n, task{cpus: 1, memory: 64, command: fmt.Sprintf("sleep %d", seconds)})
}

// submitTask returns the number that HTCondor gives the jobs together.
func (s *story) submitTask(t *testing.T, n int, job task) string {
	t.Helper()
	s.submitted += n
	more := ""
	if job.group != "" {
		more = fmt.Sprintf("+VmclusterGroup = %q\nrequirements = TARGET.VmclusterGroup == MY.VmclusterGroup\n", job.group)
	}
	terse := s.fe.must(t, fmt.Sprintf(`cd ~ && cat >job.sub <<'X'
executable = /bin/sh
arguments = "-c '%s'"
transfer_executable = false
request_cpus = %d
request_memory = %dMB
request_disk = 1MB
should_transfer_files = yes
log = job.log
%squeue %d
X
condor_submit -terse job.sub`, job.command, job.cpus, job.memory, more, n))
	id, _, numbered := strings.Cut(terse, ".") // "12.0 - 12.6"
	if !numbered {
		t.Fatalf("condor_submit said %q", terse)
	}
	return id
}

// untilTold is a job that runs until a file exists on its worker. The file is where the
// batch system gives jobs no folder of their own.
const untilTold = "until test -e /srv/over-$(ClusterId); do sleep 1; done"

// end makes the file on the worker that ends the job.
func (s *story) end(t *testing.T, submission, worker string) {
	t.Helper()
	n, there := s.servers(t).ByName(worker)
	if !there {
		t.Fatalf("%s has no server", worker)
	}
	s.asOperatorOnce(n).must(t, "sudo -n touch /srv/over-"+submission)
}

// startedOn waits until a submission's one job runs on a worker.
func (s *story) startedOn(t *testing.T, submission, worker string, within time.Duration) {
	t.Helper()
	eventually(t, fmt.Sprintf("job %s runs on %s", submission, worker), within, func() (string, bool) {
		out, _, err := s.fe.run(t.Context(), fmt.Sprintf("condor_q %s -af JobStatus RemoteHost", submission))
		return out, err == nil && strings.HasPrefix(out, "2 slot1_1@"+worker+".")
	})
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
