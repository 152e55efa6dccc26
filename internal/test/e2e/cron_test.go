//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// everyMinute is the policy of `once`. It watches for the hold time, so that a run that
// acts is not over when the next one begins: cron starts runs that overlap.
const everyMinute = `
policy {
  interval        = "5s"
  scale_out_after = "40s"
  idle_after      = "20s"
}

actuator "nova" {}
`

// cron has `once` grow the cluster for a job and take the worker away again, as
// this line does in a crontab on a machine that has credentials of the cloud and
// reaches the front-end by SSH:
//
//   - * * * * vmcluster-scaler once --detailed-exitcode --config scaler.hcl
//
// The test starts it at each full minute itself; it waits for none before it
// starts the next, as cron does not.
func (s *story) cron(t *testing.T) {
	file := s.scalerFile(t, "cron", everyMinute)
	c := s.startCron(t, file)
	defer c.stop()
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, command: "sleep 20"})
	eventually(t, "a run makes a worker", 5*time.Minute, func() (string, bool) {
		now := s.workers(t)
		return fmt.Sprint(now, file.last(t)), slices.Equal(now, []string{smallWorker})
	})
	s.madeBy(t, smallWorker, cluster.OwnerScaler)
	eventually(t, "the job is done", growth, func() (string, bool) { return s.unfinished(t) })
	s.awaitNoWorkers(t, file)
	gone := time.Now()
	eventually(t, "a run that finds nothing to do", 5*time.Minute, func() (string, bool) {
		return c.String(), slices.ContainsFunc(c.ended(), func(r cronRun) bool { return r.from.After(gone) })
	})
	c.stop()
	t.Logf("runs of once:\n%s", c)

	s.ranOnce(t, id, 1)
	s.nothingLeftOf(t, smallWorker)
	c.expect(t, file, gone)
}

// expect compares the runs' exit statuses with their records: 3 if the run did
// something, else 0. One run makes the worker, one asks it to leave, one removes it;
// the later ones have nothing to do.
func (c *crontab) expect(t *testing.T, file scalerFile, gone time.Time) {
	t.Helper()
	acted, said := 0, 0
	var made []string
	for _, r := range file.read(t) {
		if r.acted() {
			acted++
		}
		made = append(made, r.Added...)
		if len(r.Errors) > 0 || r.Error != "" {
			t.Errorf("a run failed: %q, %q", r.Error, r.Errors)
		}
	}
	for _, run := range c.ended() {
		switch run.status {
		case 0:
		case 3:
			said++
			if run.from.After(gone) {
				t.Errorf("a run found something to do when all was done:\n%s", run.said)
			}
		default:
			t.Errorf("a run ended with status %d:\n%s", run.status, run.said)
		}
	}
	if acted != said || acted < 3 || !slices.Equal(made, []string{smallWorker}) {
		t.Errorf("%d runs acted, %d said so by status 3; made were %v", acted, said, made)
	}
}

// crontab is one line of cron's.
type crontab struct {
	stop func() // lets the runs end that were begun

	mu   sync.Mutex
	runs []cronRun
}

type cronRun struct {
	from, to time.Time
	status   int
	said     string
}

func (s *story) startCron(t *testing.T, file scalerFile) *crontab {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &crontab{}
	var going sync.WaitGroup
	c.stop = sync.OnceFunc(func() {
		cancel()
		going.Wait()
	})
	env := s.cli.Command(t.Context()).Env
	going.Go(func() {
		for {
			timer := time.NewTimer(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
				going.Go(func() { c.run(context.WithoutCancel(ctx), env, file) })
			}
		}
	})
	return c
}

func (c *crontab) run(ctx context.Context, env []string, file scalerFile) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, scalerProgram, "once", "--detailed-exitcode", "--config", file.path)
	cmd.Env, cmd.Stderr = env, &said
	r := cronRun{from: time.Now()}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.status = exit.ExitCode()
	case err != nil:
		r.status = -1
		fmt.Fprintln(&said, err)
	}
	r.to, r.said = time.Now(), withoutDebug(said.String())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs = append(c.runs, r)
}

// ended returns the runs that are over, in the order in which they ended.
func (c *crontab) ended() []cronRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.runs)
}

func (c *crontab) String() string {
	var b strings.Builder
	for _, r := range c.ended() {
		fmt.Fprintf(&b, "%s for %s: status %d\n%s", r.from.Format(time.TimeOnly), r.to.Sub(r.from).Round(time.Second), r.status, r.said)
	}
	return b.String()
}

func withoutDebug(text string) string {
	lines := slices.DeleteFunc(strings.SplitAfter(text, "\n"), func(line string) bool { return strings.Contains(line, "[DEBUG]") })
	return strings.Join(lines, "")
}
