package loadleveler

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// fakeOf returns a fake cluster with these steps and the machines of folder 5.
func fakeOf(t *testing.T, steps ...fakeStep) *fake {
	t.Helper()
	return &fake{steps: steps, machines: in("5").tools(t)}
}

// group returns the group of which a step is the first.
func group(s queue.Snapshot, first string) (queue.JobGroup, bool) {
	for _, g := range s.Jobs {
		if g.First == first {
			return g, true
		}
	}
	return queue.JobGroup{}, false
}

// What a user writes into a step costs that step alone: the steps before and after it are
// read as without it, and it adds no other step.
func TestHostileValues(t *testing.T) {
	first := waiting("front.1.0", map[string]string{"Resources": "ConsumableCpus(1)"})
	last := waiting("front.9.0", map[string]string{"Resources": "ConsumableCpus(3)"})
	want := read(t, fakeOf(t, first, last))
	forged := func(id string) string {
		return "x\n" + waiting(id, map[string]string{"Resources": "ConsumableCpus(64)"}).record
	}
	for name, text := range map[string]string{
		"a colon":                           "x: y",
		"a label":                           "x\n             Status: Running",
		"another number of CPUs":            "x\n          Resources: ConsumableCpus(2)",
		"a last line":                       "x\n\n1 job step(s) in query, 1 waiting, 0 pending, 0 running, 0 held, 0 preempted\n",
		"an empty queue":                    "x\nllq: There is currently no job status to report.\n",
		"a line of dashes":                  "x\n" + strings.Repeat("-", 80) + "\nNode\n----\n   Node minimum    : 1000\n",
		"a step that is there":              forged("front.1.0"),
		"its own step":                      forged("front.5.0"),
		"a step that is not there":          forged("front.77.0"),
		"a step that is there, and its own": forged("front.9.0") + forged("front.5.0"),
		"the beginning of a step":           "x\n===== Job Step front.9.0 =====\n        Job Step Id: front.9.0\n",
		"a hundred steps":                   "x\n" + strings.Repeat(waiting("front.1.0", nil).record, 100),
		"an escape sequence":                "\x1b[2J\x1b]0;title\a",
		"a change of direction":             "\u202e\u2066",
		"no UTF-8":                          "\xff\xfe\x00",
		"a long text":                       strings.Repeat("x", 100_000),
		"a text that is too long":           strings.Repeat("x", longestLine+1),
		"many brackets":                     strings.Repeat("(", 10_000),
		"a large number":                    "ConsumableCpus(99999999999999999999) ConsumableMemory(1e308 pb) {(" + strings.Repeat("1,", 5000) + "1)}",
	} {
		for _, label := range flatLabels {
			if len(text) > 200_000 && label != "Env" && label != "Requirements" {
				continue // a long text takes long
			}
			odd := waiting("front.5.0", map[string]string{"Resources": "ConsumableCpus(2)"})
			odd.record = strings.Replace(odd.record, fmt.Sprintf("%19s: ", label), fmt.Sprintf("%19s: %s", label, text), 1)
			if label == "Task_geometry" {
				odd.record = strings.Replace(odd.record, "          Resources: ", "      Task_geometry: "+text+"\n          Resources: ", 1)
			}
			got := read(t, fakeOf(t, first, odd, last))
			where := name + " in " + label
			if problems := queuetest.Problems(got); len(problems) > 0 {
				t.Errorf("%s: %v", where, problems)
			}
			for _, w := range want.Jobs {
				g, found := group(got, w.First)
				if !found || g.Count < 1 || g.Count > 2 || g.Key != w.Key || !reflect.DeepEqual(g.Requires, w.Requires) {
					t.Errorf("%s: the step %s is %+v, want %+v", where, w.First, g, w)
				}
			}
			if got.Waiting() > 3 || got.Running > 1 || len(got.Partial) > 0 {
				t.Errorf("%s: %s", where, inShort(got))
			}
		}
	}
}

// Steps whose text stands in the way of others are asked for apart from them, in few calls.
func TestManyHostileSteps(t *testing.T) {
	var steps []fakeStep
	for i := range 500 {
		steps = append(steps, waiting(fmt.Sprintf("front.%d.0", i), map[string]string{"Resources": fmt.Sprintf("ConsumableCpus(%d)", i+1)}))
	}
	forgery := "x"
	for i := range 500 {
		forgery += "\n" + waiting(fmt.Sprintf("front.%d.0", i), nil).record
	}
	attacker := waiting("front.1000.0", map[string]string{"Env": forgery})
	f := fakeOf(t, append(steps, attacker)...)
	s := read(t, f)
	if got := s.Waiting(); got < 500 || got > 501 || len(s.Partial) > 0 {
		t.Errorf("%d steps wait, partial %v, left out %v", got, s.Partial, s.LeftOut)
	}
	if n := f.calls.Load(); n > 5 {
		t.Errorf("%d calls", n)
	}
	for i := range 500 {
		if g, found := group(s, fmt.Sprintf("front.%d.0", i)); !found || g.Asks.Cpus != i+1 {
			t.Errorf("step %d: %+v", i, g)
		}
	}
}

