package htcondor

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// usualJob is a job as submit files give rise to them.
func usualJob(more map[string]any) map[string]any {
	a := map[string]any{
		"JobCount": 1, "JobIds": "1.0", "JobStatus": 1, "JobUniverse": 5, "QDate": 1795365000, "RequestCpus": 1, "RequestMemory": 100,
		"Requirements": `/Expr((TARGET.Arch == "X86_64") && (TARGET.Memory >= RequestMemory) && TARGET.HasDocker)/`,
	}
	for name, v := range more {
		a[name] = v
	}
	return a
}

// chained is an ad of 3.8 kB whose evaluation was exponential: seven attributes, each of
// which names the next one 32 times.
func chained() map[string]any {
	a := map[string]any{"Requirements": "/Expr(A0 > 3)/", "A7": 1}
	for i := range 7 {
		next := fmt.Sprintf("A%d", i+1)
		a[fmt.Sprintf("A%d", i)] = "/Expr(" + strings.Repeat("ifThenElse("+next+"<0,"+next+",", 16) + next + strings.Repeat(")", 16) + ")/"
	}
	return usualJob(a)
}

// attacks are ads that any user may queue.
func attacks() map[string]map[string]any {
	text := strings.Repeat("a", 300_000)
	requires := func(expression string) map[string]any {
		return usualJob(map[string]any{"Requirements": "/Expr(" + expression + ")/"})
	}
	return map[string]map[string]any{
		"chained conditionals":   chained(),
		"a sum":                  requires("1" + strings.Repeat("+1", 1_000_000) + " > 3"),
		"nested conditions":      requires(strings.Repeat("(", 40_000) + "Arch == 3" + strings.Repeat(" && b)", 40_000)),
		"a long text":            usualJob(map[string]any{"Requirements": `/Expr(regexp("` + strings.Repeat("[a-z]?", 1000) + `Z", MY.Text))/`, "Text": text}),
		"a text under the limit": usualJob(map[string]any{"Requirements": `/Expr(regexp("` + strings.Repeat("[a-z]?", 160) + `Z", MY.Text))/`, "Text": text[:30_000]}),
		"a large pattern":        requires(`regexp("` + strings.Repeat(`\\pL{9}\\PN`, 1650) + `", Arch)`),
		"a long name":            requires("TARGET." + strings.Repeat("x", 140_000) + " =?= undefined"),
		"a name over the limit":  requires("TARGET." + strings.Repeat("x", 101) + " =?= undefined"),
		"many names":             requires(manyNames(4000)),
		"a costly request":       usualJob(map[string]any{"RequestMemory": "/Expr(1" + strings.Repeat("+1", 9000) + ")/"}),
		"a request that is long": usualJob(map[string]any{"RequestMemory": "/Expr(1" + strings.Repeat("+1", 900_000) + ")/"}),
		"parentheses":            requires(strings.Repeat("(", 30_000) + "Arch" + strings.Repeat(")", 30_000)),
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "TARGET.aaa%d || ", i)
	}
	return b.String() + "true"
}

