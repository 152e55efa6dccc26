package program

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/schema"
)

// A worker and a job group in their shortest form.
const (
	aWorker = `{"name": "astro-cpu-1", "total": {"cpus": 4, "memory_mib": 8000}, "free": {"cpus": 4, "memory_mib": 8000}, "running": 0}`
	aGroup  = `{"count": 2, "first": "7", "asks": {"cpus": 1, "memory_mib": 500}}`
)

// snapshot returns an object with these fields beside its version, and lists that are empty
// where the fields do not name them.
func snapshot(fields ...string) string {
	text := strings.Join(fields, ", ")
	for _, list := range []string{"jobs", "workers"} {
		if !strings.Contains(text, `"`+list+`":`) {
			fields = append(fields, `"`+list+`": []`)
		}
	}
	return `{"version": 1, ` + strings.Join(fields, ", ") + `}`
}

func read(text string) (queue.Snapshot, error) {
	s := queue.Snapshot{Traits: traits(nil)}
	err := parse(strings.NewReader(text), &s)
	return s, err
}

// What a program leaves out has a value that is safe.
func TestWhatIsLeftOut(t *testing.T) {
	s, err := read(snapshot(`"jobs": [`+aGroup+`]`, `"workers": [`+aWorker+`]`))
	if err != nil || len(s.LeftOut) > 0 || len(s.Jobs) != 1 || len(s.Workers) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	if g := s.Jobs[0]; g.Takes != g.Asks || g.Key == "" || g.Count != 2 {
		t.Errorf("job group %+v", g)
	}
	if w := s.Workers[0]; w.Slots != 1 || w.Draining || w.Running != 0 {
		t.Errorf("worker %+v", w)
	}
	if s.Traits.System != Name || !s.Traits.IsJobID("7") {
		t.Errorf("traits %+v", s.Traits)
	}
}

// Job groups without a key that ask for the same are one; the key is the same in each
// reading, and another one for jobs that ask for something else.
func TestKeysFollowFromWhatJobsAskFor(t *testing.T) {
	groups := func(text string) []queue.JobGroup {
		s, err := read(snapshot(`"jobs": [` + text + `]`))
		if err != nil || len(s.LeftOut) > 0 {
			t.Fatalf("%v, %v", s.LeftOut, err)
		}
		return s.Jobs
	}
	first := `{"count": 2, "first": "7", "oldest": "2026-01-02T03:04:05+01:00", "asks": {"cpus": 1}}`
	same := `{"count": 3, "first": "9", "oldest": "2026-01-02T01:00:00Z", "asks": {"cpus": 1}}`
	other := `{"count": 1, "first": "8", "asks": {"cpus": 1}, "nodes": 2}`
	all := groups(strings.Join([]string{first, other, same}, ", "))
	if len(all) != 2 || all[0].Count != 5 || all[0].Oldest.Format("15:04") != "01:00" || all[0].Key == all[1].Key {
		t.Errorf("%+v", all)
	}
	if again := groups(same); again[0].Key != all[0].Key {
		t.Errorf("the key was %s, and is %s", all[0].Key, again[0].Key)
	}
}

