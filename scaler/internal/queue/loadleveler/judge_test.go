package loadleveler

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

func TestJudge(t *testing.T) {
	told := queue.Attributes{
		nodeAttribute: "astro-cpu-1", machineAttribute: "astro-cpu-1.hpc.test", featuresAttribute: "cpu fast", classesAttribute: "serial parallel", poolsAttribute: "1 2",
		archAttribute: "AMD64", systemAttribute: "Linux2", memoryAttribute: int64(8000), resourceAttribute: "licence(2) scratch(100)",
	}
	fresh := queue.Attributes{nodeAttribute: "astro-gpu-7", groupAttribute: "gpu"}
	bare := told
	for _, tt := range []struct {
		worker           queue.Attributes
		clause           string
		unmet, notJudged string
	}{
		{told, "class: serial", "", ""},
		{told, "class: gpu", "class=gpu (they run only the classes serial, parallel)", ""},
		{queue.Attributes{classesAttribute: ""}, "class: gpu", "class=gpu (they run no class)", ""},
		{fresh, "class: gpu", "", ""},
		{told, `requirements: (Feature == "fast") && (Machine == "astro-cpu-1")`, "", ""},
		{told, `requirements: (Feature == "gpu")`, `requirements: Feature == "gpu" (they have the features cpu, fast)`, ""},
		{queue.Attributes{featuresAttribute: ""}, `requirements: Feature == "gpu"`, `requirements: Feature == "gpu" (they have no feature)`, ""},
		{fresh, `requirements: (Feature == "gpu")`, "", ""},
		{fresh, `requirements: (Feature == "cpu")`, `requirements: Feature == "cpu" (they have the features gpu)`, ""},
		{queue.Attributes{}, `requirements: (Feature == "cpu")`, "", `Feature == "cpu" is not known of the workers`},
		{fresh, `requirements: (Machine == "astro-gpu-1")`, `requirements: Machine == "astro-gpu-1"`, ""},
		{told, `requirements: (Memory > 9000) && (Pool == 3)`, `requirements: Memory > 9000`, ""},
		{told, `requirements: (Pool == 3)`, `requirements: Pool == 3`, ""},
		{fresh, `requirements: (Memory > 9000)`, "", `Memory > 9000 is not known of the workers`},
		{told, `requirements: (LL_Version == "5.1") && (Arch == "R6000")`, `requirements: Arch == "R6000"`, `LL_Version == "5.1" is not known of the workers`},
		{told, `requirements: ((`, "", "it ends in the middle of a comparison"},
		{told, "resource: licence(2)", "", ""},
		{told, "resource: licence(3)", "resources: licence(3) (they have 2)", ""},
		{told, "resource: floating(3)", "", "it is no resource of the workers, as far as is known; it may be one of the cluster"},
		{fresh, "resource: licence(3)", "", "it is no resource of the workers, as far as is known; it may be one of the cluster"},
		{told, "different: 2", "", "the steps' machines have different requirements"},
		{told, "x", "", "it is of an unknown kind"},
	} {
		j := Judge(&queue.Requirement{Clauses: []string{tt.clause}}, tt.worker, queue.Shape{}, 10_000)
		_, notJudged, _ := strings.Cut(j.NotJudged, tt.clause+": ")
		if j.Unmet != tt.unmet || notJudged != tt.notJudged || j.Steps < 1 {
			t.Errorf("%s: %+v", tt.clause, j)
		}
	}
	if j := Judge(&queue.Requirement{Clauses: []string{"class: gpu", "class: serial"}, NotJudged: []string{"too long"}}, bare, queue.Shape{}, 10_000); j.NotJudged != "too long" || j.Unmet == "" {
		t.Errorf("%+v", j)
	}
}

// The work has a bound, whatever the clause and the worker are.
func TestJudgeIsBounded(t *testing.T) {
	worker := queue.Attributes{featuresAttribute: strings.Repeat("a ", 2000)}
	r := &queue.Requirement{Clauses: []string{"requirements: " + strings.Repeat(`Feature == "x" || `, 400) + `Feature == "x"`}}
	if j := Judge(r, worker, queue.Shape{}, 100); j.Steps > 100 || j.Unmet != "" || !strings.Contains(j.NotJudged, "it takes more than 100 steps to judge them") {
		t.Errorf("%+v", j)
	}
	for range mostRemembered + 10 {
		_, _ = remembered.parse(strings.Repeat("x", len(remembered.of)%50) + `Pool == 1`)
	}
}

// A step in requirements that are too long to keep counts, and the rest of it is judged.
func TestLongRequirements(t *testing.T) {
	long := waiting("front.1.0", map[string]string{"Requirements": strings.Repeat(`(Pool == 1) && `, 1000) + "(Pool == 2)"})
	s := read(t, fakeOf(t, long))
	if len(s.Jobs) != 1 || len(s.Jobs[0].Requires.NotJudged) != 1 || s.Jobs[0].Requires.Clauses[0] != "class: serial" {
		t.Errorf("%+v", s.Jobs)
	}
}
