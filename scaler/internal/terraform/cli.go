package terraform

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
)

// CLI is Terraform or OpenTofu in the configuration's directory.
type CLI interface {
	// Plan plans into a file and reports whether there is a difference.
	Plan(ctx context.Context, out string) (differs bool, err error)
	// Show reads a plan.
	Show(ctx context.Context, plan string) (*tfjson.Plan, error)
	// Apply applies a plan. It returns the lines of its warnings, which name nodes
	// that were not made.
	Apply(ctx context.Context, plan string) (warnings string, err error)
}

// Program is a CLI that runs the installed program.
type Program struct {
	Path        string // of terraform or tofu
	Directory   string
	Resource    string // the only target of plans, with its dependencies
	LockTimeout time.Duration
	Log         func(line string)
}

// FindProgram returns the absolute path of the given program; for "" that of terraform,
// or else of tofu.
func FindProgram(name string) (string, error) {
	names := []string{name}
	if name == "" {
		names = []string{"terraform", "tofu"}
	}
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return filepath.Abs(path) // it runs in another directory
		}
	}
	return "", fmt.Errorf("find %s: there is no such program on the search path", strings.Join(names, " or "))
}

// stopWithin is the time in which an interrupted run has to end, after the provider has
// written what it has made into the state.
const stopWithin = 3 * time.Minute

func (p Program) open(out io.Writer) (*tfexec.Terraform, error) {
	tf, err := tfexec.NewTerraform(p.Directory, p.Path)
	if err == nil {
		err = tf.SetWaitDelay(stopWithin)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", p.Path, err)
	}
	tf.SetStdout(out)
	return tf, nil
}

// Plan implements CLI.
func (p Program) Plan(ctx context.Context, out string) (bool, error) {
	lines := &lineWriter{log: p.Log}
	tf, err := p.open(lines)
	if err != nil {
		return false, err
	}
	differs, err := tf.Plan(ctx, tfexec.Out(out), tfexec.Target(p.Resource), tfexec.LockTimeout(p.LockTimeout.String()))
	return differs, sortError("plan", err)
}

// Show implements CLI.
func (p Program) Show(ctx context.Context, plan string) (*tfjson.Plan, error) {
	tf, err := p.open(io.Discard)
	if err != nil {
		return nil, err
	}
	shown, err := tf.ShowPlanFile(ctx, plan)
	return shown, sortError("read the plan", err)
}

// Apply implements CLI.
func (p Program) Apply(ctx context.Context, plan string) (string, error) {
	lines := &lineWriter{log: p.Log}
	tf, err := p.open(lines)
	if err != nil {
		return "", err
	}
	err = tf.Apply(ctx, tfexec.DirOrPlan(plan), tfexec.LockTimeout(p.LockTimeout.String()))
	return lines.warnings(), sortError("apply", err)
}

// privateFolder makes a folder for a plan, which may hold secrets like the state.
func privateFolder() (string, func(), error) {
	dir, err := os.MkdirTemp("", "vmcluster-scaler-") // mode 0700
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the plan: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// lineWriter logs the lines that are written to it, and keeps the warnings.
type lineWriter struct {
	log func(line string)

	mu      sync.Mutex
	rest    string
	warning bool
	kept    []string
}

const mostWarningLines = 40

func (l *lineWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest += string(b)
	for {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole {
			return len(b), nil
		}
		l.rest = rest
		l.line(line)
	}
}

func (l *lineWriter) line(line string) {
	text := strings.TrimSpace(strings.Trim(line, "│╷╵ "))
	switch {
	case strings.HasPrefix(text, "Warning:"):
		// Terraform warns so because of the target.
		l.warning = !strings.Contains(text, "Resource targeting") && !strings.Contains(text, "Applied changes may be incomplete") &&
			!strings.Contains(text, "development overrides")
	case strings.HasPrefix(line, "╵"), strings.HasPrefix(line, "╷"), strings.HasPrefix(text, "Apply complete"):
		l.warning = false
	}
	if l.warning && text != "" && len(l.kept) < mostWarningLines {
		l.kept = append(l.kept, text)
	}
	if l.log != nil && text != "" {
		l.log(text)
	}
}

func (l *lineWriter) warnings() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.kept, "\n")
}
