package loadleveler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// The tools print times in one zone, and only read.
func TestCalls(t *testing.T) {
	tools := in("5").tools(t)
	if _, err := New(Options{Bin: "/opt/ibmll/LoadL/full/bin", Runner: tools}).Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range tools.Calls() {
		if !slices.Contains(c.Env, "TZ=UTC0") {
			t.Errorf("%+v", c)
		}
		lines = append(lines, strings.TrimPrefix(c.Name, "/opt/ibmll/LoadL/full/bin/")+" "+strings.Join(c.Args, " "))
	}
	want := []string{
		"llclass -l", "llq ", "llq -r %st %c %nh %h %id",
		"llq -l front.102.0 front.103.0 front.104.0 front.106.0 front.107.0 front.108.0 front.110.0 front.111.0 front.112.0 front.113.0 front.114.0 front.115.0",
		"llstatus -r %n %sta %sts %r %mt %cpu %m %a %o", "llstatus -R", "llstatus -l",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// Each state counts as the manual says.
func TestStates(t *testing.T) {
	for words, short := range abbreviations {
		s := waiting("front.5.0", map[string]string{"Status": words, "Class": "serial"})
		s.hosts = []string{"astro-cpu-3"}
		want := states[short]
		if want.means == unknown {
			t.Errorf("%s is no state", short)
		}
		got := read(t, fakeOf(t, s))
		counted := map[meaning]int{}
		counted[waits], counted[busy] = got.Waiting(), got.Running
		for _, k := range got.Skipped {
			counted[rests] += k.Count
		}
		if want.means == held {
			want.means = rests
		}
		for _, m := range []meaning{waits, rests, busy} {
			if n := counted[m]; (n == 1) != (want.means == m) {
				t.Errorf("%s: %s", words, inShort(got))
			}
		}
		if got.OnNode["astro-cpu-3"] > 0 != (want.means == busy) {
			t.Errorf("%s: on the machine are %d", words, got.OnNode["astro-cpu-3"])
		}
	}
}

// An unknown state costs that step alone, and shows.
func TestUnknownState(t *testing.T) {
	odd := waiting("front.5.0", nil)
	odd.state = "ZZ"
	s := read(t, fakeOf(t, odd, waiting("front.6.0", nil)))
	if s.Waiting() != 1 || len(s.LeftOut) != 1 || !strings.Contains(s.LeftOut[0], `step front.5.0: its state is "ZZ"`) {
		t.Errorf("%s", inShort(s))
	}
}

// Steps that come and go between two calls make nothing partial; a list of states that
// breaks off does.
func TestStepsThatComeAndGo(t *testing.T) {
	steps := []fakeStep{waiting("front.1.0", nil), waiting("front.2.0", nil), waiting("front.3.0", nil)}
	f := fakeOf(t, steps...)
	f.gone = []string{"front.2.0"}
	if s := read(t, f); s.Waiting() != 2 || len(s.Partial) > 0 {
		t.Errorf("a step ends before its details are read: %s", inShort(s))
	}
	f.gone = []string{"front.1.0", "front.2.0", "front.3.0"}
	if s := read(t, f); s.Waiting() != 0 || len(s.Partial) > 0 {
		t.Errorf("all steps end before their details are read: %s", inShort(s))
	}
	started := fakeOf(t, waiting("front.1.0", map[string]string{"Status": "Running", "Allocated Host": "astro-cpu-3"}))
	started.steps[0].state = "I"
	if s := read(t, started); s.Waiting() != 0 || s.Running != 1 || len(s.Partial) > 0 {
		t.Errorf("a step starts before its details are read: %s", inShort(s))
	}
	f = fakeOf(t, steps...)
	f.fewer = 1
	if s := read(t, f); len(s.Partial) != 1 || s.Partial[0] != "llq -r lists 2 steps, and llq counts 3" {
		t.Errorf("the list of states lacks one: %s", inShort(s))
	}
	counts := 0
	ended := onceRunner(func(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
		if len(c.Args) == 0 && c.Name == "llq" {
			if counts++; counts == 2 {
				return fakeOf(t, steps[1:]...).Run(ctx, c, consume)
			}
		}
		return f.Run(ctx, c, consume)
	})
	if s := read(t, ended); len(s.Partial) > 0 || counts != 2 {
		t.Errorf("a step ends between the count and the list of states: %d counts, %s", counts, inShort(s))
	}
}

type onceRunner func(context.Context, command.Command, func(io.Reader) error) error

// Run implements command.Runner.
func (r onceRunner) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	return r(ctx, c, consume)
}

// Many steps are asked for in portions that a command line holds.
func TestPortions(t *testing.T) {
	var steps []fakeStep
	for i := range 5000 {
		steps = append(steps, waiting(fmt.Sprintf("front.a-rather-long-domain-of-a-cluster.example.org.%d.0", i), nil))
	}
	f := fakeOf(t, steps...)
	f.machines = in("5").tools(t)
	longest := 0
	s := read(t, onceRunner(func(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
		longest = max(longest, len(c.String()))
		return f.Run(ctx, c, consume)
	}))
	if s.Waiting() != 5000 || len(s.Jobs) != 1 || longest > 64<<10 || f.calls.Load() < 5 {
		t.Errorf("%d steps in %d groups, %d calls, the longest of %d bytes", s.Waiting(), len(s.Jobs), f.calls.Load(), longest)
	}
}

// Steps that stand in each other's way cost a slow central manager no more than a part of a
// round's time.
func TestRepeatsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []fakeStep
		for i := range 64 {
			id, other := fmt.Sprintf("front.%d.0", i), fmt.Sprintf("front.%d.0", (i+7)%64)
			steps = append(steps, waiting(id, map[string]string{"Env": "x\n" + waiting(other, nil).record + waiting(id, nil).record}))
		}
		f := fakeOf(t, steps...)
		slow := onceRunner(func(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
			time.Sleep(3 * time.Second)
			return f.Run(ctx, c, consume)
		})
		begun := time.Now()
		s := read(t, slow)
		if took := time.Since(begun); took > time.Minute || len(s.LeftOut) == 0 || len(s.Partial) > 0 {
			t.Errorf("it took %s: %s", took, inShort(s))
		}
	})
}

