package progress

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// Only events of an apply become lines, each once, in words.
func TestEvents(t *testing.T) {
	var out strings.Builder
	w := &Writer{out: &out}
	ctx := Of(t.Context(), "astro")
	w.Event(t.Context(), "reading the list of servers failed; trying again")
	w.Event(ctx, "creating workers", "count", 4)
	w.Event(ctx, "workers active in Nova: 1 of 4")
	w.Event(ctx, "workers active in Nova: 1 of 4")
	w.Event(Of(t.Context(), "nebula"), "deleting workers", "nodes", []string{"nebula-cpu-1", "nebula-cpu-2"})
	w.Event(ctx, "joined 3 of 4", "generation", 7, "pending", "cpu-2", "error", "")
	(*Writer)(nil).Event(ctx, "nothing")
	want := "astro: creating workers (count 4)\nastro: workers active in Nova: 1 of 4\n" +
		"nebula: deleting workers (nodes nebula-cpu-1, nebula-cpu-2)\nastro: joined 3 of 4 (pending cpu-2)\n"
	if out.String() != want {
		t.Errorf("lines are\n%s, want\n%s", out.String(), want)
	}
}

// Foreign words stay one line that a terminal does not obey.
func TestLinesAreBounded(t *testing.T) {
	var out strings.Builder
	w := &Writer{out: &out}
	for _, text := range []string{"a\x1b[2J\nb", strings.Repeat("x", 1000000), "\xff\u202e\u2066"} {
		w.Event(Of(t.Context(), "astro"), "a worker ended in ERROR", "fault", text)
	}
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) || len([]rune(line)) > longestLine+1 {
			t.Errorf("%q", line)
		}
	}
	for i := range 2 * mostLines {
		w.Event(Of(t.Context(), "astro"), "x", "i", i)
	}
	if n := strings.Count(out.String(), "\n"); n != mostLines {
		t.Errorf("%d lines, want %d", n, mostLines)
	}
}

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("no space left on device")
}

func TestAFailureEndsTheLines(t *testing.T) {
	out := &broken{}
	w := &Writer{out: out}
	w.Event(Of(t.Context(), "astro"), "one")
	w.Event(Of(t.Context(), "astro"), "two")
	if out.writes != 1 {
		t.Errorf("%d writes", out.writes)
	}
}

func TestOpenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "progress.log")
	for _, text := range []string{"one", "two"} {
		w, err := Open(environment(map[string]string{Variable: file, "TF_IN_AUTOMATION": "1"}))
		if err != nil {
			t.Fatal(err)
		}
		w.Event(Of(context.Background(), "astro"), text)
		if err := w.out.(*pump).Close(); err != nil {
			t.Fatal(err)
		}
	}
	raw, _ := os.ReadFile(file)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(lines) != 2 || !strings.HasSuffix(lines[1], " astro: two") {
		t.Fatalf("file is\n%s", raw)
	}
	at, _, _ := strings.Cut(lines[0], " ")
	if _, err := time.Parse(time.RFC3339, at); err != nil {
		t.Error(err)
	}
	if _, err := Open(environment(map[string]string{Variable: filepath.Join(file, "x")})); err == nil || !strings.Contains(err.Error(), Variable) {
		t.Errorf("a file below a file: %v", err)
	}
}

// stuck takes nothing until it is let go.
type stuck struct {
	taken strings.Builder
	letGo chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) { <-s.letGo; return s.taken.Write(p) }
func (*stuck) Close() error                  { return nil }

// A terminal that a person has stopped (Ctrl-S) does not stop the apply.
func TestAStoppedTerminalDoesNotStopTheApply(t *testing.T) {
	out := &stuck{letGo: make(chan struct{})}
	p := newPump(out)
	w := &Writer{out: p}
	for i := range 5 * waitingLines {
		w.Event(Of(t.Context(), "astro"), "x", "i", i)
	}
	close(out.letGo)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.taken.String(), "\n"); n < waitingLines || n > waitingLines+1 {
		t.Errorf("%d lines were kept, want about %d", n, waitingLines)
	}
}

func TestAPipeWithoutAReader(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := exec.CommandContext(t.Context(), "mkfifo", pipe).Run(); err != nil {
		t.Skip("mkfifo is not here:", err)
	}
	if _, err := Open(environment(map[string]string{Variable: pipe})); err == nil {
		t.Error("no error")
	}
}

func TestNoLines(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"off":           {Variable: "off"},
		"in automation": {"TF_IN_AUTOMATION": "1"},
	} {
		if w, err := Open(environment(env)); w != nil || err != nil {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
}

// A provider in the background does not write to the terminal.
func TestATerminalThatIsNotReady(t *testing.T) {
	var out strings.Builder
	ready := false
	w := &Writer{out: &out, ready: func() bool { return ready }}
	w.Event(Of(t.Context(), "astro"), "one")
	ready = true
	w.Event(Of(t.Context(), "astro"), "two")
	if out.String() != "astro: two\n" {
		t.Errorf("%q", out.String())
	}
}
