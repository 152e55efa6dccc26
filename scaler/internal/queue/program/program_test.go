package program

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

var both = []string{queue.ActionDrain, queue.ActionUndrain, queue.ActionForget}

func TestContract(t *testing.T) {
	answer := func(text string) *queuetest.Tools {
		return &queuetest.Tools{Answers: []queuetest.Answer{{To: []string{"snapshot"}, Stdout: text}}}
	}
	queuetest.Contract{
		Adapter: Name,
		Reader: func(run command.Runner) queue.Reader {
			return New(Options{Command: []string{"snapshot"}, Actions: both, Runner: run})
		},
		Pools: map[string]*queuetest.Tools{"Grid Engine": answer(queuetest.File(t, "testdata/gridengine/snapshot.json"))},
		Empty: answer(snapshot()),
		Down: map[string]*queuetest.Tools{
			"the program fails":    {Answers: []queuetest.Answer{{To: []string{"snapshot"}, Stderr: "qstat: can not reach qmaster", Failed: true}}},
			"it prints nothing":    answer(""),
			"another version":      answer(`{"version": 2, "jobs": [], "workers": []}`),
			"two objects, not one": answer(snapshot() + snapshot()),
		},
		Partly: map[string]*queuetest.Tools{"the program says so": answer(snapshot(`"partial": ["queue b does not answer"]`))},
	}.Run(t)
}

// Times that lie in the future count as now, and others as said. A worker without
// idle_since is empty since this process first saw it so.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		text := snapshot(`"jobs_at": "2000-01-01T00:30:00Z"`, `"workers_at": "2100-01-01T00:00:00Z"`, `"workers": [`+aWorker+`]`)
		tools := &queuetest.Tools{Answers: []queuetest.Answer{{To: []string{"p"}, Stdout: text}}}
		p := New(Options{Command: []string{"p"}, Runner: tools})
		began := time.Now()
		for range 3 {
			s, err := p.Read(t.Context())
			if err != nil || s.JobsAt.Format("15:04") != "00:30" || !s.WorkersAt.Equal(time.Now()) || !s.Workers[0].IdleSince.Equal(began) || s.Workers[0].RanBefore {
				t.Errorf("%+v, %v", s, err)
			}
			time.Sleep(10 * time.Second)
		}
		tools.Answers[0].Stdout = strings.Replace(text, `"running": 0`, `"running": 1`, 1)
		if s, err := p.Read(t.Context()); err != nil || !s.Workers[0].IdleSince.IsZero() || !s.Workers[0].RanBefore {
			t.Errorf("a busy worker: %+v, %v", s, err)
		}
		tools.Answers[0].Stdout = text
		if s, err := p.Read(t.Context()); err != nil || !s.Workers[0].IdleSince.Equal(time.Now()) || !s.Workers[0].RanBefore {
			t.Errorf("empty again: %+v, %v", s, err)
		}
	})
}

// The program gets an action and a name behind its own arguments. An action that the block
// does not list is never asked for.
func TestActions(t *testing.T) {
	tools := &queuetest.Tools{Answers: []queuetest.Answer{{To: []string{"python3"}}}}
	p := New(Options{Command: []string{"python3", "q.py", "--cell=a b"}, Actions: both[:2], Runner: tools})
	if err := errors.Join(p.Drain(t.Context(), "astro-cpu-1"), p.Undrain(t.Context(), "astro-cpu-2")); err != nil {
		t.Fatal(err)
	}
	if err := p.Forget(t.Context(), "astro-cpu-3"); err == nil || !strings.Contains(err.Error(), "actions in the queue block") {
		t.Error(err)
	}
	var calls []string
	for _, c := range tools.Calls() {
		calls = append(calls, c.String())
	}
	if got, want := strings.Join(calls, "|"), "python3 q.py '--cell=a b' drain astro-cpu-1|python3 q.py '--cell=a b' undrain astro-cpu-2"; got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
}

// script returns a program of the shell.
func script(t *testing.T, text string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"/bin/sh", file}
}

// A program that hangs, fails, or prints garbage or too much costs its call, and its own
// words are in the error.
func TestHostilePrograms(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"it fails":                   {"echo 'no \033[31mmaster' >&2; exit 3", "exit status 3: no \ufffd[31mmaster"},
		"it fails after its output":  {"echo '" + snapshot() + "'; exit 1", "exit status 1"},
		"it hangs":                   {"echo '{'; exec sleep 60", "no answer within"},
		"it hangs in a child":        {"echo '{'; sleep 60", "no answer within"},
		"it prints garbage":          {"head -c 100000 /dev/urandom", "did not print a JSON object"},
		"it prints without an end":   {"echo '{\"version\": 1, \"jobs\": ['; exec yes ''", "more than 64 MiB"},
		"it says too much of errors": {"yes error | head -c 1000000 >&2; exit 1", "exit status 1"},
		"it is killed":               {"kill -9 $$", "signal: killed"},
	} {
		timeout := 30 * time.Second
		if strings.Contains(name, "hangs") {
			timeout = 300 * time.Millisecond
		}
		p := New(Options{Command: script(t, c.script), Runner: command.Exec{Timeout: timeout}})
		s, err := p.Read(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 6000 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %+v, %.300v; want %q", name, s, err, c.want)
		}
	}
	p := New(Options{Command: []string{"/nowhere/program"}, Runner: command.Exec{Timeout: time.Second}})
	if _, err := p.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	for want, s := range map[string]settings{
		"":                   {command: []string{"a", "b"}, actions: both},
		"Incomplete actions": {command: []string{"a"}, actions: both[:1]},
	} {
		if p := s.Problem(); p.Summary != want {
			t.Errorf("%+v: %q, want %q", s, p.Summary, want)
		}
	}
	if p := (&settings{command: []string{"a"}, actions: both[2:]}).Problem(); p.Summary != "" {
		t.Error(p)
	}
}

// Whatever a program prints is read within bounds, and what is accepted has a form that is
// accepted again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(snapshot(`"jobs": [`+aGroup+`]`, `"workers": [`+aWorker+`]`)))
	f.Add([]byte(`{"version": 1, "jobs": [{"count": 1e9, "first": "1", "asks": {"cpus": 1e308}}], "workers": [{"name": "a"}]}`))
	f.Add([]byte(snapshot(`"on_node": {"a": 1}`, `"traits": {"job_id_pattern": "(((a{30}){30}){30})"}`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := queue.Snapshot{Traits: traits(both)}
		if err := parse(strings.NewReader(string(raw)), &s); err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		cleaned, err := queue.Cleaned(fixed{s}).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range queuetest.Problems(cleaned) {
			if !strings.Contains(p, "in the future") && !strings.Contains(p, `jobs of "`) && !strings.Contains(p, "skipped") && !strings.Contains(p, "UTF-8") {
				t.Error(p)
			}
		}
		if _, err := cleaned.MarshalJSON(); err != nil {
			t.Error(err)
		}
	})
}

type fixed struct{ queue.Snapshot }

func (f fixed) Read(context.Context) (queue.Snapshot, error) { return f.Snapshot, nil }
