package loadleveler

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// FuzzStep reads a queue in which two values of one step say anything. The other steps are
// read as without it, it is one step at most, and its requirement is judged within bounds.
func FuzzStep(f *testing.F) {
	at := func(label string) uint8 {
		for i, l := range flatLabels {
			if l == label {
				return uint8(i)
			}
		}
		panic(label)
	}
	forged := waiting("front.1.0", map[string]string{"Resources": "ConsumableCpus(64)"}).record
	f.Add(at("Resources"), "ConsumableCpus(2) licence(3)", at("Requirements"), `(Feature == "cpu") && (Pool == 1)`)
	f.Add(at("Env"), "x\n"+forged, at("Comment"), "x\n"+forged)
	f.Add(at("Env"), "x\n===== Job Step front.9.0 =====\n        Job Step Id: front.9.0\n", at("Class"), "serial")
	f.Add(at("Out"), "x\n\n9 job step(s) in query, 9 waiting, 0 pending, 0 running, 0 held, 0 preempted\n", at("Status"), "Running")
	f.Add(at("Step Type"), "General Parallel", at("Task_geometry"), "{(0,1)(2)}")
	f.Add(at("Comment"), strings.Repeat("-", 80)+"\nNode\n----\n   Node minimum    : 9999999999\n", at("Step Type"), "General Parallel")
	f.Add(at("Hold Job Until"), "Fri Nov 22 11:58:00 2999", at("Negotiator Messages"), "has reached the maximum\nof")
	f.Add(at("Queue Date"), "Fri Nov 22 11:58:00 CDT 0001", at("Eligibility Time"), "Fri Nov 22 11:58:00 UTC 9999")
	f.Fuzz(func(t *testing.T, label uint8, text string, second uint8, more string) {
		if len(text)+len(more) > 10_000 {
			return
		}
		first := waiting("front.1.0", map[string]string{"Resources": "ConsumableCpus(1)"})
		last := waiting("front.9.0", map[string]string{"Resources": "ConsumableCpus(3)"})
		want := read(t, fakeOf(t, first, last))
		values := map[string]string{flatLabels[int(second)%len(flatLabels)]: more}
		values[flatLabels[int(label)%len(flatLabels)]] = text
		odd := waiting("front.5.0", values)
		odd.state, odd.class = "I", "serial" // llq -r prints no text of users
		got := read(t, fakeOf(t, first, odd, last))
		if problems := queuetest.Problems(got); len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, w := range want.Jobs {
			found := false
			for _, g := range got.Jobs {
				found = found || g.Key == w.Key && g.Count >= w.Count && reflect.DeepEqual(g.Requires, w.Requires)
			}
			if !found {
				t.Errorf("the step %s is lost in %s", w.First, inShort(got))
			}
		}
		if got.Waiting() > 3 || got.Running > 1 || len(got.Partial) > 0 {
			t.Errorf("one step makes %s", inShort(got))
		}
		judged(t, got)
		if raw, err := json.Marshal(got); err != nil || len(raw) > 100_000+8*len(text+more) {
			t.Errorf("a snapshot of %d bytes, %v", len(raw), err)
		}
	})
}

// judged tests that all requirements of a snapshot are judged within bounds.
func judged(t *testing.T, s queue.Snapshot) {
	t.Helper()
	const plenty = 20_000
	for _, g := range s.Jobs {
		for _, w := range s.Workers {
			if j := Judge(g.Requires, w.Attributes, w.Total, plenty); j.Steps > plenty || len(j.Unmet)+len(j.NotJudged) > 2000 {
				t.Errorf("%d steps, %d bytes", j.Steps, len(j.Unmet)+len(j.NotJudged))
			}
		}
	}
}

// FuzzMachine reads machines of which one says anything. The others are read as without it,
// or the reading says that it is not whole.
func FuzzMachine(f *testing.F) {
	f.Add("Idle!0!4!4!8000!AMD64!Linux2", "ConsumableCpus(1,4)* ConsumableMemory(1 gb,2 gb)*", "Feature = gpu fast")
	f.Add("Busy!99999999999999999999!-1!x!1e308 gb!!", "ConsumableCpus< 0-99999999999,1 >< 0-3 >", "Pool = 1 2\nFeature = {\"a\" \"b\"}")
	f.Add("Drnng!0!4!4!8000!A!L", "gpus(1,2)+\n   licence(3,4)", "ConfiguredClasses = a(1) b(2) a")
	f.Add("Idle!0!4!4!8000!\x1b[2J!\xff", "x(1,2) x(1,2)", "EnteredCurrentState = Fri Nov 22 11:58:00 2999")
	f.Fuzz(func(t *testing.T, state, resources, long string) {
		if len(state)+len(resources)+len(long) > 10_000 {
			return
		}
		p := in("5").without()
		p.states, p.resources, p.machines = content(t, p.states), content(t, p.resources), content(t, p.machines)
		want := read(t, p.tools(t))
		p.states += "odd!1!" + state + "\n"
		p.resources += "odd " + resources + "\n"
		p.machines += "\nName = odd\n" + long + "\n"
		s, err := New(Options{Runner: p.tools(t)}).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if problems := queuetest.Problems(s); len(problems) > 0 {
			t.Fatal(problems)
		}
		if strings.Contains(state+resources+long, "\n") {
			return // more lines may be of other machines: the central manager wrote them
		}
		for _, w := range want.Workers {
			got, _ := s.Worker(w.Name)
			if w.HeardAt = got.HeardAt; !reflect.DeepEqual(got, w) {
				t.Errorf("%+v, want %+v", got, w)
			}
		}
		if raw, err := json.Marshal(s); err != nil || len(raw) > 100_000 {
			t.Errorf("a snapshot of %d bytes, %v", len(raw), err)
		}
	})
}

// FuzzListing reads llq, llq -r and llclass that print anything: a reading fails, or is sane.
func FuzzListing(f *testing.F) {
	for _, v := range versions {
		for _, name := range []string{"llq.txt", "llq-r.txt", "llclass-l.txt"} {
			raw, err := os.ReadFile("testdata/" + v + "/" + name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(raw))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 20_000 {
			return
		}
		for i := range 3 {
			p := in("5")
			*[]*string{&p.llq, &p.rows, &p.classes}[i] = text + "\n"
			s, err := queue.Cleaned(New(Options{Runner: p.tools(t)})).Read(t.Context())
			if err != nil {
				continue
			}
			if problems := queuetest.Problems(s); len(problems) > 0 {
				t.Fatal(problems)
			}
		}
	})
}
