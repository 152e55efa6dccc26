package slurm

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// The tools are called with what makes their output the same for every account, and each
// time with another mark.
func TestCalls(t *testing.T) {
	tools := pool(job(nil)).tools(t)
	r := New(Options{Bin: "/opt/slurm/bin", Config: "/etc/scaler/slurm.conf", Runner: tools})
	marks := map[string]bool{}
	for range 2 {
		_, _ = r.excluded(t.Context())
	}
	for _, c := range tools.Calls() {
		if c.Name != "/opt/slurm/bin/squeue" || !slices.Contains(c.Env, "SLURM_TIME_FORMAT=%s") || !slices.Contains(c.Env, "SLURM_BITSTR_LEN=0") || !slices.Contains(c.Env, "SLURM_CONF=/etc/scaler/slurm.conf") {
			t.Errorf("%+v", c)
		}
		marks[c.Args[len(c.Args)-1]] = true
	}
	if len(marks) != 2 {
		t.Errorf("marks %v", marks)
	}
	if len(environment) != 2 {
		t.Errorf("a call has changed the environment of others: %v", environment)
	}
}

// tool writes a program that prints its token and its arguments.
func tool(t *testing.T) (bin string) {
	t.Helper()
	bin = t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "squeue"), []byte("#!/bin/sh\necho \"token $SLURM_JWT\"\nprintf '%s\\n' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return bin
}

// The token of a file is in the environment of a tool, and in no argument.
func TestTokenFile(t *testing.T) {
	for _, content := range []string{"a.b.c\n", "SLURM_JWT=a.b.c\n", "a.b.c"} {
		file := filepath.Join(t.TempDir(), "a token's file")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var seen command.Command
		run := spy(func(c command.Command) { seen = c })
		r := New(Options{Bin: tool(t), TokenFile: file, Runner: run})
		var out string
		err := r.run(t.Context(), "squeue", []string{"-o", "%A\t*;$x"}, func(in io.Reader) error {
			raw, err := io.ReadAll(in)
			out = string(raw)
			return err
		})
		if err != nil || out != "token a.b.c\n-o\n%A\t*;$x\n" {
			t.Errorf("%q: %q, %v", content, out, err)
		}
		if strings.Contains(strings.Join(append(seen.Args, seen.Env...), " "), "a.b.c") {
			t.Errorf("the token is an argument: %v", seen)
		}
	}
	r := New(Options{Bin: tool(t), TokenFile: "/nowhere/token", Runner: command.Exec{Timeout: 10 * time.Second}})
	if err := r.run(t.Context(), "squeue", nil, func(io.Reader) error { return nil }); err == nil || !strings.Contains(err.Error(), "correct token_file") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// spy runs commands on this machine, and notes each.
type spy func(command.Command)

func (s spy) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	s(c)
	return command.Exec{Timeout: 10 * time.Second}.Run(ctx, c, consume)
}

// Each failure says what to do.
func TestAdvice(t *testing.T) {
	for file, want := range map[string]string{
		"slurmctld-down":  "slurmctld does not run or can't be reached",
		"slurmctld-hangs": "slurmctld hangs or is overloaded",
		"no-host":         "slurmctld does not run or can't be reached",
		"munge-down":      "start munge there",
		"wrong-token":     "the token is wrong or has ended",
		"no-token":        "set token_file in the queue block",
		"no-config":       "set config in the queue block to its path",
	} {
		r := in("24.11")
		r.config = "errors/" + file + ".stderr"
		_, err := reader(r.tools(t)).Read(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "read slurmctld's configuration: scontrol config: ") {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
	for want, err := range map[string]error{
		"slurmctld hangs, or is on a machine that does not answer": &command.Error{Command: "squeue", Err: context.DeadlineExceeded},
		"install Slurm's client programs":                          &command.Error{Command: "squeue", Err: &exec.Error{Name: "squeue", Err: exec.ErrNotFound}},
		"cannot stat file":                                         &command.Error{Command: "squeue", Stderr: "squeue: error: s_p_parse_file: cannot stat file /x: No such file", Err: context.DeadlineExceeded},
	} {
		if got := advised(err, Options{}); !errors.Is(got, err) || !strings.Contains(got.Error(), want) {
			t.Errorf("%v, want %q", got, want)
		}
	}
}

// Slurm's own scaling and ours do not go together.
func TestPowerSaving(t *testing.T) {
	r := in("24.11")
	r.config = "errors/power-saving.txt"
	_, err := reader(r.tools(t)).Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "Slurm itself scales this cluster: SuspendProgram is /usr/local/sbin/suspend; take it out of slurm.conf, or do without this scaler") {
		t.Error(err)
	}
}

// Without times the idle workers would seem to have left the pool. The date is how the
// tools of 24.11 print slurmctld's start where SLURM_TIME_FORMAT is not set.
func TestDatesInPlaceOfSeconds(t *testing.T) {
	r := in("24.11")
	r.config = strings.Replace(queuetest.File(t, "testdata/24.11/config.txt"), "= 1795951607", "= 2026-11-29T22:17:46", 1)
	_, err := reader(r.tools(t)).Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "SLURM_TIME_FORMAT") {
		t.Error(err)
	}
}

// An account that sees only its own jobs notices that there are others.
func TestPrivateData(t *testing.T) {
	r := in("24.11")
	r.config = strings.Replace(queuetest.File(t, "testdata/24.11/config.txt"), "PrivateData             = none", "PrivateData             = jobs,usage", 1)
	r.jobs = job(nil)
	r.excluded = pool().excluded
	if s := read(t, r); len(s.Partial) != 1 || !strings.Contains(s.Partial[0], "node w1 has a job that squeue does not list") {
		t.Errorf("%v", s.Partial)
	}
}
