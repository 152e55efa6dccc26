package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// Each verb takes these options and no others.
func TestOrders(t *testing.T) {
	for line, want := range map[string]order{
		"run":                              {verb: "run", file: "scaler.hcl"},
		"run --config x":                   {verb: "run", file: "x"},
		"run --config=x":                   {verb: "run", file: "x"},
		"once":                             {verb: "once", file: "scaler.hcl"},
		"validate --config x":              {verb: "validate", file: "x"},
		"validate --syntax":                {verb: "validate", file: "scaler.hcl", syntax: true},
		"doctor":                           {verb: "doctor", file: "scaler.hcl"},
		"doctor --json":                    {verb: "doctor", file: "scaler.hcl", json: true},
		"explain 6.0":                      {verb: "explain", file: "scaler.hcl", subject: "6.0"},
		"status":                           {verb: "status", file: "scaler.hcl"},
		"status --watch":                   {verb: "status", file: "scaler.hcl", watch: true},
		"status --json":                    {verb: "status", file: "scaler.hcl", json: true},
		"status --json=false":              {verb: "status", file: "scaler.hcl"},
		"status -watch":                    {verb: "status", file: "scaler.hcl", watch: true},
		"plan":                             {verb: "plan", file: "scaler.hcl"},
		"plan --wait --json":               {verb: "plan", file: "scaler.hcl", wait: true, json: true},
		"status --access-rules --config x": {verb: "status", file: "x", accessRules: true},
		"once --detailed-exitcode":         {verb: "once", file: "scaler.hcl", detailed: true},
		"plan --detailed-exitcode":         {verb: "plan", file: "scaler.hcl", detailed: true},
		"explain --config x cpu --json":    {verb: "explain", file: "x", subject: "cpu", json: true},
		"explain astro-cpu-1 --config=x":   {verb: "explain", file: "x", subject: "astro-cpu-1"},
	} {
		var got []order
		root := commandLine(func(o order) { got = append(got, o) })
		root.SetArgs(longOptions(strings.Fields(line)))
		if err := root.ExecuteContext(t.Context()); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, %v, want %+v", line, got, err, want)
		}
	}
	for verb, foreign := range map[string]string{
		"run": "wait watch json detailed-exitcode access-rules syntax", "doctor": "wait watch detailed-exitcode access-rules syntax", "validate": "wait watch json detailed-exitcode access-rules",
		"once": "wait watch json access-rules", "plan": "watch access-rules", "status": "wait detailed-exitcode", "explain x": "wait watch detailed-exitcode access-rules",
	} {
		for option := range strings.FieldsSeq(foreign) {
			var out, text bytes.Buffer
			if got := run(t.Context(), append(strings.Fields(verb), "--"+option), &out, &text); got != exitUsage || !strings.Contains(text.String(), "unknown flag: --"+option) {
				t.Errorf("%s --%s: exit status %d: %s", verb, option, got, text.String())
			}
		}
	}
}

// The help of each verb says what it does and gives an example that the command
// line takes.
func TestHelpOfEachVerb(t *testing.T) {
	root := commandLine(func(order) {})
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			continue
		}
		var out, text bytes.Buffer
		if got := run(t.Context(), []string{"help", cmd.Name()}, &out, &text); got != exitOK || text.Len() > 0 {
			t.Errorf("help %s: exit status %d: %s", cmd.Name(), got, text.String())
		}
		if !strings.Contains(out.String(), "usage: vmcluster-scaler "+cmd.Name()) || !strings.Contains(out.String(), "\nexample:\n  ") {
			t.Errorf("help %s:\n%s", cmd.Name(), out.String())
		}
	}
	for _, v := range verbs {
		line, _, _ := strings.Cut(strings.TrimPrefix(v.example, "vmcluster-scaler "), " ||")
		performed := false
		root := commandLine(func(o order) { performed = o.verb == v.name })
		root.SetArgs(strings.Fields(line))
		if err := root.ExecuteContext(t.Context()); err != nil || !performed {
			t.Errorf("the example of %s: %v", v.name, err)
		}
	}
}

func TestCompletion(t *testing.T) {
	complete := func(args ...string) string {
		var out, text bytes.Buffer
		if got := run(t.Context(), append([]string{"__complete"}, args...), &out, &text); got != exitOK {
			t.Errorf("complete %q: exit status %d: %s", args, got, text.String())
		}
		return out.String()
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sta"}, "status\tprint queue"},
		{[]string{"status", "--wa"}, "--watch\t"},
		{[]string{"run", "--config", ""}, "hcl\n:8"}, // files of that ending
		{[]string{"completion", ""}, "bash\nzsh\nfish\n"},
	} {
		if got := complete(c.args...); !strings.Contains(got, c.want) {
			t.Errorf("complete %q: %s, want %q", c.args, got, c.want)
		}
	}
	for shell, mark := range map[string]string{
		"bash": "complete -o default -F __start_vmcluster-scaler", "zsh": "#compdef vmcluster-scaler", "fish": "complete -c vmcluster-scaler",
	} {
		var out, text bytes.Buffer
		if got := run(t.Context(), []string{"completion", shell}, &out, &text); got != exitOK || text.Len() > 0 || !strings.Contains(out.String(), mark) {
			t.Errorf("completion %s: exit status %d, %d bytes: %s", shell, got, out.Len(), text.String())
		}
		if shell != "bash" {
			continue
		}
		check := exec.CommandContext(t.Context(), "bash", "-n")
		check.Stdin = &out
		if said, err := check.CombinedOutput(); err != nil {
			t.Errorf("bash does not read its script: %v\n%s", err, said)
		}
	}
}

// The schema is printed without a configuration.
func TestSchema(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, said bytes.Buffer
	if got := run(t.Context(), []string{"schema"}, &out, &said); got != exitOK || !json.Valid(out.Bytes()) || !strings.Contains(out.String(), `"job_group"`) {
		t.Errorf("exit status %d: %s%s", got, out.String(), said.String())
	}
	if got := run(t.Context(), []string{"schema", "x"}, &out, &said); got != exitUsage {
		t.Errorf("exit status %d with an argument", got)
	}
}
