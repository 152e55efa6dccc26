package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

const smallest = `
cluster = "astro"
queue "htcondor" {
  bin = "/nowhere"
}
group "cpu" {}
`

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaler.hcl")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestArguments(t *testing.T) {
	tools := t.TempDir()
	for _, name := range []string{"condor_q", "condor_status"} {
		if err := os.WriteFile(filepath.Join(tools, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"OS_AUTH_URL": "http://127.0.0.1:1/v3", "OS_USERNAME": "a", "OS_PASSWORD": "b", "OS_PROJECT_NAME": "c", "OS_USER_DOMAIN_NAME": "d"} {
		t.Setenv(name, value)
	}
	good, bad := write(t, strings.Replace(smallest, "/nowhere", tools, 1)), write(t, "cluster = 3 +\n")
	without := write(t, smallest)
	tests := []struct {
		name string
		args []string
		want int
		out  string
		err  string
	}{
		{"nothing", nil, exitUsage, "", "usage: vmcluster-scaler"},
		{"help", []string{"help"}, exitOK, "usage: vmcluster-scaler", ""},
		{"version", []string{"version"}, exitOK, "vmcluster-scaler ", ""},
		{"help of a verb", []string{"plan", "--help"}, exitOK, "--detailed-exitcode", ""},
		{"help of a verb, in the old form", []string{"plan", "-h"}, exitOK, "--detailed-exitcode", ""},
		{"version as an option", []string{"--version"}, exitOK, "vmcluster-scaler " + versionText() + "\n", ""},
		{"version with one dash", []string{"-version"}, exitOK, "vmcluster-scaler ", ""},
		{"a mistyped verb", []string{"plann"}, exitUsage, "", `there is no verb "plann"; did you mean plan?`},
		{"explain without a name", []string{"explain"}, exitUsage, "", "explain what? Name a job, a worker or a group"},
		{"explain with two names", []string{"explain", "a", "b"}, exitUsage, "", `unexpected argument "b"`},
		{"completion without a shell", []string{"completion"}, exitUsage, "", "name one shell: bash, zsh, fish"},
		{"completion of another shell", []string{"completion", "powershell"}, exitUsage, "", "name one shell"},
		{"one dash is enough", []string{"validate", "-config", good}, exitOK, "is valid", ""},
		{"an unknown verb", []string{"simulate"}, exitUsage, "", `there is no verb "simulate"`},
		{"a flag of another verb", []string{"run", "--wait"}, exitUsage, "", "unknown flag: --wait"},
		{"a superfluous argument", []string{"run", "now"}, exitUsage, "", `unexpected argument "now"`},
		{"no file", []string{"run", "--config", "/nowhere/scaler.hcl"}, exitUsage, "", "read the configuration: open /nowhere/scaler.hcl"},
		{"a bad file", []string{"run", "--config", bad}, exitUsage, "", bad + ":1:"},
		{"a good file", []string{"validate", "--config", good}, exitOK, "is valid", ""},
		{"a file that names missing tools", []string{"validate", "--config", without}, exitFailed, "", "failed     tools      the program /nowhere/condor_q is not there"},
		{"the same file alone", []string{"validate", "--syntax", "--config", without}, exitOK, "is valid", ""},
		{"doctor without a cloud", []string{"doctor", "--config", without}, exitFailed, "failed     cloud      the login failed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, err bytes.Buffer
			if got := run(t.Context(), tt.args, &out, &err); got != tt.want {
				t.Errorf("exit status %d, want %d", got, tt.want)
			}
			if !strings.Contains(out.String(), tt.out) || !strings.Contains(err.String(), tt.err) {
				t.Errorf("printed %q and %q, want %q and %q", out.String(), err.String(), tt.out, tt.err)
			}
		})
	}
}

// One that is stopped while it logs in has not failed, and systemd need not say so.
func TestStopWhileLoggingIn(t *testing.T) {
	cloud := openstacktest.New(openstacktest.Options{})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	for k, v := range cloud.Env() {
		t.Setenv(k, v)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, text bytes.Buffer
	if got := run(ctx, []string{"run", "--config", write(t, smallest)}, &out, &text); got != exitOK || !strings.Contains(text.String(), "stopped") {
		t.Errorf("run: exit status %d: %s", got, text.String())
	}
	if got := run(ctx, []string{"once", "--config", write(t, smallest)}, &out, &text); got != exitFailed {
		t.Errorf("once, which has not done its work: exit status %d", got)
	}
}

// What the scaler says when it can't reach what it needs.
func TestFailuresAreTold(t *testing.T) {
	cloud := openstacktest.New(openstacktest.Options{})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	var out, text bytes.Buffer
	t.Setenv("OS_AUTH_URL", "http://127.0.0.1:1/v3")
	if got := run(t.Context(), []string{"plan", "--config", write(t, smallest)}, &out, &text); got != exitFailed || !strings.Contains(text.String(), "log in to the cloud") {
		t.Errorf("exit status %d: %s", got, text.String())
	}
	for k, v := range cloud.Env() {
		t.Setenv(k, v)
	}
	text.Reset()
	if got := run(t.Context(), []string{"plan", "--config", write(t, smallest)}, &out, &text); got != exitFailed || !strings.Contains(text.String(), "no server of this project is tagged as part of a cluster of that name or ID") {
		t.Errorf("exit status %d: %s", got, text.String())
	}
	if strings.Contains(text.String(), cloud.Env()["OS_PASSWORD"]) && cloud.Env()["OS_PASSWORD"] != "" {
		t.Error("the password is printed")
	}
}