func queueOf(t *testing.T, ads ...map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(ads)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// No ad costs more than a bounded amount of work and memory, no ad fills the snapshot,
// and the job beside it is judged as ever.
func TestOneBadAdNeverCostsTheOthers(t *testing.T) {
	for name, ad := range attacks() {
		t.Run(name, func(t *testing.T) {
			f := grouped(t)
			ad["JobIds"] = "2.0"
			f.queues = queueOf(t, usualJob(nil), ad, usualJob(map[string]any{"JobIds": "3.0", "RequestCpus": 7}))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s := snapshot(t, f)
			steps, unjudged := 0, ""
			for _, g := range s.Jobs {
				for _, w := range s.Workers {
					j := Judge(g.Requires, w.Attributes, w.Total, 1<<30)
					steps += j.Steps
					if g.First == "2.0" {
						unjudged = j.NotJudged
					} else if want := w.Attributes["hasdocker"] == true; (j.Unmet == "") != want || j.NotJudged != "" {
						t.Errorf("%s on %s: %+v", g.First, w.Name, j)
					}
				}
			}
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 40<<20 || steps > 50_000 {
				t.Errorf("%d steps, %d MiB", steps, took>>20)
			}
			if unjudged == "" && name != "chained conditionals" && name != "parentheses" && !strings.Contains(name, "request") {
				t.Error("the ad is not named")
			}
			for _, k := range s.Skipped {
				unjudged += k.First + " " + k.Why
			}
			if strings.Contains(name, "request") && !strings.Contains(unjudged, "2.0 its request can not be evaluated") {
				t.Errorf("skipped: %+v", s.Skipped)
			}
			if len(unjudged) > 500 {
				t.Errorf("it is named in %d bytes", len(unjudged))
			}
			if raw, err := json.Marshal(s.Jobs); err != nil || len(raw) > 40<<10 {
				t.Errorf("the snapshot has %d bytes of jobs, %v", len(raw), err)
			}
			bounded(t, f)
		})
	}
}

// bounded checks that each argument of each call is far below what a call may have:
// 128 KiB for one argument, and 2 MiB for all, see execve(2).
func bounded(t *testing.T, f *tools) {
	t.Helper()
	for _, c := range f.calls {
		for _, a := range c.Args {
			if len(a) > 64<<10 {
				t.Errorf("an argument of %d bytes: %.80s…", len(a), a)
			}
		}
	}
}

// Where jobs name more attributes than can be asked for, those that most clauses name
// win: a user who names thousands takes none from the others.
func TestManyNamesTakeNoneFromOthers(t *testing.T) {
	f := grouped(t)
	ads := []map[string]any{usualJob(nil), usualJob(map[string]any{"Requirements": "/Expr(HasCvmfs && Rack == 3)/"})}
	for i := range 40 {
		ads = append(ads, usualJob(map[string]any{"Requirements": "/Expr(" + strings.ReplaceAll(manyNames(400), "aaa", fmt.Sprintf("a%d_", i)) + ")/"}))
	}
	ads = append(ads, usualJob(map[string]any{"Requirements": "/Expr(Rack =!= 4 && HasCvmfs =!= 3)/"}))
	f.queues = queueOf(t, ads...)
	snapshot(t, f)
	bounded(t, f)
	asked := ""
	for _, c := range f.calls {
		if strings.Contains(c.String(), "VmclusterName") {
			asked = "," + strings.ToLower(c.Args[len(c.Args)-1]) + ","
		}
	}
	for _, name := range []string{",rack,", ",hascvmfs,", ",hasdocker,"} {
		if !strings.Contains(asked, name) {
			t.Errorf("%s is not asked for", name)
		}
	}
}

// A queue of jobs that do not count has few reasons, and short ones.
func TestReasonsOfJobsThatDoNotCount(t *testing.T) {
	f := grouped(t)
	var ads []map[string]any
	for i := range 500 {
		ads = append(ads, usualJob(map[string]any{"RequestCpus": fmt.Sprintf(`/Expr("\u001b%d%s" + 1)/`, i, strings.Repeat("x", 900)), "JobUniverse": 5}))
		ads = append(ads, usualJob(map[string]any{"JobUniverse": 1000 + i}))
	}
	f.queues = queueOf(t, ads...)
	s := snapshot(t, f)
	jobs := 0
	for _, k := range s.Skipped {
		jobs += k.Count
		if len(k.Why) > 3*longestWhy || strings.Contains(k.Why, "\x1b") {
			t.Errorf("%q", k.Why)
		}
	}
	if jobs != 1000 || len(s.Skipped) > mostReasons+2 {
		t.Errorf("%d jobs for %d reasons", jobs, len(s.Skipped))
	}
}

// Long requirements of many jobs fill neither the memory nor the file of decisions.
func TestLongRequirementsAreBounded(t *testing.T) {
	f := grouped(t)
	long := strings.Repeat("Rack == 3 || ", 2000)
	var ads []map[string]any
	for i := range 250 {
		ads = append(ads, usualJob(map[string]any{"Requirements": fmt.Sprintf("/Expr(%s Rack == %d)/", long, i)}))
	}
	ads = append(ads, usualJob(map[string]any{"JobIds": "9.0"}))
	f.queues = queueOf(t, ads...)
	s := snapshot(t, f)
	size, named := 0, 0
	for _, g := range s.Jobs {
		for _, c := range g.Requires.Clauses {
			size += len(c)
		}
		named += len(g.Requires.NotJudged)
	}
	if last := s.Jobs[len(s.Jobs)-1]; len(last.Requires.NotJudged) > 0 || len(last.Requires.Clauses) == 0 {
		t.Errorf("the usual job: %+v", last.Requires)
	}
	if size > mostTexts+1<<20 || named < 50 {
		t.Errorf("%d bytes of requirements, %d are named as not judged", size, named)
	}
}

// A requirement that a worker's attributes make costly is named when it is judged.
func TestJudgeNamesWhatExceedsItsSteps(t *testing.T) {
	r := &queue.Requirement{Clauses: []string{strings.Repeat("Rack == 1 || ", 500) + "false", `Arch == "aarch64"`}}
	machine := queue.Attributes{"rack": int64(2), "arch": "X86_64"}
	if j := Judge(r, machine, queue.Shape{}, plenty); j.NotJudged != "" || j.Unmet == "" || j.Steps < 1500 {
		t.Errorf("with enough steps: %+v", j)
	}
	if j := Judge(r, machine, queue.Shape{}, 1000); !strings.Contains(j.NotJudged, "more than 1000 steps") || j.Unmet != "" || j.Steps != 1000 {
		t.Errorf("with too few: %+v", j)
	}
	r.Clauses[0] = `regexp("` + strings.Repeat("x", 2000) + `", Arch)`
	if j := Judge(r, machine, queue.Shape{}, plenty); !strings.Contains(j.NotJudged, "a pattern has more than") || !strings.Contains(j.Unmet, "aarch64") {
		t.Errorf("a clause behind one that is not judged: %+v", j)
	}
}
