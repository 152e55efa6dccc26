package wrong

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// longestCall is how long a call of the CLI may take: any longer counts as a hang.
const longestCall = 60 * time.Second

// cli runs the CLI in a folder, with the provider in this process, or with a process
// for each provider block.
type cli struct {
	path, folder string
	attach       string // how the CLI reaches the provider of this process; "" for processes of their own
	settings     string // the CLI's own configuration
}

// newCLI returns a CLI for a world. It serves the provider until the test ends.
func newCLI(t *testing.T, w world) *cli {
	t.Helper()
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	c := &cli{path: path, folder: t.TempDir(), settings: os.DevNull}
	if w.blocks {
		c.settings = installed(t)
	} else {
		c.attach = serve(t)
	}
	for name, text := range keys(t) {
		if err := os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// installed builds the provider and returns a configuration of the CLI that names it.
func installed(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "terraform-provider-vmcluster"), "../../..").CombinedOutput(); err != nil {
		t.Fatalf("build the provider: %v\n%s", err, out)
	}
	settings := filepath.Join(bin, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", tfcli.Source, bin)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings
}

// overridden begins the warning of the CLI about a provider that is not installed.
const overridden = "Provider development overrides are in effect"

// keys returns the key files that rows name.
func keys(t *testing.T) map[string]string {
	t.Helper()
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	good, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"ca.pem": good, "ecdsa.pem": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
}

// serve serves the provider, and returns how a CLI reaches it.
func serve(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	served, done := make(chan *plugin.ReattachConfig), make(chan struct{})
	go func() {
		err := tf6server.Serve(provider.Address, provider.NewServer("test"), tf6server.WithDebug(ctx, served, done), tf6server.WithLoggingSink(t),
			tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
		if err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	at := <-served
	entry := map[string]any{
		"Protocol": string(at.Protocol), "ProtocolVersion": at.ProtocolVersion, "Pid": at.Pid, "Test": true,
		"Addr": map[string]string{"Network": at.Addr.Network(), "String": at.Addr.String()},
	}
	text, err := json.Marshal(map[string]any{provider.Address: entry})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// write puts files into the folder in place of all configuration that is there.
func (c *cli) write(t *testing.T, files map[string]string) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(c.folder, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs the CLI and returns what it prints. A status of failure is no fault here.
func (c *cli) run(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestCall)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir = c.folder
	cmd.Env = append(os.Environ(), "TF_REATTACH_PROVIDERS="+c.attach, "TF_CLI_CONFIG_FILE="+c.settings, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
	out, err := cmd.CombinedOutput()
	var status *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%s hangs: it has not ended after %s", strings.Join(args, " "), longestCall)
	case err != nil && !errors.As(err, &status):
		t.Fatal(err)
	}
	if crash := regexp.MustCompile(`(?i)panic:|crashed|plugin did not respond`).Find(out); crash != nil {
		t.Fatalf("%s: %q in\n%s", strings.Join(args, " "), crash, out)
	}
	return string(out)
}

// diagnostic is an error or a warning that the CLI shows.
type diagnostic struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	Address  string `json:"address"`
	Range    *struct {
		Filename string `json:"filename"`
		Start    struct {
			Line int `json:"line"`
		} `json:"start"`
	} `json:"range"`
}

func (d diagnostic) String() string {
	return fmt.Sprintf("%s at %s:%d: %s\n    %s", d.Severity, d.file(), d.line(), d.Summary, strings.ReplaceAll(d.Detail, "\n", "\n    "))
}

func (d diagnostic) line() int {
	if d.Range == nil {
		return 0
	}
	return d.Range.Start.Line
}

// file returns the file of the diagnostic: that of its resource if it has no line.
func (d diagnostic) file() string {
	if d.Range != nil {
		return d.Range.Filename
	}
	if _, name, ok := strings.Cut(d.Address, "vmcluster_cluster."); ok {
		return name + ".tf"
	}
	return ""
}

// text returns what the diagnostic says, without line breaks.
func (d diagnostic) text() string { return strings.Join(strings.Fields(d.Summary+"\n"+d.Detail), " ") }

// validate returns the diagnostics of the command validate.
func (c *cli) validate(t *testing.T) []diagnostic {
	t.Helper()
	var result struct {
		Diagnostics []diagnostic `json:"diagnostics"`
	}
	out := c.run(t, "validate", "-json")
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("validate: %v\n%s", err, out)
	}
	return slices.DeleteFunc(result.Diagnostics, func(d diagnostic) bool { return d.Summary == overridden })
}

// stream returns the diagnostics of a command that prints a line of JSON for each event.
func (c *cli) stream(t *testing.T, args ...string) []diagnostic {
	t.Helper()
	var all []diagnostic
	for line := range bytes.Lines([]byte(c.run(t, args...))) {
		var event struct {
			Type       string     `json:"type"`
			Diagnostic diagnostic `json:"diagnostic"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, line)
		}
		if event.Type == "diagnostic" && event.Diagnostic.Summary != overridden {
			all = append(all, event.Diagnostic)
		}
	}
	return all
}

var printedLine = regexp.MustCompile(`(?m)^(Error|Warning): .*(?:\n.+)*\n\n(?:  with .*,\n)?  on (\S+) line (\d+)`)

// printed returns the places that a command's text for people names.
func (c *cli) printed(t *testing.T, args ...string) map[string]map[mark]int {
	t.Helper()
	out := map[string]map[mark]int{}
	for _, m := range printedLine.FindAllStringSubmatch(c.run(t, append(args, "-no-color")...), -1) {
		line, err := strconv.Atoi(m[3])
		if err != nil {
			t.Fatal(err)
		}
		if out[m[2]] == nil {
			out[m[2]] = map[mark]int{}
		}
		out[m[2]][mark{strings.ToLower(m[1]), line}]++
	}
	return out
}
