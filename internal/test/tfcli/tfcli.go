// Package tfcli runs a Terraform or OpenTofu command line with the provider of
// this tree, for tests and the demo: no registry, no lock file, one working
// directory per instance.
package tfcli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Source is the provider's address. OpenTofu's default host is another one, so
// configurations name it in full.
const Source = "registry.terraform.io/vmcluster/vmcluster"

// sourceOpenTofu is the address to which OpenTofu completes vmcluster/vmcluster.
const sourceOpenTofu = "registry.opentofu.org/vmcluster/vmcluster"

// CLI is one working directory and the command that runs in it.
type CLI struct {
	Path string    // terraform or tofu
	Dir  string    // working directory: configuration, state
	Env  []string  // more environment, KEY=VALUE
	Out  io.Writer // gets the command's output; may be nil
	rc   string
}

// New prepares dir for running path with this tree's provider, whose binary lies in
// binDir.
func New(path, dir, binDir string) (*CLI, error) {
	return NewFor(path, dir, binDir, Source, sourceOpenTofu)
}

// NewFor prepares dir for running path with the provider of these addresses, whose binary
// lies in binDir. The last part of an address is the provider's name.
func NewFor(path, dir, binDir string, addresses ...string) (*CLI, error) {
	binDir, err := filepath.Abs(binDir)
	if err != nil {
		return nil, fmt.Errorf("find the provider's folder: %w", err)
	}
	var overrides strings.Builder
	for _, address := range addresses {
		if _, err := os.Stat(filepath.Join(binDir, "terraform-provider-"+filepath.Base(address))); err != nil {
			return nil, fmt.Errorf("find the provider: %w; run make build first", err)
		}
		fmt.Fprintf(&overrides, "    %q = %q\n", address, binDir)
	}
	rc := filepath.Join(dir, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n%s  }\n  direct {}\n}\n", overrides.String())
	if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the command's configuration: %w", err)
	}
	return &CLI{Path: path, Dir: dir, rc: rc}, nil
}

// Write puts a configuration file into the working directory.
func (c *CLI) Write(name, content string) error {
	if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(content), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Command returns the command, not yet started, for callers that watch or end it.
func (c *CLI) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Path, args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+c.rc, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
	cmd.Env = append(cmd.Env, c.Env...)
	return cmd
}

// Run runs the command and returns its output. The error holds the last lines of it.
func (c *CLI) Run(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := c.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if c.Out != nil {
		cmd.Stdout = io.MultiWriter(&out, c.Out)
		cmd.Stderr = cmd.Stdout
	}
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w\n%s", filepath.Base(c.Path), strings.Join(args, " "), err, tail(out.String(), 60))
	}
	return out.String(), nil
}

// Apply applies the configuration.
func (c *CLI) Apply(ctx context.Context, args ...string) (string, error) {
	return c.Run(ctx, append([]string{"apply", "-auto-approve", "-no-color"}, args...)...)
}

// Destroy destroys everything in the state.
func (c *CLI) Destroy(ctx context.Context) (string, error) {
	return c.Run(ctx, "destroy", "-auto-approve", "-no-color")
}

// Plan plans, and reports whether the plan holds a difference.
func (c *CLI) Plan(ctx context.Context, args ...string) (text string, differs bool, err error) {
	text, err = c.Run(ctx, append([]string{"plan", "-no-color", "-detailed-exitcode"}, args...)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		return text, true, nil
	}
	return text, false, err
}

// Attributes returns the attributes of one resource in the state, decoded from JSON.
func (c *CLI) Attributes(ctx context.Context, address string) (map[string]any, error) {
	cmd := c.Command(ctx, "show", "-json")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("show the state: %w", err)
	}
	var state struct {
		Values struct {
			Root struct {
				Resources []struct {
					Address string         `json:"address"`
					Values  map[string]any `json:"values"`
				} `json:"resources"`
			} `json:"root_module"`
		} `json:"values"`
	}
	if err := json.Unmarshal(out, &state); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	for _, r := range state.Values.Root.Resources {
		if r.Address == address {
			return r.Values, nil
		}
	}
	return nil, fmt.Errorf("read the state: it has no %s", address)
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
