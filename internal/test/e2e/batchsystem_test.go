//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// batchSystem is what the stories ask of the batch system that a cluster runs. Except
// for kind and unit, each returns a shell script for the front-end.
type batchSystem interface {
	kind() string // of batch_system.type and of the queue block
	unit() string // the worker's unit, which starts when the worker has joined

	// submit queues n jobs and prints their submission, a word that the others take.
	submit(n, number int, job task) string
	// ended prints how many jobs have ended with success since the front-end was made.
	ended() string
	// host prints the names of the workers on which a submission's jobs run.
	host(submission string) string
	// times prints when a submission's one job was queued and when it began, in seconds
	// since 1970.
	times(submission string) string
	// once prints "once" if a running submission's one job began there and nowhere else.
	once(submission string) string
	// history prints a line for each ended job of a submission: "once" if it began once
	// and ended with success, and where it ran.
	history(submission string) string
	// tally prints how many jobs ended with success, lost their worker, were removed, and
	// are held or were.
	tally() string

	// members prints the names of the workers that take jobs, in order.
	members() string
	// busy prints the names of the workers that run a job, in order.
	busy() string
	// draining prints the names of the workers that run a job and take no other.
	draining() string
	// known prints a line if the batch system knows a worker of that name.
	known(worker string) string
}

// root is the front-end as the image's own user, which may become root.
func (s *story) root() host {
	h := s.fe
	h.user = s.env[cloudenv.ImageUser]
	return h
}

// rooted has root run a script: some of what the story asks is for administrators.
func rooted(script string) string { return "sudo -n bash -s <<'ROOT'\n" + script + "\nROOT" }

// ask runs a script of the batch system on the front-end.
func (s *story) ask(ctx context.Context, script string) (string, error) {
	out, _, err := s.root().run(ctx, rooted(script))
	return out, err
}

func (s *story) mustAsk(t *testing.T, script string) string {
	t.Helper()
	out, err := s.ask(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// task is what jobs ask for, and what they have a shell do.
type task struct {
	cpus, memory int // MiB
	group        string
	nodes        int    // workers that run each of the jobs together; 0 is 1
	command      string // without quotes; SUBMISSION is what submit printed
}

// submit submits n jobs that sleep.
func (s *story) submit(t *testing.T, n, seconds int) string {
	t.Helper()
	return s.submitTask(t, n, task{cpus: 1, memory: 64, command: fmt.Sprintf("sleep %d", seconds)})
}

// submitTask submits n equal jobs as the login user.
func (s *story) submitTask(t *testing.T, n int, job task) string {
	t.Helper()
	s.submitted += n
	s.submissions++
	said := s.fe.must(t, "cd ~\n"+s.batch.submit(n, s.submissions, job))
	if id := strings.Fields(said); len(id) == 1 {
		return id[0]
	}
	t.Fatalf("the submission is not one word: %q", said)
	return ""
}

// runJobs submits n jobs that sleep and waits until all have run. It returns the
// submission.
func (s *story) runJobs(t *testing.T, n, seconds int) string {
	t.Helper()
	id := s.submit(t, n, seconds)
	eventually(t, fmt.Sprintf("%d jobs done", n), 5*time.Minute, func() (string, bool) {
		return s.unfinished(t)
	})
	return id
}

// unfinished reads how many jobs have ended, since an empty queue may also mean that a
// tool failed.
func (s *story) unfinished(t *testing.T) (string, bool) {
	t.Helper()
	out, err := s.ask(t.Context(), s.batch.ended())
	return fmt.Sprintf("%s of %d jobs ended", out, s.submitted), err == nil && out == fmt.Sprint(s.submitted)
}

// untilTold is a job that runs until a file exists on its worker. The file is where the
// batch system gives jobs no folder of their own.
const untilTold = "until test -e /srv/over-SUBMISSION; do sleep 1; done"

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
		out, err := s.ask(t.Context(), s.batch.host(submission))
		return out, err == nil && out == worker
	})
}

// noneEvicted expects each job to have ended once, where it began.
func (s *story) noneEvicted(t *testing.T) {
	t.Helper()
	out := s.mustAsk(t, s.batch.tally())
	t.Logf("jobs ended, evicted, removed and held: %s", out)
	if want := fmt.Sprintf("%d 0 0 0", s.submitted); out != want {
		t.Errorf("%d jobs were submitted; ended, evicted, removed and held: %s", s.submitted, out)
	}
}

// ranOnce expects of each job of a submission that it started once and ended with
// success; of one that was held or removed the history says otherwise, or nothing.
func (s *story) ranOnce(t *testing.T, submission string, jobs int) {
	t.Helper()
	out := s.mustAsk(t, s.batch.history(submission))
	t.Logf("the jobs, and where they ran:\n%s", out)
	lines := strings.Split(out, "\n")
	if len(lines) != jobs {
		t.Errorf("the history has %d jobs of %d", len(lines), jobs)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "once ") {
			t.Errorf("a job was lost, held or ran more than once: %s", line)
		}
	}
}

// pool expects exactly these workers to take jobs.
func (s *story) pool(t *testing.T, workers ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the pool has %v", workers), 3*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.members())
		return out, err == nil && slices.Equal(strings.Fields(out), workers)
	})
}
