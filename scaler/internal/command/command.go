// Package command runs the batch system's own tools, on this machine or on the
// front-end by ssh, with a limit on time and output. It passes the output on as a
// stream, so that a long queue is never in memory as text.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// MaxOutput is the number of bytes that a tool may print. It bounds the time of a tool that
// prints for ever; what consumes the output bounds what it keeps of it. Some 50,000 jobs
// with the attributes that the scaler asks for take 20 MB.
const MaxOutput = 4 << 30

const maxStderr = 4 << 10

// Command is a tool, its arguments, and its environment beside the variables that every
// child gets.
type Command struct {
	Name    string
	Args    []string
	Env     []string // KEY=VALUE
	Inherit []string // names of variables that it gets from the scaler's environment, as Environment reads them
}

// String returns the command as a person would type it, without its environment.
func (c Command) String() string {
	words := []string{c.Name}
	for _, a := range c.Args {
		words = append(words, Quote(a))
	}
	return strings.Join(words, " ")
}

// short returns a command for an error: its name and first arguments, without the many
// attributes.
func (c Command) short() string {
	text := strings.Join(strings.Fields(c.String()), " ")
	if most := 80; len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

// Runner runs commands. It passes the output to consume. If the command fails it returns
// an *Error, in place of an error of consume.
type Runner interface {
	Run(ctx context.Context, c Command, consume func(io.Reader) error) error
}

// Error is the failure of a command, with the command's own words.
type Error struct {
	Command string
	Stderr  string
	Err     error
}

func (e *Error) Error() string {
	if e.Stderr == "" {
		return fmt.Sprintf("%s: %v", e.Command, e.Err)
	}
	return fmt.Sprintf("%s: %v: %s", e.Command, e.Err, e.Stderr)
}

func (e *Error) Unwrap() error { return e.Err }

// Exec runs commands on this machine.
type Exec struct {
	Timeout   time.Duration // for each command
	Environ   []string      // the environment of which commands get variables; nil: this process's
	Inherit   []string      // names of further variables that each command gets, as Command.Inherit
	MaxOutput int64         // 0 means MaxOutput
}

// Run implements Runner.
func (x Exec) Run(ctx context.Context, c Command, consume func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, x.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Name, c.Args...)
	environ := x.Environ
	if environ == nil {
		environ = os.Environ()
	}
	cmd.Env = append(Environment(environ, slices.Concat(c.Inherit, x.Inherit)...), c.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with all of its children
	cmd.WaitDelay = time.Second                                                          // a child in another group may hold its output open
	stderr := &tail{limit: maxStderr}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return &Error{Command: c.short(), Err: err}
	}
	if err := cmd.Start(); err != nil {
		return &Error{Command: c.short(), Err: err}
	}
	// Wait would end this reading, but it is called behind it.
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(cmd.WaitDelay, func() { _ = out.Close() })
	})()
	whole := &toEnd{from: out}
	consumeErr := x.handOn(whole, consume)
	if consumeErr != nil && !whole.reached {
		cancel() // the rest is not read
	}
	if _, err := io.Copy(io.Discard, out); err != nil && consumeErr == nil && ctx.Err() == nil {
		consumeErr = err
	}
	waitErr := cmd.Wait()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &Error{Command: c.short(), Stderr: stderr.line(), Err: fmt.Errorf("no answer within %s: %w", x.Timeout, ctx.Err())}
	case consumeErr != nil && ctx.Err() != nil: // killed by us
		return fmt.Errorf("%s: %w", c.short(), consumeErr)
	case waitErr != nil:
		return &Error{Command: c.short(), Stderr: stderr.line(), Err: waitErr}
	case consumeErr != nil:
		return fmt.Errorf("%s: %w", c.short(), consumeErr)
	}
	return nil
}

// toEnd notes whether an output was read to its end: then the tool ends by itself, and its
// exit status says more than the complaint of a reader about what is missing.
type toEnd struct {
	from    io.Reader
	reached bool
}

// Read implements io.Reader.
func (r *toEnd) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.reached = r.reached || err != nil
	return n, err
}

// handOn gives the output to consume, as far as it is not too long.
func (x Exec) handOn(out io.Reader, consume func(io.Reader) error) error {
	limit := x.MaxOutput
	if limit == 0 {
		limit = MaxOutput
	}
	limited := &io.LimitedReader{R: out, N: limit}
	err := consume(limited)
	if limited.N <= 0 && (err != nil || more(out)) {
		return fmt.Errorf("it printed more than %d bytes", limit)
	}
	return err
}

// more reports whether there is anything left to read.
func more(r io.Reader) bool {
	n, _ := io.CopyN(io.Discard, r, 1)
	return n > 0
}

// tail keeps the first bytes that are written to it.
type tail struct {
	buf   bytes.Buffer
	limit int
}

func (t *tail) Write(p []byte) (int, error) {
	if room := t.limit - t.buf.Len(); room > 0 {
		t.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// line returns the first paragraph as one line. Some tools print advice for the reader
// of a terminal after it.
func (t *tail) line() string {
	first, _, _ := strings.Cut(strings.TrimSpace(t.buf.String()), "\n\n")
	return text.Line(first, maxStderr)
}
