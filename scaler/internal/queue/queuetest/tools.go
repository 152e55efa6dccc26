package queuetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// Tools is a command.Runner that answers as a batch system's tools did when their
// output was recorded. The zero value knows no tool.
type Tools struct {
	Answers []Answer

	mu    sync.Mutex
	calls []command.Command
}

// Answer is what one tool printed.
type Answer struct {
	To     []string // the tool's name and some of its arguments; the first answer counts that has no other
	Stdout string
	Stderr string
	Failed bool // the tool ended with exit status 1
}

// File returns a recorded output.
func File(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Run implements command.Runner.
func (r *Tools) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	r.mu.Lock()
	r.calls = append(r.calls, c)
	r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &command.Error{Command: c.Name, Err: err}
	}
	i := slices.IndexFunc(r.Answers, func(a Answer) bool { return a.answers(c) })
	if i < 0 {
		return &command.Error{Command: c.String(), Err: errors.New("it was not recorded")}
	}
	err := consume(strings.NewReader(r.Answers[i].Stdout))
	if a := r.Answers[i]; a.Failed {
		return &command.Error{Command: c.Name, Stderr: a.Stderr, Err: errors.New("exit status 1")}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

func (a Answer) answers(c command.Command) bool {
	line := append([]string{path.Base(c.Name)}, c.Args...)
	return !slices.ContainsFunc(a.To, func(word string) bool { return !slices.Contains(line, word) })
}

// Calls returns the commands that were run, in order.
func (r *Tools) Calls() []command.Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}
