package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Each field of the types is described, and the table describes no other. A field that is
// missing in the table panics.
func TestEveryFieldIsDescribed(t *testing.T) {
	left := maps.Clone(fields)
	note := func(name string, d any) {
		for key := range d.(map[string]any)["properties"].(map[string]any) {
			delete(left, name+"."+key)
		}
	}
	whole := Document()
	note(root, whole)
	for name, d := range whole["$defs"].(map[string]any) {
		note(name, d)
	}
	for path, f := range left {
		t.Errorf("%s is no field: %q", path, f.about)
	}
	for path, f := range fields {
		if !strings.HasSuffix(f.about, ".") || strings.ContainsAny(f.about, "\n`") {
			t.Errorf("%s: %q is no sentence", path, f.about)
		}
	}
}

// The text that users get is a JSON Schema of the draft that it names.
func TestWriteIsAJSONSchema(t *testing.T) {
	var text bytes.Buffer
	if err := Write(&text); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := jsonschema.NewCompiler().Compile(Draft)
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Error(err)
	}
}

// Snapshots that were recorded in rounds are valid.
func TestRecordedSnapshots(t *testing.T) {
	raw, err := os.ReadFile("../../journal/testdata/pool.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range bytes.Lines(raw) {
		var record struct {
			Input struct {
				Facts struct {
					Queue json.RawMessage `json:"queue"`
				} `json:"facts"`
			} `json:"input"`
		}
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		snapshot := record.Input.Facts.Queue
		if len(snapshot) == 0 {
			continue
		}
		seen++
		if err := Check(Whole, snapshot); err != nil {
			t.Error(err)
		}
	}
	if seen == 0 {
		t.Error("no snapshot is recorded there")
	}
}

func TestPathsUnderPaths(t *testing.T) {
	for _, c := range []struct{ path, own, want string }{
		{"jobs[3]", "asks.cpus", "jobs[3].asks.cpus"}, {"jobs", "[3].count", "jobs[3].count"}, {"jobs", "", "jobs"}, {"", "jobs", "jobs"},
	} {
		e := (&PathError{c.own, "why"}).Under(c.path)
		if strings.TrimPrefix(e.Path, ".") != c.want {
			t.Errorf("%q under %q: %q, want %q", c.own, c.path, e.Path, c.want)
		}
	}
}
