package command_test

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
)

func shell(script string) command.Command {
	return command.Command{Name: "/bin/sh", Args: []string{"-c", script}, Env: []string{"WORD=hello"}}
}

func text(out *string) func(io.Reader) error {
	return func(r io.Reader) error {
		b, err := io.ReadAll(r)
		*out = string(b)
		return err
	}
}

func TestExec(t *testing.T) {
	var out string
	x := command.Exec{Timeout: 10 * time.Second}
	if err := x.Run(t.Context(), shell("echo $WORD"), text(&out)); err != nil || out != "hello\n" {
		t.Errorf("output %q, error %v", out, err)
	}
}

func TestExecTakesAsMuchAsIsAllowed(t *testing.T) {
	var out string
	x := command.Exec{Timeout: 10 * time.Second, MaxOutput: 6}
	if err := x.Run(t.Context(), shell("echo $WORD"), text(&out)); err != nil || out != "hello\n" {
		t.Errorf("output %q, error %v", out, err)
	}
}

// A tool that hangs is ended with its children: they would hang as well, round by round.
func TestExecEndsChildren(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	x := command.Exec{Timeout: 500 * time.Millisecond}
	if err := x.Run(t.Context(), shell("sleep 3600 & echo $! > "+file+"; wait"), text(new(string))); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stat := "/proc/" + strings.TrimSpace(string(raw)) + "/stat"
	for range 1000 {
		if line, err := os.ReadFile(stat); err != nil || strings.Contains(string(line), ") Z ") {
			return // gone, or dead and not yet waited for by its new parent
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("its child goes on")
}

func TestExecFails(t *testing.T) {
	var out string
	errJSON := errors.New("not JSON")
	tests := []struct {
		name    string
		x       command.Exec
		c       command.Command
		consume func(io.Reader) error
		want    string
	}{
		{"with the tool's own words, without its advice", command.Exec{Timeout: 10 * time.Second}, shell("echo 'Error: no\n schedd' >&2; echo >&2; echo advice >&2; exit 1"), text(&out), "exit status 1: Error: no schedd"},
		{"a tool that is not there", command.Exec{Timeout: 10 * time.Second}, command.Command{Name: "/nowhere/condor_q"}, text(&out), "/nowhere/condor_q: "},
		{"no answer in time", command.Exec{Timeout: 50 * time.Millisecond}, shell("exec sleep 20"), text(&out), "no answer within 50ms"},
		{"a child of another session that holds the output open", command.Exec{Timeout: 50 * time.Millisecond}, shell("setsid sleep 20 2>/dev/null & exit 0"), text(&out), "no answer within 50ms"},
		{"a child that holds the output open", command.Exec{Timeout: 50 * time.Millisecond}, shell("sleep 20 & sleep 20"), text(&out), "no answer within 50ms"},
		{"too much output", command.Exec{Timeout: 10 * time.Second, MaxOutput: 1000}, shell("while :; do echo xxxxxxxxxxxxxxxx; done"), func(r io.Reader) error {
			if _, err := io.Copy(io.Discard, r); err != nil {
				return err
			}
			return io.ErrUnexpectedEOF
		}, "more than 1000 bytes"},
		{"too much output for a reader that stops at any end", command.Exec{Timeout: 10 * time.Second, MaxOutput: 1000}, shell("while :; do echo xxxxxxxxxxxxxxxx; done"), func(r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		}, "more than 1000 bytes"},
		{"output that is not understood", command.Exec{Timeout: 10 * time.Second}, shell("echo x"), func(io.Reader) error { return errJSON }, "not JSON"},
		{"the exit status comes before the reader's complaint about an empty output", command.Exec{Timeout: 10 * time.Second}, shell("echo broken >&2; exit 3"), func(r io.Reader) error {
			_, _ = io.Copy(io.Discard, r)
			return errJSON
		}, "exit status 3: broken"},
		{"the exit status comes before the reader's complaint", command.Exec{Timeout: 10 * time.Second}, shell("echo x; echo broken >&2; exit 3"), func(r io.Reader) error {
			_, _ = io.Copy(io.Discard, r)
			return nil
		}, "exit status 3: broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			err := tt.x.Run(t.Context(), tt.c, tt.consume)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.HasSuffix(err.Error(), "advice") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestSSH(t *testing.T) {
	s := command.SSH{
		Host: "198.51.100.7", User: "astro", Port: 2222, IdentityFile: "/k/id", KnownHostsFile: "/k/hosts",
		Options: []string{"ProxyJump=gate"}, Timeout: 10 * time.Second,
	}
	c := s.Command(command.Command{Name: "condor_q", Args: []string{"-constraint", `JobStatus == 1 && Owner == "o'neil"`}, Env: []string{"CONDOR_CONFIG=ONLY_ENV"}})
	want := []string{
		"-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=5",
		"-o", "UserKnownHostsFile=/k/hosts", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "VerifyHostKeyDNS=no", "-o", "ProxyJump=gate",
		"-i", "/k/id", "-p", "2222", "-l", "astro", "--", "198.51.100.7",
		`env CONDOR_CONFIG=ONLY_ENV condor_q -constraint 'JobStatus == 1 && Owner == "o'\''neil"'`,
	}
	if c.Name != "ssh" || !slices.Equal(c.Args, want) {
		t.Errorf("got  %q\nwant %q", c.Args, want)
	}
}

// Without host keys of its own ssh trusts those of the account, and never a new one.
func TestSSHIsStrictWithoutHostKeys(t *testing.T) {
	c := command.SSH{Host: "gate", Options: []string{"StrictHostKeyChecking=no"}}.Command(command.Command{Name: "true"})
	strict, lax := slices.Index(c.Args, "StrictHostKeyChecking=yes"), slices.Index(c.Args, "StrictHostKeyChecking=no")
	if strict < 0 || strict > lax || slices.ContainsFunc(c.Args, func(a string) bool { return strings.Contains(a, "KnownHostsFile") }) {
		t.Errorf("%q", c.Args)
	}
}

// Host keys that stand in the configuration are a file while ssh runs.
func TestSSHKeepsKnownHosts(t *testing.T) {
	text, file := "astro-frontend ssh-ed25519 AAAA\n", ""
	reads := runner(func(_ context.Context, c command.Command, _ func(io.Reader) error) error {
		for _, a := range c.Args {
			if path, ok := strings.CutPrefix(a, "UserKnownHostsFile="); ok {
				file = path
			}
		}
		if raw, err := os.ReadFile(file); err != nil || string(raw) != text {
			t.Errorf("%q holds %q, %v", file, raw, err)
		}
		if info, err := os.Stat(file); err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		return nil
	})
	if err := (command.SSH{Host: "gate", KnownHosts: text, Runner: reads}).Run(t.Context(), command.Command{Name: "true"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%q is left: %v", file, err)
	}
}

// What is quoted comes out of a real shell unchanged.
func TestQuote(t *testing.T) {
	for _, word := range []string{"", "plain", "two words", "it's", `"$HOME" $(id) \`, "a\nb", "*", "~", "#x", "-n", "a=b;c&d|e"} {
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "printf %s "+command.Quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q came out as %q (%v)", word, out, err)
		}
	}
}

func TestSSHNamesTheHost(t *testing.T) {
	fails := runner(func(context.Context, command.Command, func(io.Reader) error) error {
		return errors.New("exit status 255")
	})
	err := command.SSH{Host: "gate", Runner: fails}.Run(t.Context(), command.Command{Name: "condor_q"}, nil)
	if err == nil || !strings.Contains(err.Error(), "on gate: exit status 255") {
		t.Errorf("error %v", err)
	}
}

type runner func(context.Context, command.Command, func(io.Reader) error) error

func (r runner) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	return r(ctx, c, consume)
}