// Each failure has the tool's words, wherever they were printed, and says what to do.
func TestAdvice(t *testing.T) {
	p := in("5")
	for text, want := range map[string]string{
		noConnection: `llq: 2539-463 Cannot connect to front "LoadL_negotiator" on port 9614. errno = 111 (the central manager can't be reached: look whether LoadLeveler runs there`,
		"failed\nllclass: 2512-000 Unable to read /etc/LoadL.cfg\n": "/etc/LoadL.cfg names it",
		"failed\nsomething else\n":                                  "exit status 1",
	} {
		p.classes = text
		if _, err := New(Options{Runner: p.tools(t)}).Read(t.Context()); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "read the classes: ") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for want, err := range map[string]error{
		"the central manager hangs, or is on a machine that does not answer":                             &command.Error{Command: "llq", Err: context.DeadlineExceeded},
		"install LoadLeveler's programs, or name their directory with bin in the queue block":            &command.Error{Command: "llq", Err: &exec.Error{Name: "llq", Err: exec.ErrNotFound}},
		"install LoadLeveler's programs, or name their directory with bin in the queue block) ":          &command.Error{Command: "llq", Err: fs.ErrNotExist},
		"the tools don't know a machine's address: correct CENTRAL_MANAGER_LIST or the machine list in ": &command.Error{Command: "llq", Stderr: "2539-457 Cannot gethostbyname for machine: a", Err: errors.New("exit status 1")},
	} {
		if got := advised(err); !errors.Is(got, err) || !strings.Contains(got.Error()+" ", want) {
			t.Errorf("%v, want %q", got, want)
		}
	}
}

// A complaint about one machine between the rows is no row (recorded in radical.saga).
func TestComplaintsBetweenRows(t *testing.T) {
	p := in("5")
	p.rows = "===== Cluster astro =====\n\n06/19 09:51:45 llq: 2539-457 Cannot gethostbyname for machine: gone.hpc.test\n" + content(t, p.rows)
	if got, want := inShort(read(t, p.tools(t))), inShort(read(t, in("5").tools(t))); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	p.rows = "06/19 09:51:45 llq: 2539-457 Cannot gethostbyname for machine: gone.hpc.test\n"
	if _, err := New(Options{Runner: p.tools(t)}).Read(t.Context()); err == nil || !strings.Contains(err.Error(), "what llq -r prints is no listing: 06/19 09:51:45 llq: 2539-457") {
		t.Error(err)
	}
}

func TestFind(t *testing.T) {
	r := New(Options{Runner: in("5").tools(t)})
	for id, want := range map[string]string{
		"front.102.0":          "front.102.0 waiting   2048",
		"front.hpc.test.102.0": "front.102.0 waiting   2048",
		"front.102":            "front.102.0 waiting   2048",
		"front.106.0":          "front.106.0 waiting the negotiator says: User = ada has reached the maximum number of job steps allowed running in class serial.  0",
		"front.107.0":          "front.107.0 running  astro-cpu-1 0",
	} {
		j, err := r.Find(t.Context(), id)
		if got := fmt.Sprint(j.ID, " ", j.State, " ", j.Why, " ", j.Node, " ", j.Kind.Asks.MemoryMiB); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", id, got, err, want)
		}
	}
	held := fakeOf(t, waiting("front.5.0", map[string]string{"Status": "User & System Hold"}))
	if j, err := New(Options{Runner: held}).Find(t.Context(), "front.5.0"); err != nil || j.State != queue.JobHeld || j.Why != states["HS"].why {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := r.Find(t.Context(), "front.999.0"); !errors.Is(err, queue.ErrNoJob) {
		t.Errorf("a step that is not there: %v", err)
	}
	p := in("5")
	for _, text := range []string{"none.txt", "failed\nllq: There is currently no job status to report.\n"} {
		p.long = text
		if _, err := New(Options{Runner: p.tools(t)}).Find(t.Context(), "front.5.0"); !errors.Is(err, queue.ErrNoJob) {
			t.Errorf("%q: %v", text, err)
		}
	}
	silent := onceRunner(func(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
		if c.Name == "llq" {
			return &command.Error{Command: "llq", Err: errors.New("exit status 153")}
		}
		return in("5").tools(t).Run(ctx, c, consume)
	})
	if _, err := New(Options{Runner: silent}).Find(t.Context(), "front.5.0"); !errors.Is(err, queue.ErrNoJob) {
		t.Errorf("an exit status of 153 and no word: %v", err)
	}
	for _, id := range []string{"-l", "front", "front.1.0; rm", "", "front.1.0\n"} {
		if _, err := r.Find(t.Context(), id); err == nil || errors.Is(err, queue.ErrNoJob) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if !Traits().IsJobID("front.hpc.test.12.0") || !Traits().IsJobID("front.12") || Traits().IsJobID("astro-cpu-1") || Traits().IsJobID("cpu") {
		t.Error("the pattern of IDs is wrong")
	}
}