// Two steps that forge each other, and one that forges itself, cost themselves alone.
func TestStepsThatForgeEachOther(t *testing.T) {
	forges := func(id string, others ...string) fakeStep {
		text := "x"
		for _, o := range others {
			text += "\n" + waiting(o, nil).record
		}
		return waiting(id, map[string]string{"Env": text})
	}
	s := read(t, fakeOf(t,
		forges("front.1.0", "front.2.0", "front.3.0"), forges("front.2.0", "front.1.0", "front.3.0", "front.2.0"),
		waiting("front.3.0", map[string]string{"Resources": "ConsumableCpus(7)"}),
	))
	if g, found := group(s, "front.3.0"); !found || g.Asks.Cpus != 7 || g.Count != 1 {
		t.Errorf("%s", inShort(s))
	}
}

// A running step that claims more machines than it has keeps none of them busy.
func TestForgedHosts(t *testing.T) {
	odd := running("front.1.0", "astro-cpu-1", "astro-cpu-2")
	odd.record += "Node\n----\n   Allocated Hosts : astro-cpu-3::\n                   + astro-gpu-1::\n"
	s := read(t, fakeOf(t, odd, running("front.2.0", "astro-cpu-2", "astro-gpu-1")))
	if s.OnNode["astro-cpu-3"] != 0 || s.OnNode["astro-gpu-1"] != 1 || s.OnNode["astro-cpu-1"] != 1 || len(s.LeftOut) != 1 {
		t.Errorf("%s", inShort(s))
	}
}

// Of more hostile steps than a reading has calls for, those count that could be read, and
// the others are named.
func TestMoreHostileStepsThanCalls(t *testing.T) {
	var steps []fakeStep
	for i := range 400 {
		id, other := fmt.Sprintf("front.%d.0", i), fmt.Sprintf("front.%d.0", (i+7)%400)
		steps = append(steps, waiting(id, map[string]string{"Env": "x\n" + waiting(other, nil).record + waiting(id, nil).record}))
	}
	f := fakeOf(t, steps...)
	s := read(t, f)
	if n := f.calls.Load(); n > mostRepeated+2 || len(s.LeftOut) != 11 || s.Waiting() > 400 || len(s.Partial) > 0 {
		t.Errorf("%d calls, %d steps, left out %d %v, partial %v", n, s.Waiting(), len(s.LeftOut), s.LeftOut[len(s.LeftOut)-1], s.Partial)
	}
}

// Users who give each of very many steps long requirements of its own take little of the
// scaler's memory. All their steps count, and what other steps demand is judged.
func TestLongTextsOfAllSteps(t *testing.T) {
	const many = 800
	steps := []fakeStep{waiting("front.1.0", map[string]string{"Requirements": `(Feature == "cpu")`})}
	for i := range many {
		steps = append(steps, waiting(fmt.Sprintf("front.%d.0", i+2), map[string]string{"Requirements": strings.Repeat("(Pool == 1) && ", 500) + fmt.Sprintf("(Pool == %d)", i)}))
	}
	s := read(t, fakeOf(t, steps...))
	kept, notJudged := 0, 0
	seen := map[*queue.Requirement]bool{}
	for _, g := range s.Jobs {
		if seen[g.Requires] {
			continue
		}
		seen[g.Requires] = true
		kept += len(strings.Join(g.Requires.Clauses, ""))
		notJudged += len(g.Requires.NotJudged)
	}
	if kept > mostClauses+100_000 || kept < mostClauses/2 || notJudged != 1 || s.Waiting() != many+1 || len(s.LeftOut) > 0 {
		t.Errorf("%d bytes of clauses, %d parts are not judged, %d steps, %v", kept, notJudged, s.Waiting(), s.LeftOut)
	}
	if g, found := group(s, "front.1.0"); !found || g.Requires.Clauses[1] != `requirements: (Feature == "cpu")` {
		t.Errorf("%+v", g)
	}
}

// What users write into steps is kept up to a bound until a call ends: steps with more are
// asked for in other calls, or left out.
func TestLongRecords(t *testing.T) {
	var steps []fakeStep
	for i := range 200 {
		steps = append(steps, waiting(fmt.Sprintf("front.%d.0", i), map[string]string{"Resources": "ConsumableCpus(3)" + strings.Repeat("x", longestStep-5000)}))
	}
	steps = append(steps, waiting("front.1000.0", map[string]string{"Resources": "ConsumableCpus(2)"}), waiting("front.1001.0", map[string]string{"Requirements": strings.Repeat("x ", longestStep)}))
	f := fakeOf(t, steps...)
	s := read(t, f)
	if g, found := group(s, "front.1000.0"); !found || g.Asks.Cpus != 2 || s.Waiting() != 201 || len(s.LeftOut) != 1 || f.calls.Load() > 5 {
		t.Errorf("%d steps, %d calls, left out %v", s.Waiting(), f.calls.Load(), s.LeftOut)
	}
}
