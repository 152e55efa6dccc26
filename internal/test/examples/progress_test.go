package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onTerminal runs a shell command at a terminal of its own.
const onTerminal = `import os, pty, sys; sys.exit(pty.spawn(["/bin/sh", "-c", sys.argv[1]], lambda fd: os.read(fd, 4096)) >> 8)`

// A person at a terminal sees how an apply goes, without a log level. A program that
// runs Terraform does not, and neither does a person whose terminal shows none of
// Terraform's own output. A file gets the lines in any case.
func TestApplyShowsHowItGoes(t *testing.T) {
	path, bin := tools(t)
	s := newStage(t, path, bin)
	config, _ := quickStart(t)
	cli := s.quick(config)
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	run := func(command string, env ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), python, "-c", onTerminal, path+" "+command)
		cmd.Dir = cli.Dir
		for _, e := range cli.Command(t.Context()).Env {
			if name, _, _ := strings.Cut(e, "="); name != "TF_IN_AUTOMATION" && name != "VMCLUSTER_PROGRESS" {
				cmd.Env = append(cmd.Env, e)
			}
		}
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
	scale := func(count string) { s.write("quick/main.tf", strings.Replace(config, "count = 4", count, 1)) }

	lines := []string{"astro: creating workers (count 4)", "astro: creating the front-end", "astro: joined 4 of 4"}
	out := run("apply -auto-approve")
	for _, line := range lines {
		if !strings.Contains(out, line) {
			t.Errorf("the terminal does not show %q:\n%s", line, out)
		}
	}
	if out := run("plan"); strings.Contains(out, "\nastro: ") {
		t.Errorf("a plan shows how it goes:\n%s", out)
	}
	for count, quiet := range map[string][]string{
		"count = 5": {"apply -auto-approve", "TF_IN_AUTOMATION=1"},
		"count = 3": {"apply -auto-approve", "VMCLUSTER_PROGRESS=off"},
		"count = 2": {"apply -auto-approve >log; true"},
	} {
		scale(count)
		if out := run(quiet[0], quiet[1:]...); strings.Contains(out, "astro: joined") {
			t.Errorf("%v shows how it goes:\n%s", quiet, out)
		}
	}
	file := filepath.Join(s.dir, "progress.log")
	run("destroy -auto-approve", "TF_IN_AUTOMATION=1", "VMCLUSTER_PROGRESS="+file)
	if raw, err := os.ReadFile(file); err != nil || !strings.Contains(string(raw), "Z astro: deleting servers (count ") {
		t.Errorf("the file holds\n%s%v", raw, err)
	}
	s.expectNothing()
}