// An object that is not understood is an error that names the place. What a schema can
// refuse the schema refuses as well.
func TestRefused(t *testing.T) {
	const bySchema, byReader = true, false
	for _, c := range []struct {
		text   string
		schema bool
		want   string
	}{
		{"", byReader, "whole JSON object"},
		{"Segmentation fault\n", byReader, "did not print a JSON object"},
		{`[1]`, bySchema, "did not print a JSON object"},
		{`{"version": 1, "jobs": [], "workers": []`, byReader, "whole JSON object"},
		{snapshot() + "\n[]", byReader, "text after the object"},
		{snapshot() + "x", byReader, "text after the object"},
		{`{"version": 2, "jobs": [], "workers": []}`, bySchema, "version: "},
		{`{"version": "1", "jobs": [], "workers": []}`, bySchema, "version: "},
		{`{"jobs": [], "workers": []}`, bySchema, "version: the field is missing"},
		{`{"version": 1, "workers": []}`, bySchema, "jobs: the field is missing"},
		{`{"version": 1, "jobs": []}`, bySchema, "workers: the field is missing"},
		{snapshot(`"job": []`), bySchema, "job: there is no such field"},
		{snapshot(`"running": 1`, `"running": 2`), bySchema, "running: the name occurs twice"},
		{snapshot(`"running": -1`), bySchema, "running: minimum"},
		{snapshot(`"running": 1.5`), bySchema, "running: got number, want integer"},
		{snapshot(`"running": 1e400`), bySchema, "running: "},
		{snapshot(`"running": 9223372036854775807`), bySchema, "running: maximum"},
		{snapshot(`"running": null`), bySchema, "running: got null"},
		{snapshot(`"jobs": {}`), bySchema, "jobs: it is no list"},
		{snapshot(`"workers": null`), bySchema, "workers: it is no list"},
		{snapshot(`"jobs_at": "yesterday"`), bySchema, "jobs_at: 'yesterday' is not valid date-time"},
		{snapshot(`"on_node": {"astro-cpu-1": -2}`), bySchema, "on_node.astro-cpu-1: minimum"},
		{snapshot(`"on_node": {"a": 1, "a": 2}`), bySchema, "on_node.a: the name occurs twice"},
		{snapshot(`"skipped": [{"why": "held", "count": 0, "first": "1"}]`), bySchema, "skipped[0].count: minimum"},
		{snapshot(`"partial": ["x", 3]`), bySchema, "partial[1]: got number, want string"},
		{snapshot(`"traits": {"system": "other"}`), byReader, "traits.system: "},
		{snapshot(`"traits": {"job_id_pattern": "("}`), byReader, "traits.job_id_pattern: "},
		{snapshot(`"traits": {"attributes": {"personal": [1]}}`), bySchema, "traits.attributes.personal[0]: got number"},
		{snapshot(`"jobs": [3]`), bySchema, "jobs[0]: got number, want object"},
		{snapshot(`"jobs": [` + aGroup + `, {"count": 1, "asks": {}}]`), bySchema, "jobs[1]: the field first is missing"},
		{snapshot(`"workers": [{"name": 3}]`), bySchema, "workers[0]"},
		{snapshot(`"workers": [{"name": "\u001b[31m"}]`), bySchema, "workers[0]"},
		{snapshot(`"claims": ` + strings.Repeat("[", 50) + strings.Repeat("]", 50)), bySchema, "claims: there are more than 12 levels"},
		{snapshot(`"\u001b[2J` + strings.Repeat("x", 5000) + `": 1`), bySchema, "there is no such field"},
	} {
		s, err := read(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.100s: %+v, %v; want %q", c.text, s, err, c.want)
		} else if len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("the error is not for people: %q", err)
		}
		if refused := schema.Check(schema.Whole, []byte(c.text)); (refused != nil) != c.schema && json.Valid([]byte(c.text)) {
			t.Errorf("%.100s: the schema says %v", c.text, refused)
		}
	}
}

