package demand

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// laborious is a batch system whose judge takes as many steps as the one clause of a
// requirement says. It counts them.
const laborious = "laborious"

var labor int

func init() {
	queue.RegisterJudge(laborious, func(r *queue.Requirement, _ queue.Attributes, _ queue.Shape, steps int) queue.Judgement {
		n := 0
		_, _ = fmt.Sscan(r.Clauses[0], &n)
		if n > steps {
			labor += steps
			return queue.Judgement{Steps: steps, NotJudged: r.Clauses[0] + " is too much"}
		}
		labor += n
		if len(r.Clauses) > 1 {
			return queue.Judgement{Steps: n, Unmet: r.Clauses[1]}
		}
		return queue.Judgement{Steps: n}
	})
}

// asking returns jobs with requirements that differ from worker to worker.
func asking(i int, clauses ...string) queue.JobGroup {
	return queue.JobGroup{
		Key: fmt.Sprint(i), Count: 1, First: fmt.Sprintf("%d.0", i), Asks: queue.Shape{Cpus: 1}, Takes: queue.Shape{Cpus: 1},
		Requires: &queue.Requirement{Clauses: clauses, Personal: true},
	}
}

// workers returns workers that are busy and have room.
func workers(n int) fleet.Fleet {
	var f fleet.Fleet
	for i := range n {
		w := fleet.Worker{Phase: fleet.Busy, InPool: true, Jobs: 1}
		w.Name, w.Group = fmt.Sprintf("w%d", i), "cpu"
		w.Pool.Free = queue.Shape{Cpus: 100}
		f.Workers = append(f.Workers, w)
	}
	return f
}

// Whatever users demand, the work of judging is bounded, and no user's requirements
// cost another one's: each gets its share.
func TestTheWorkOfJudgingIsBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		requirements, steps int
		most                int
	}{
		"one that is endless":                {1, 1 << 30, mostStepsOfOne},
		"one that is much for each worker":   {1, 10_000, mostStepsOfOne},
		"many that are endless":              {1000, 1 << 30, mostSteps},
		"many that are much for each worker": {1000, 1000, mostSteps},
	} {
		labor = 0
		in := Input{
			Fleet: workers(200), Traits: queue.Traits{System: laborious},
			Groups: []Group{{Name: "cpu", Kind: Kind{Shape: queue.Shape{Cpus: 8}}, Max: 10, Room: 10}},
		}
		for i := range tt.requirements {
			in.Jobs = append(in.Jobs, asking(i, fmt.Sprint(tt.steps), "never met"))
		}
		in.Jobs = append(in.Jobs, asking(-1, "90", "Arch == \"aarch64\""))
		d := Compute(in)
		most := tt.most + 201*90
		if labor > most {
			t.Errorf("%s: %d steps, more than %d", name, labor, most)
		}
		last := d.Unmet[len(d.Unmet)-1]
		if last.First != "-1.0" || !strings.Contains(last.Why.String(), "aarch64") {
			t.Errorf("%s: the usual job is not judged: %+v", name, last)
		}
		jobs := 0
		for _, n := range d.NotJudged {
			jobs += n.Count
		}
		if jobs != tt.requirements || len(d.NotJudged) > mostReasons+1 {
			t.Errorf("%s: %d jobs are named as not judged, for %d reasons", name, jobs, len(d.NotJudged))
		}
	}
}

// A requirement that many kinds of jobs have, such as one that the pool adds to each job,
// is judged for all of them.
func TestARequirementOfManyKindsOfJobsIsJudged(t *testing.T) {
	in := Input{
		Fleet: workers(200), Traits: queue.Traits{System: laborious},
		Groups: []Group{{Name: "cpu", Kind: Kind{Shape: queue.Shape{Cpus: 8}}, Max: 10, Room: 10}},
	}
	shared := &queue.Requirement{Clauses: []string{"10", "never met"}, Amounts: true}
	for i := range 400 {
		g := asking(i)
		g.Requires = shared
		in.Jobs = append(in.Jobs, g)
	}
	if d := Compute(in); len(d.NotJudged) > 0 || len(d.Unmet) != len(in.Jobs) {
		t.Errorf("%d of %d jobs are unmet, not judged: %+v", len(d.Unmet), len(in.Jobs), d.NotJudged)
	}
}

