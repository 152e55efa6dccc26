// Package progress shows people how an apply goes, while it goes. Terraform gives a
// provider no channel to its own output, so the lines go to the terminal at which
// Terraform runs, or to a file that a variable names.
package progress

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// Variable is the environment variable that says where the lines go: the path of a
// file, "terminal", or "off". Without it they go to the terminal, where there is one.
const Variable = "VMCLUSTER_PROGRESS"

// These bound what a run writes: characters of a line, and lines.
const (
	longestLine = 200
	mostLines   = 10000
)

// Writer writes a line for each event of an apply. A failure to write ends the lines
// and nothing else. It is safe for concurrent use. A nil Writer writes nothing.
type Writer struct {
	out   io.Writer
	ready func() bool // reports whether a line may be written now; nil: always
	stamp bool        // lines begin with the time

	mu    sync.Mutex
	last  map[string]string // by cluster: its newest line
	lines int
}

// Open returns the Writer that the environment asks for: nil for none. The error says
// that a file can't be written to.
func Open(getenv func(string) string) (*Writer, error) {
	switch where := getenv(Variable); where {
	case "off":
		return nil, nil
	case "", "terminal":
		// Programs that run Terraform say so by this variable; they read its output.
		if where == "" && getenv("TF_IN_AUTOMATION") != "" {
			return nil, nil
		}
		if out, ready := terminal(where == ""); out != nil {
			return &Writer{out: newPump(out), ready: ready}, nil
		}
		return nil, nil
	default:
		// A named pipe that no program reads is an error, and not waited for.
		file, err := os.OpenFile(where, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NONBLOCK, 0o600)
		if err != nil {
			return nil, fmt.Errorf("%s names a file that can't be written to: %w", Variable, err)
		}
		return &Writer{out: newPump(file), stamp: true}, nil
	}
}

type key struct{}

// Of returns a context of an apply of that cluster: only its events are shown.
func Of(ctx context.Context, cluster string) context.Context {
	return context.WithValue(ctx, key{}, cluster)
}

// Event writes an event of the context's apply; kv alternates keys and values. What
// was just written is not written again.
func (w *Writer) Event(ctx context.Context, msg string, kv ...any) {
	cluster, ok := ctx.Value(key{}).(string)
	if w == nil || !ok {
		return
	}
	line := line(cluster, msg, kv)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last[cluster] == line || w.lines >= mostLines || w.ready != nil && !w.ready() {
		return
	}
	if w.last == nil {
		w.last = map[string]string{}
	}
	w.last[cluster] = line
	w.lines++
	if w.stamp {
		line = time.Now().UTC().Format(time.RFC3339) + " " + line
	}
	if _, err := io.WriteString(w.out, line+"\n"); err != nil {
		w.lines = mostLines
	}
}

// quiet are keys whose values are for logs alone.
var quiet = map[string]bool{"cluster": true, "generation": true, "id": true, "server": true}

// line returns an event as one line for people: "astro: joined 3 of 4 (pending cpu-2)".
func line(cluster, msg string, kv []any) string {
	var more []string
	for i := 0; i+1 < len(kv); i += 2 {
		name, value := fmt.Sprint(kv[i]), words(kv[i+1])
		if value != "" && !quiet[name] {
			more = append(more, name+" "+value)
		}
	}
	said := cluster + ": " + msg
	if len(more) > 0 {
		said += " (" + strings.Join(more, "; ") + ")"
	}
	return text.Line(said, longestLine) // a part of it may be a front-end's or a cloud's own words
}

// words returns a value as people write it.
func words(value any) string {
	if names, ok := value.([]string); ok {
		return strings.Join(names, ", ")
	}
	return strings.TrimSpace(fmt.Sprint(value))
}
