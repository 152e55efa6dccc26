package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
)

// What people copy to run the scaler: a unit, a recipe for an image, a CronJob.
// No image is built here and no cluster is asked; what can be read off the files
// is.

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Every example of a configuration is one.
func TestExampleConfigurations(t *testing.T) {
	found, err := filepath.Glob("../examples/*/scaler.hcl")
	more, err2 := filepath.Glob("../examples/*/*/scaler.hcl")
	found = append(found, more...)
	if err != nil || err2 != nil || len(found) < 2 {
		t.Fatal(found, err, err2)
	}
	for _, name := range found {
		c, err := config.Load(name)
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(name, "/queues/") {
			continue // about a queue alone: the cluster is another example's
		}
		configuration, err := os.ReadFile(filepath.Join(filepath.Dir(name), "main.tf"))
		if err != nil {
			t.Fatal(err)
		}
		handsOver(t, name, c, string(configuration))
	}
}

// handsOver fails for a scaler whose groups are not those that the configuration of
// Terraform beside it hands over.
func handsOver(t *testing.T, name string, c config.Config, terraform string) {
	t.Helper()
	word := map[string]string{config.ActuatorNova: "scaling", config.ActuatorTerraform: "count"}[c.Actuator]
	if !regexp.MustCompile(`(?m)\b` + word + `\s*=`).MatchString(terraform) {
		t.Errorf("%s: actuator %s needs groups with %s, and there is none beside it", name, c.Actuator, word)
	}
	if c.Actuator == config.ActuatorNova && len(c.Policy.Groups) > 0 {
		t.Errorf("%s: blocks for %d groups, whose bounds stand in Terraform's configuration", name, len(c.Policy.Groups))
	}
}

// The first steps on the pages give the scaler a group with scaling.
func TestFirstStepsHandTheGroupOver(t *testing.T) {
	block := regexp.MustCompile("(?s)```hcl\n(.*?)```")
	for page, heading := range map[string]string{"README.md": "\n## The scaler\n", "docs/scaler.md": "\n## Start\n"} {
		_, text, _ := strings.Cut(read(t, page), heading)
		blocks := block.FindAllStringSubmatch(text, 2)
		if len(blocks) < 2 || !strings.Contains(blocks[1][1], "# scaler.hcl") {
			t.Errorf("%s: the section begins with Terraform's configuration and scaler.hcl: %q", page, blocks)
			continue
		}
		c, err := config.Parse("scaler.hcl", []byte(blocks[1][1]))
		if err != nil {
			t.Errorf("%s: %v", page, err)
		}
		handsOver(t, page, c, blocks[0][1])
	}
}

// Systemd itself judges the units: nothing unknown, and little exposed.
func TestUnits(t *testing.T) {
	for _, name := range units {
		t.Run(name, func(t *testing.T) { checkUnit(t, read(t, name)) })
	}
}

var units = []string{"examples/htcondor/vmcluster-scaler.service", "examples/projects/slurm-scaled/vmcluster-scaler.service"}

func checkUnit(t *testing.T, text string) {
	t.Helper()
	for _, line := range []string{"KillMode=mixed", "TimeoutStopSec=10min", "NoNewPrivileges=yes", "DynamicUser=yes"} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the unit does not say %s", line)
		}
	}
	const program = "/usr/local/bin/vmcluster-scaler"
	if pre := regexp.MustCompile(`(?m)^ExecStartPre=.*$`).FindString(text); strings.Contains(pre, " validate ") && !strings.Contains(pre, " --syntax ") {
		t.Error("the scaler does not start while anything that validate looks at is wrong, such as a token beside the one that it uses")
	}
	if n := strings.Count(text, "="+program+" "); n != 2 {
		t.Errorf("the unit runs %s %d times, want 2", program, n)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	here, err := exec.LookPath("true") // the program is not installed on this machine
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "vmcluster-scaler.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(text, program, here)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", unit).CombinedOutput()
	if err != nil {
		t.Skipf("this systemd-analyze does not judge units offline: %v", err)
	}
	m := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no verdict in:\n%s", out)
	}
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > 2 {
		t.Errorf("the unit's exposure level is %s, want at most 2.0", m[1])
	}
}

func TestContainerfile(t *testing.T) {
	instructions := map[string][]string{}
	text := strings.ReplaceAll(read(t, "examples/container/Containerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && word != "#" {
			instructions[word] = append(instructions[word], rest)
		}
	}
	for _, from := range instructions["FROM"] {
		if !regexp.MustCompile(`^[a-z0-9.]+/[a-z0-9/-]+:[0-9][0-9.]*[a-z-]*(@sha256:[0-9a-f]{64})?$`).MatchString(from) {
			t.Errorf("FROM %s names no registry, or no version", from)
		}
	}
	if got := instructions["USER"]; len(got) != 1 || strings.HasPrefix(got[0], "0") || !regexp.MustCompile(`^\d+:\d+$`).MatchString(got[0]) {
		t.Errorf("USER %v is not one number that is not root", got)
	}
	uid, _, _ := strings.Cut(strings.Join(instructions["USER"], ""), ":")
	if !strings.Contains(strings.Join(instructions["RUN"], ""), "useradd --uid "+uid+" ") {
		t.Errorf("uid %s has no name: ssh does not run for it", uid)
	}
	if got := instructions["ENTRYPOINT"]; len(got) != 1 || got[0] != `["/usr/local/bin/vmcluster-scaler"]` {
		t.Errorf("ENTRYPOINT %v", got)
	}
	if got := strings.Join(instructions["COPY"], ""); !strings.HasSuffix(got, " vmcluster-scaler /usr/local/bin/vmcluster-scaler") {
		t.Errorf("COPY %v", got)
	}
	if len(instructions["ADD"])+len(instructions["ENV"])+len(instructions["ARG"]) > 0 {
		t.Error("the recipe fetches from elsewhere, or sets what a container's user should")
	}
	if got := strings.Join(instructions["RUN"], ""); !strings.Contains(got, " condor ") || !strings.Contains(got, "rm -rf /var/lib/apt/lists/*") {
		t.Errorf("RUN %v", got)
	}
}

// Each file that a release's archives are to hold is there.
func TestArchivesHoldWhatTheySay(t *testing.T) {
	var release struct {
		Archives []struct {
			ID    string   `yaml:"id"`
			Files []string `yaml:"files"`
		} `yaml:"archives"`
	}
	if err := yaml.Unmarshal([]byte(read(t, ".goreleaser.yml")), &release); err != nil {
		t.Fatal(err)
	}
	ids := map[string][]string{}
	for _, a := range release.Archives {
		ids[a.ID] = a.Files
		for _, name := range a.Files {
			if found, err := filepath.Glob(filepath.Join("..", name)); err != nil || len(found) == 0 {
				t.Errorf("archive %s: there is no %s", a.ID, name)
			}
		}
	}
	for _, name := range units {
		if !slices.Contains(ids["scaler"], name) {
			t.Errorf("archive scaler does not hold %s", name)
		}
	}
	if len(ids["provider"]) == 0 || !slices.Contains(ids["scaler"], "examples/container/*") || !slices.Contains(ids["scaler"], "examples/monitoring/*") {
		t.Errorf("archives: %v", ids)
	}
}
