//go:build acceptance

package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// pool is a real batch system with a queue of its own, and no worker but those that a
// test makes.
type pool interface {
	kind() string                // of the queue block
	batchSystem() string         // of batch_system.type
	tools() []string             // that the scaler runs
	options(tools string) string // of the queue block; tools is the folder of the tools
	path() string                // of the program that works the pool

	// boot starts a worker's daemons; pull ends them without a word to the others.
	boot(name, group, server string, size workerSize) error
	pull(name string) error
	// status lists the workers, by the name that vmcluster gives them.
	status() (map[string]slot, error)

	// drain does the front-end's part for a worker that is marked: it takes no new job,
	// if it runs none. It reports whether the worker is still in use.
	drain(name string) bool
	// endsByDrain reports whether a drained worker's daemons end, and have to be booted
	// again to take it back. Where they do not, back takes it back.
	endsByDrain() bool
	back(name string) error
	// forget has the batch system forget machines that have left the roster.
	forget(machines ...string) error

	// submit queues n jobs that fill a worker each, and returns their submission.
	submit(t *testing.T, n int, size workerSize, length time.Duration) string
	running(submission string) (int, error)
	ended(submission string) ([]job, error)
	// expectDone wants n jobs, each completed, and each started once.
	expectDone(t *testing.T, submission string, n int)

	// stop kills the daemon that has the queue, and start starts it again.
	stop(t *testing.T)
	start(t *testing.T)
}

// slot is a worker as the batch system has it.
type slot struct {
	machine string
	started time.Time // its daemon
}

// job is one that has left the queue.
type job struct {
	completed     bool
	said          string // what the batch system says of its end
	worker        string // where it ran last
	queued, began time.Time
}

// first returns when the first job of each worker began.
func first(jobs []job) map[string]time.Time {
	out := map[string]time.Time{}
	for _, j := range slices.Backward(jobs) {
		if at, there := out[j.worker]; !there || j.began.Before(at) {
			out[j.worker] = j.began
		}
	}
	return out
}

// program works a pool (CONTRIBUTING: the verbs of VMCLUSTER_ACC_POOL).
type program string

// programOf returns the program that a variable names. Without one the test is skipped.
func programOf(t *testing.T, variable, what string) program {
	t.Helper()
	p := os.Getenv(variable)
	if p == "" {
		t.Skipf("%s names no program that works %s: nothing of the scaler is tested here", variable, what)
	}
	if _, err := exec.LookPath(p); err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return program(p)
}

func (p program) path() string { return string(p) }

// call runs the program. It is run by the test's guests and by the test itself,
// also after the test has ended.
func (p program) call(stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, string(p), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}

func (p program) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := p.call(stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p program) pull(name string) error {
	_, err := p.call("", "remove", name)
	return err
}