// A job group that is not understood costs itself alone, if it can be named.
func TestOneBadJobGroup(t *testing.T) {
	for _, c := range []struct{ group, want string }{
		{`{"count": 1, "first": "8", "asks": {"cpus": "4"}}`, "jobs[1].asks.cpus: got string, want integer"},
		{`{"count": 1, "first": "8", "asks": {"cpus": 4.0}}`, "jobs[1].asks.cpus: got number 4.0, want a whole number"},
		{`{"count": 1, "first": "8", "asks": {"cpus": -4}}`, "jobs[1].asks.cpus: minimum"},
		{`{"count": 1, "first": "8", "asks": {"cores": 4}}`, "jobs[1].asks.cores: there is no such field"},
		{`{"count": 1, "first": "8"}`, "jobs[1]: the field asks is missing"},
		{`{"count": 0, "first": "8", "asks": {}}`, "jobs[1].count: minimum"},
		{`{"count": 1, "count": 2, "first": "8", "asks": {}}`, "jobs[1].count: the name occurs twice"},
		{`{"count": 1, "first": "8", "asks": {"cpus": 2}, "takes": {"cpus": 1}}`, "jobs[1].takes: it is less than asks in CPUs"},
		{`{"count": 1, "first": "8", "asks": {"cpus": 2}, "tasks": 2, "nodes": 3}`, "jobs[1].nodes: there are more nodes than tasks"},
		{`{"count": 1, "first": "8", "asks": {}, "key": "same"}`, "jobs[1].key: it is that of jobs[0], too"},
		{`{"count": 1, "first": "8", "asks": {}, "oldest": 5}`, "jobs[1].oldest: got number, want string"},
		{`{"count": 1, "first": "8", "asks": {}, "requires": {"clauses": "x"}}`, "jobs[1].requires.clauses: got string, want array"},
	} {
		s, err := read(snapshot(`"jobs": [{"count": 2, "first": "7", "key": "same", "asks": {"cpus": 1}}, `+c.group+`]`, `"workers": [`+aWorker+`]`))
		left := strings.Join(s.LeftOut, "|")
		if err != nil || c.want == "" && left != "" || !strings.HasPrefix(left, c.want) || len(s.Workers) != 1 || s.Jobs[0].First != "7" || c.want != "" && len(s.Jobs) != 1 {
			t.Errorf("%s: left out %q, jobs %+v, %v; want %q", c.group, left, s.Jobs, err, c.want)
		}
	}
}

// A worker that is not understood costs itself alone. It is doubted, so that nothing is
// concluded from its absence.
func TestOneBadWorker(t *testing.T) {
	for _, c := range []struct{ worker, want string }{
		{`{"name": "astro-cpu-2", "total": {}, "free": {}, "running": -1}`, "workers[1].running: minimum"},
		{`{"name": "astro-cpu-2", "running": 0, "total": {}, "free": {}, "drained": true}`, "workers[1].drained: there is no such field"},
		{`{"name": "astro-cpu-2", "running": 0, "total": {"cpus": 1}}`, "workers[1]: the field free is missing"},
		{`{"name": "Astro-CPU-2", "running": 0, "total": {}, "free": {}}`, "workers[1].name: "},
		{`{"name": "astro-cpu-2", "running": 0, "total": {"cpus": 1}, "free": {"cpus": 2}}`, "workers[1].free: it is more than total in CPUs"},
		{`{"name": "astro-cpu-2", "running": 0, "total": {}, "free": {}, "idle_since": "never"}`, "workers[1].idle_since: "},
		{`{"name": "astro-cpu-2", "running": 0, "total": {}, "free": {}, "attributes": {"Arch": 1}}`, "workers[1]: 'Arch' does not match"},
		{`{"name": "astro-cpu-2", "running": 0, "total": {}, "free": {}, "attributes": {"arch": [1]}}`, "workers[1].attributes.arch: got array"},
		{`{"name": "astro-cpu-2", "running": 0, "total": {}, "free": {}}, {"name": "astro-cpu-2", "running": 0, "total": {}, "free": {}}`, "workers[2].name: it is that of workers[1], too"},
	} {
		s, err := read(snapshot(`"workers": [` + aWorker + `, ` + c.worker + `]`))
		left := strings.Join(s.LeftOut, "|")
		if err != nil || !strings.HasPrefix(left, c.want) || len(s.Workers) != 1 || s.Workers[0].Name != "astro-cpu-1" {
			t.Errorf("%s: left out %q, workers %+v, %v; want %q", c.worker, left, s.Workers, err, c.want)
		}
		if len(s.Claims) != 1 || s.Claims[0].Node != "astro-cpu-2" {
			t.Errorf("%s: claims %+v", c.worker, s.Claims)
		}
	}
}

// Many workers that are not understood are no single entries any more.
func TestManyBadWorkers(t *testing.T) {
	var all []string
	for i := range queue.MostClaims + 1 {
		all = append(all, fmt.Sprintf(`{"name": "astro-cpu-%d"}`, i))
	}
	if s, err := read(snapshot(`"workers": [` + strings.Join(all, ", ") + `]`)); err == nil {
		t.Errorf("%+v", s)
	}
}