// Answers that hold for one worker alone take bounded memory: each of thousands of jobs may
// name workers of its own.
func TestAnswersThatAreKeptAreBounded(t *testing.T) {
	in := Input{Fleet: workers(1000), Traits: queue.Traits{System: laborious}}
	for i := range 150 {
		g := asking(i, "1", "never met")
		g.Requires.Personal = true
		in.Jobs = append(in.Jobs, g)
	}
	p := newPacking(in)
	for i := range in.Jobs {
		p.pack(&in.Jobs[i], reason.Reason{})
	}
	if n := len(p.match.judged); n == 0 || n > mostJudged || len(p.d.Unmet) != len(in.Jobs) {
		t.Errorf("%d answers are kept, %d of %d jobs are unmet", n, len(p.d.Unmet), len(in.Jobs))
	}
}

// The words of an unmet requirement are bounded and clean, whatever the judge returns.
func TestWordsOfJudgementsAreBounded(t *testing.T) {
	in := Input{
		Traits: queue.Traits{System: laborious}, Jobs: []queue.JobGroup{asking(1, "1", "\x1b[2J\u202e"+strings.Repeat("x", 1<<20))},
		Groups: []Group{{Name: "cpu", Kind: Kind{Shape: queue.Shape{Cpus: 8}}, Max: 10, Room: 10}},
	}
	why := Compute(in).Unmet[0].Why.String()
	if len(why) > 2*mostUnmet || strings.ContainsAny(why, "\x1b\u202e") {
		t.Errorf("%d bytes: %.100q", len(why), why)
	}
}

// A part that the adapter has left out is named, with its reason.
func TestPartsThatAreLeftOutAreNamed(t *testing.T) {
	r := queuetest.Has("site", "north")
	r.NotJudged = []string{"A: it is too long"}
	in := Input{Traits: queuetest.Traits(), Jobs: []queue.JobGroup{{Key: "a", Count: 3, First: "1.0", Asks: queue.Shape{Cpus: 1}, Takes: queue.Shape{Cpus: 1}, Requires: r}}}
	in.Groups = []Group{{Name: "cpu", Kind: Kind{Shape: queue.Shape{Cpus: 8}}, Max: 10, Room: 10}}
	if got := Compute(in).NotJudged; len(got) != 1 || got[0] != (NotJudged{3, "1.0", "A: it is too long"}) {
		t.Errorf("%+v", got)
	}
}

// Jobs that ask for as many groups as there are jobs have few reasons together, and
// those of most jobs are among them.
func TestReasonsAreFew(t *testing.T) {
	in := Input{Groups: []Group{{Name: "cpu", Kind: Kind{Shape: queue.Shape{Cpus: 8}}, Max: 10, Room: 10}}}
	for i := range 500 {
		g := queue.JobGroup{Key: fmt.Sprint(i), Count: 1, First: fmt.Sprintf("%d.0", i), Asks: queue.Shape{Cpus: 1}, Takes: queue.Shape{Cpus: 1}}
		g.Group = fmt.Sprintf("g%d%s", i, strings.Repeat("x", 200))
		if i == 499 {
			g.Group, g.Count = "gpu", 7
		}
		in.Jobs = append(in.Jobs, g)
	}
	jobs, length, known := 0, 0, false
	all := Compute(in).UnmetByReason()
	for _, u := range all {
		jobs += u.Count
		length += len(u.Why.String())
		known = known || strings.Contains(u.Why.String(), "group gpu")
	}
	if jobs != 506 || len(all) != mostUnmetReasons+1 || length > 5000 || !known || all[len(all)-1].Why.String() != "for other reasons" {
		t.Errorf("%d jobs, %d reasons of %d characters; the usual one is there: %t", jobs, len(all), length, known)
	}
}
