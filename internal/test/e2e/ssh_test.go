//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// host is a node that the test reaches by SSH.
type host struct {
	address, user, key, knownHosts string
	strict                         bool // the host key is in knownHosts
}

func (h host) args() []string {
	check := "accept-new"
	if h.strict {
		check = "yes"
	}
	return []string{
		"-i", h.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
		"-o", "StrictHostKeyChecking=" + check, "-o", "UserKnownHostsFile=" + h.knownHosts, "-o", "LogLevel=ERROR",
	}
}

// run runs a shell command on the host and returns its output and what it said
// on stderr.
func (h host) run(ctx context.Context, script string) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ssh", append(h.args(), h.user+"@"+h.address, "bash -s")...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &out, &errs
	err = cmd.Run()
	if err != nil {
		err = fmt.Errorf("on %s as %s: %w\n%s\n%s", h.address, h.user, err, out.String(), errs.String())
	}
	return strings.TrimSpace(out.String()), strings.TrimSpace(errs.String()), err
}

// must runs a command that has to succeed.
func (h host) must(t *testing.T, script string) string {
	t.Helper()
	out, _, err := h.run(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually repeats ask until it returns true.
func eventually(t *testing.T, what string, within time.Duration, ask func() (string, bool)) {
	t.Helper()
	start := time.Now()
	var last string
	for time.Since(start) < within {
		var ok bool
		if last, ok = ask(); ok {
			t.Logf("%s: after %s", what, time.Since(start).Round(time.Second))
			return
		}
		time.Sleep(3 * time.Second)
	}
	t.Fatalf("%s: not within %s; last seen:\n%s", what, within, last)
}