// endless is text without an end.
type endless struct {
	head, body string
	at         int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		if e.at < len(e.head) {
			p[i] = e.head[e.at]
		} else {
			p[i] = e.body[(e.at-len(e.head))%len(e.body)]
		}
		e.at++
	}
	return len(p), nil
}

// A program that prints without an end is stopped, whatever it prints.
func TestEndlessOutput(t *testing.T) {
	for _, e := range []*endless{
		{head: `{"version": 1, "jobs": [`, body: "      "},
		{head: `{"version": 1, "jobs": [{}`, body: `,{"a":1}`},
		{head: `{"version": 1, "workers": [` + aWorker, body: `,[    ]`},
		{head: `{"version": 1, "partial": ["`, body: "x"},
		{head: snapshot(), body: " "},
	} {
		s := queue.Snapshot{Traits: traits(nil)}
		if err := parseUpTo(2<<20, e, &s); err == nil || len(err.Error()) > 500 {
			t.Errorf("%.50s: %v", e.head, err)
		}
	}
}

// Spaces between words are one, and text in quotes stays as it is.
func TestSpaceless(t *testing.T) {
	const text = "{ \n\t\"a  b\\\"  c\" :\r\n  [1  , \"\\\\\"  ]  }  "
	for size := 1; size < 9; size++ {
		var out []byte
		s, p := &spaceless{from: strings.NewReader(text)}, make([]byte, size)
		for {
			n, err := s.Read(p)
			if out = append(out, p[:n]...); err != nil {
				break
			}
		}
		if want := "{ \"a  b\\\"  c\" :\r[1 , \"\\\\\" ] } "; string(out) != want {
			t.Errorf("pieces of %d bytes: %q, want %q", size, out, want)
		}
	}
}

// TestWorkersInDoubt has workers that are not understood, which would be lost without a
// claim on their names: then jobs on them would not keep their servers.
func TestWorkersInDoubt(t *testing.T) {
	claims := strings.Repeat(`{"node":"other"},`, 30) + `{"node":"other"}`
	for name, c := range map[string]struct{ worker, claims, why string }{
		"without what runs":    {`{"name":"astro-cpu-1","total":{},"free":{}}`, "", "workers[0]: the field running is missing"},
		"with a domain":        {`{"name":"astro-cpu-1.example.org","total":{},"free":{},"running":1}`, "", "workers[0].name: it has a domain; write the node name alone, as the cluster has it"},
		"and many claims more": {`{"name":"astro-cpu-1","total":{},"free":{},"running":-1}`, claims, "workers[0].running: minimum: got -1, want 0"},
	} {
		t.Run(name, func(t *testing.T) {
			out := fmt.Sprintf(`{"version":1,"jobs":[],"workers":[%s],"claims":[%s]}`, c.worker, c.claims)
			s, err := read(out)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Workers) > 0 || !slices.Contains(s.LeftOut, c.why) {
				t.Errorf("workers %v, left out %q", s.Workers, s.LeftOut)
			}
			if !slices.ContainsFunc(s.Claims[:min(len(s.Claims), queue.MostClaims)], func(c queue.Claim) bool { return c.Node == "astro-cpu-1" }) {
				t.Errorf("claims %v", s.Claims)
			}
		})
	}
}

// TestLongWrongLists has lists whose entries are all wrong. An error of each of them would
// take minutes and gigabytes.
func TestLongWrongLists(t *testing.T) {
	list := "[" + strings.Repeat("0,", 10_000) + "0]"
	group := `{"first":"1"},`
	for out, want := range map[string]string{
		`{"version":1,"jobs":[],"workers":[],"partial":` + list + `}`:                          "partial: there is a list of more than 10000 entries",
		`{"version":1,"jobs":[{"requires":{"clauses":` + list + `}}],"workers":[]}`:            "jobs[0]: there is a list of more than 10000 entries",
		`{"version":1,"jobs":[` + strings.Repeat(group, 1000) + `{"first":"1"}],"workers":[]}`: "jobs[1000]: the field",
	} {
		_, err := read(out)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
