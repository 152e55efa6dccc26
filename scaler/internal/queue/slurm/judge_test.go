package slurm

import (
	"strconv"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// listedWorker are the attributes of a worker that Slurm lists, and newWorker those of a
// new one of the same group: of it, only the name and the group are certain.
var (
	listedWorker = queue.Attributes{"node": "w1", "group": "astro", "features": "astro,big", "partitions": "all_groups,astro,long"}
	newWorker    = queue.Attributes{"node": "w1", "group": "astro"}
)

func TestJudge(t *testing.T) {
	for _, row := range []struct {
		clauses     string
		known       string // unmet by a worker that is known
		fresh       string // unmet by a new worker
		notJudged   string
		alsoUnknown bool // the note is also there for a worker of which nothing is known
	}{
		{clauses: "features: astro"},
		{clauses: "features: big", fresh: "--constraint=big (they lack the feature big)"},
		{clauses: "features: astro&big", fresh: "--constraint=astro&big (they lack the feature big)"},
		{clauses: "features: ib&gpu,astro", known: "--constraint=ib&gpu,astro (they lack the features ib, gpu)", fresh: "--constraint=ib&gpu,astro (they lack the features ib, gpu)"},
		{clauses: "features: ib|gpu", known: "--constraint=ib|gpu (they have only astro, big)", fresh: "--constraint=ib|gpu (they have only astro)"},
		{clauses: "features: BIG", known: "--constraint=BIG (they lack the feature BIG)", fresh: "--constraint=BIG (they lack the feature BIG)"},
		{clauses: "features: [astro|other]"},
		{clauses: "features: astro*1\nworkers: 1"},
		{clauses: "features: [astro*2&other*1]\nworkers: 3", notJudged: "features: [astro*2&other*1]: how many of a job's workers have which feature"},
		{clauses: "features: other*1\nworkers: 2", notJudged: "features: other*1: how many of a job's workers have which feature"},
		{clauses: "features: other*2\nworkers: 2", known: "--constraint=other*2 (they lack the feature other)", fresh: "--constraint=other*2 (they lack the feature other)"},
		{clauses: "features: ((a))", notJudged: "features: ((a)): it lacks the name of a feature", alsoUnknown: true},
		{clauses: "nodes: w1"},
		{clauses: "nodes: w[1-3],v1"},
		{clauses: "nodes: w[2-3],v1", known: "--nodelist=w[2-3],v1 (the jobs ask for these nodes only)", fresh: "--nodelist=w[2-3],v1 (the jobs ask for these nodes only)"},
		{clauses: "nodes: w[2-3],v1\nworkers: 3", known: "--nodelist=w[2-3],v1 (the jobs ask for these nodes only)", fresh: "--nodelist=w[2-3],v1 (the jobs ask for these nodes only)"},
		{clauses: "nodes: w[2-3],v1\nworkers: 4", notJudged: "nodes: w[2-3],v1: that these nodes are among a job's workers"},
		{clauses: "nodes: w[1-2]x[1-2]", notJudged: "nodes: w[1-2]x[1-2]: it has several pairs of brackets in one name, or brackets in brackets", alsoUnknown: true},
		{clauses: "not nodes: w2"},
		{clauses: "not nodes: w[0-1]", known: "--exclude=w[0-1] (the jobs must not run there)", fresh: "--exclude=w[0-1] (the jobs must not run there)"},
		{clauses: "not nodes: w[", notJudged: "not nodes: w[: it has a bracket without an end", alsoUnknown: true},
		{clauses: "partitions: astro"},
		{clauses: "partitions: other,long"},
		{clauses: "partitions: all_groups"},
		// Whether a new worker is in a partition is known only by the partition's sets.
		{clauses: "partitions: other", known: "--partition=other (they are in the partitions all_groups, astro, long)"},
		{clauses: "partitions: other=other", known: "--partition=other (they are in the partitions all_groups, astro, long)", fresh: "--partition=other (they are in none of them)"},
		{clauses: "partitions: other=other,more=other+more", known: "--partition=other,more (they are in the partitions all_groups, astro, long)", fresh: "--partition=other,more (they are in none of them)"},
		{clauses: "partitions: other=other,both=other+astro"},
		{clauses: "partitions: new=ALL"},
		{clauses: "workers: 3"},
		{clauses: "colour: blue", notJudged: "colour: blue: it is of an unknown kind", alsoUnknown: true},
		// What is not judged does not hide what is not met.
		{clauses: "features: [astro*1&other*1]\nnodes: w2", known: "--nodelist=w2 (the jobs ask for these nodes only)", fresh: "--nodelist=w2 (the jobs ask for these nodes only)", notJudged: "features: [astro*1&other*1]: how many of a job's workers have which feature"},
	} {
		r := &queue.Requirement{Clauses: strings.Split(row.clauses, "\n")}
		for _, of := range []struct {
			worker queue.Attributes
			unmet  string
		}{{listedWorker, row.known}, {newWorker, row.fresh}} {
			j := Judge(r, of.worker, queue.Shape{}, 100)
			if j.Unmet != of.unmet || j.NotJudged != row.notJudged || j.Steps < len(r.Clauses) && j.Unmet == "" {
				t.Errorf("%q, %v: %+v, want %q, %q", row.clauses, of.worker, j, of.unmet, row.notJudged)
			}
		}
		j := Judge(r, queue.Attributes{}, queue.Shape{}, 100)
		if j.Unmet != "" || (j.NotJudged != "") != row.alsoUnknown {
			t.Errorf("%q: nothing is known of the worker: %+v", row.clauses, j)
		}
	}
}

// A worker without features is known to have none.
func TestJudgeKnowsWhatIsNotThere(t *testing.T) {
	r := &queue.Requirement{Clauses: []string{"features: astro|big"}}
	for _, none := range []any{"", nil} {
		w := queue.Attributes{"node": "w1", "group": "astro", "features": none}
		if j := Judge(r, w, queue.Shape{}, 100); j.Unmet != "--constraint=astro|big (they have no feature)" {
			t.Errorf("%v: %+v", none, j)
		}
	}
}

// A requirement takes no more than the given steps, and its texts have a bound: any user
// writes it.
func TestJudgeIsBounded(t *testing.T) {
	long := strings.Repeat("other&", 400) + "other"
	r := &queue.Requirement{Clauses: []string{"features: " + long, "nodes: w2"}, NotJudged: []string{"read elsewhere"}}
	j := Judge(r, listedWorker, queue.Shape{}, 50)
	if j.Unmet != "--nodelist=w2 (the jobs ask for these nodes only)" || j.NotJudged != "read elsewhere" || j.Steps > 50 {
		t.Errorf("%+v", j)
	}
	r.NotJudged = nil
	if j = Judge(r, listedWorker, queue.Shape{}, 50); !strings.HasSuffix(j.NotJudged, "…: it takes more than 50 steps to judge them") || len(j.NotJudged) > 200 {
		t.Errorf("%+v", j)
	}
	if j = Judge(r, listedWorker, queue.Shape{}, 1000); len(j.Unmet) > 250 || !strings.HasPrefix(j.Unmet, "--constraint=other&other&") || j.Steps > 1000 {
		t.Errorf("%+v", j)
	}
	if j = Judge(r, listedWorker, queue.Shape{}, 0); j.Unmet != "" || j.NotJudged == "" || j.Steps != 0 {
		t.Errorf("%+v", j)
	}
}

func TestPartitionsClause(t *testing.T) {
	sets := map[string][]string{"long": {"ALL"}, "both": {"astro", "big"}}
	got := partitionsClause([]string{"astro", "long", "both"}, func(name string) []string { return sets[name] })
	if got != "partitions: astro,long=ALL,both=astro+big" {
		t.Error(got)
	}
}

// FuzzJudge checks that no clause takes more steps than are given, makes a long text, or
// gets another answer the next time.
func FuzzJudge(f *testing.F) {
	for _, clause := range []string{
		"features: [a*2&b*1]", "features: a|(b&c)", "nodes: w[1-3],v1", "not nodes: w[001-999999999999999]", "partitions: a=b+c,d=ALL", "workers: 99999999999999999999",
	} {
		f.Add(clause, "astro,big", "w1")
	}
	f.Fuzz(func(t *testing.T, clause, features, node string) {
		r := &queue.Requirement{Clauses: []string{clause, "workers: 2"}}
		w := queue.Attributes{"node": node, "group": "astro", "features": features, "partitions": features}
		j := Judge(r, w, queue.Shape{}, 1000)
		if j.Steps > 1000 || len(j.Unmet) > 1500 || len(j.NotJudged) > 1500 {
			t.Fatalf("%q: %+v", clause, j)
		}
		if again := Judge(r, w, queue.Shape{}, 1000); again != j {
			t.Fatalf("%q: %+v became %+v", clause, j, again)
		}
		if j = Judge(r, queue.Attributes{}, queue.Shape{}, 1000); j.Unmet != "" {
			t.Fatalf("%q: a worker of which nothing is known: %+v", clause, j)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	r := &queue.Requirement{Clauses: []string{"features: astro&(big|gpu)", "not nodes: w[2-50]", "partitions: long,astro=astro"}}
	for b.Loop() {
		if j := Judge(r, listedWorker, queue.Shape{}, 1000); j.Unmet != "" {
			b.Fatal(j)
		}
	}
}

// A clause is read once. What is remembered has a bound.
func TestClausesAreRemembered(t *testing.T) {
	var m clauses
	first := m.compile("nodes: w1")
	if again := m.compile("nodes: w1"); again != first {
		t.Error("a clause is read twice")
	}
	for i := range 3 * mostClauses {
		m.compile("nodes: w" + strconv.Itoa(i))
	}
	long := strings.Repeat("w1,", 2000)
	for i := range 200 {
		m.compile("nodes: " + long + strconv.Itoa(i))
	}
	if len(m.of) > mostClauses || m.memory > mostMemory || m.of["nodes: w1"] != nil {
		t.Errorf("%d clauses of %d bytes", len(m.of), m.memory)
	}
}
