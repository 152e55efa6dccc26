//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// scalerConfiguration reads the queue through SSH on the front-end.
const scalerConfiguration = `
cluster = %q

queue %q {
  timeout = "60s"

  ssh {
    host             = %q
    user             = %q
    identity_file    = %q
    known_hosts_file = %q
    options          = ["ControlMaster=auto", "ControlPath=%s", "ControlPersist=60"]
  }
}

log {
  level     = "trace"
  decisions = %q
}

%s
`

// scalerFile is a scaler's configuration of a test.
type scalerFile struct {
	path      string
	decisions string // the file to which it writes them
}

// scalerFile writes the configuration of a scaler; rest holds its policy and actuator.
func (s *story) scalerFile(t *testing.T, name, rest string) scalerFile {
	t.Helper()
	f := scalerFile{path: filepath.Join(s.cli.Dir, name+".hcl"), decisions: filepath.Join(s.cli.Dir, name+".jsonl")}
	text := fmt.Sprintf(scalerConfiguration, s.id, s.batch.kind(), s.fe.address, s.fe.user, s.fe.key, s.fe.knownHosts,
		filepath.Join(s.cli.Dir, "%C"), f.decisions, rest)
	if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// ownTimers are the default timers.
const ownTimers = `
group "cpu" {
  min = 2
  max = 3
}

policy {
  interval        = "10s"
  scale_out_after = "60s"
  idle_after      = "60s"
  first_job_grace = "300s"
}

actuator "nova" {}
`

// scaler submits more jobs than the pool has slots, and changes nothing else. A worker
// is created after the hold, boots, joins and runs a job; when the queue is empty it is
// drained and deleted.
func (s *story) scaler(t *testing.T) {
	before := s.workers(t)
	s.want.scaled = true // the number is the scaler's: no node is touched
	s.apply(t)
	if got := s.workers(t); !slices.Equal(got, before) {
		t.Errorf("the change from count to scaling left %v of %v", got, before)
	}
	stop := s.startScaler(t, s.scalerFile(t, "scaler", ownTimers))
	defer stop()

	start := time.Now()
	s.submit(t, 10, 150)
	t.Log("10 jobs of 150 s submitted to 2 slots")
	var added string
	eventually(t, "the scaler creates a worker", 5*time.Minute, func() (string, bool) {
		for _, name := range s.workers(t) {
			if !slices.Contains(before, name) {
				added = name
			}
		}
		return "", added != ""
	})
	if took := time.Since(start); took < time.Minute {
		t.Errorf("a worker was created after %s, the hold is 60 s", took.Round(time.Second))
	}
	eventually(t, added+" joins and runs a job", 15*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.busy())
		return out, err == nil && slices.Contains(strings.Fields(out), added)
	})
	eventually(t, "the queue is empty", 20*time.Minute, func() (string, bool) {
		return s.unfinished(t)
	})
	emptied := time.Now()
	eventually(t, "the surplus worker is drained and deleted", 15*time.Minute, func() (string, bool) {
		now := s.workers(t)
		return fmt.Sprint(now), len(now) == len(before)
	})
	t.Logf("the surplus worker was gone %s after the queue was empty", time.Since(emptied).Round(time.Second))
	if err := stop(); err != nil {
		t.Error(err)
	}
	left := s.workers(t)
	s.trusts(t, left...)
	s.pool(t, left...)
	for _, name := range append(before, added) {
		if !slices.Contains(left, name) {
			s.forgotten(t, name)
		}
	}
	s.noneEvicted(t)
	s.noDifference(t, "the plan after the scaler's work")
	s.want.scaled = false
	s.apply(t)
	if got := s.workers(t); !slices.Equal(got, left) {
		t.Errorf("the change from scaling to count left %v of %v", got, left)
	}
}

const scalerProgram = "../../../bin/vmcluster-scaler"

// startScaler runs the built scaler; stop ends it as an operator would, once.
func (s *story) startScaler(t *testing.T, file scalerFile) (stop func() error) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), scalerProgram, "run", "--config", file.path)
	cmd.Env = s.cli.Command(t.Context()).Env // for runs of Terraform by the scaler
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	logged := make(chan struct{})
	s.creates = &calls{}
	go func(creates *calls) {
		defer close(logged)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			creates.read(lines.Text())
			if !strings.Contains(lines.Text(), "[DEBUG]") && !strings.Contains(lines.Text(), "[TRACE]") {
				t.Log(lines.Text())
			}
		}
	}(s.creates)
	stopped := false
	return func() error {
		if stopped {
			return nil
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM) // an error means that it is gone: Wait returns why
		<-logged
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the scaler ended with %w", err)
		}
		return nil
	}
}
