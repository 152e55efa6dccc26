//go:build acceptance

package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// scalerConfiguration has shorter holds than the product's own, so that growth and
// shrinkage are seen within minutes. The group's bounds are the cluster's.
const scalerConfiguration = `
cluster = %q

queue %q {
  timeout = "30s"
  %s

  # The pool's program is the tester's own.
  environment = ["VMCLUSTER_*", "DOCKER_*", "PODMAN_*", "CONTAINER_*"]
}

policy {
  interval        = "10s"
  scale_out_after = "5s"
  idle_after      = "20s"
  first_job_grace = "120s"
  drain_recheck   = "5s"
  pool_settle     = "60s"
}

log {
  decisions = %q
  facts     = true
}
`

// scaler is the built program with its configuration. It can be started again.
type scaler struct {
	config, decisions string
	env               []string

	mu   sync.Mutex
	said []string // all lines
	cmd  *exec.Cmd
	read chan struct{} // closed when all it said has been read
}

func newScaler(t *testing.T, dir, cluster, authURL string, p pool) *scaler {
	t.Helper()
	tools := filepath.Join(dir, "tools")
	if err := os.Mkdir(tools, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tool := range p.tools() {
		text := fmt.Sprintf("#!/bin/sh\nexec '%s' exec %s \"$@\"\n", p.path(), tool)
		if err := os.WriteFile(filepath.Join(tools, tool), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := &scaler{config: filepath.Join(dir, "scaler.hcl"), decisions: filepath.Join(dir, "decisions.jsonl")}
	if file := os.Getenv(cloudenv.Record); file != "" {
		s.decisions = file
	}
	s.env = append(os.Environ(), "OS_AUTH_URL="+authURL)
	if err := os.WriteFile(s.config, fmt.Appendf(nil, scalerConfiguration, cluster, p.kind(), p.options(tools), s.decisions), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })
	return s
}

func (s *scaler) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), "../../../bin/vmcluster-scaler", "run", "--config", s.config)
	s.cmd.Env = s.env
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("%v; run make build first", err)
	}
	s.read = make(chan struct{})
	go func() {
		defer close(s.read)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			s.mu.Lock()
			s.said = append(s.said, lines.Text())
			s.mu.Unlock()
			t.Log(lines.Text())
		}
	}()
}

// kill ends it with SIGKILL, if it runs.
func (s *scaler) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // gone already: Wait returns at once
	<-s.read
	_ = s.cmd.Wait()
	s.cmd = nil
}

// stop ends it as an operator would.
func (s *scaler) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-s.read
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the scaler ended with %v", err)
	}
	s.cmd = nil
}

// lines counts the lines that the scaler has logged so far; says starts from there.
func (s *scaler) lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.said)
}

func (s *scaler) says(from int, words string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.said[from:] {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// round is a line of the file of decisions, as far as it is asked for here.
type round struct {
	Time  time.Time `json:"time"`
	Added []string  `json:"added"`
	Error string    `json:"error"`
	Add   []struct {
		Count int `json:"count"`
	} `json:"add"`
	Drain  []struct{ Worker string } `json:"drain"`
	Remove []struct{ Worker string } `json:"remove"`
}

// rounds reads the file of decisions. The last line of one that was killed may be
// torn.
func (s *scaler) rounds(t *testing.T) []round {
	t.Helper()
	text, err := os.ReadFile(s.decisions)
	if err != nil {
		t.Fatal(err)
	}
	var out []round
	for line := range bytes.Lines(text) {
		var r round
		if err := json.Unmarshal(line, &r); err != nil {
			t.Logf("a line of the decisions is torn: %v", err)
			continue
		}
		out = append(out, r)
	}
	return out
}

// decided returns when it was decided to make each worker.
func (s *scaler) decided(t *testing.T) map[string]time.Time {
	t.Helper()
	out := map[string]time.Time{}
	for _, r := range s.rounds(t) {
		for _, name := range r.Added {
			out[name] = r.Time
		}
	}
	return out
}
