package reason_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

func held(jobs int) reason.Reason {
	return reason.New(reason.DemandHeld, reason.Count("workers", 2),
		reason.Why("needs", reason.New(reason.HeldForJobs, reason.Count("jobs", jobs)), reason.New(reason.HeldForSpares, reason.Count("spare", 1))),
		reason.Span("lasted", 10*time.Second), reason.Span("hold", time.Minute))
}

func TestReasonsGoToJSONAndBack(t *testing.T) {
	for _, r := range []reason.Reason{
		{},
		reason.New(reason.NoServer),
		reason.Said("CPUs 64 > 2 & <more>"),
		held(8),
		reason.New("all_types",
			reason.Count("count", -3), reason.Span("none", 0), reason.Span("exact", 1234567891*time.Nanosecond), reason.Span("before", -90*time.Second),
			reason.Span("least", math.MinInt64), reason.Span("most", math.MaxInt64), reason.Amount("memory", 512), reason.Name("group", `c"pu`),
			reason.Names("zones", "a", "b"), reason.Names("empty"), reason.Text("text", ""), reason.Why("why"), reason.Why("deep", held(1), reason.Said("x"))),
	} {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back reason.Reason
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if !reflect.DeepEqual(back, r) {
			t.Errorf("%s\ngot  %#v\nwant %#v", data, back, r)
		}
	}
}

func TestTheFormOfTheJSON(t *testing.T) {
	data, err := json.Marshal(held(8))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"code":"demand_held","arguments":{"workers":2,"needs":{"reasons":[{"code":"held_for_jobs","arguments":{"jobs":8}},` +
		`{"code":"held_for_spares","arguments":{"spare":1}}]},"lasted":{"seconds":10},"hold":{"seconds":60}}}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}

func TestJSONThatIsNoReason(t *testing.T) {
	for _, text := range []string{
		`{"code":"x","arguments":[]}`, `{"code":"x","arguments":{"a":1.5}}`, `{"code":"x","arguments":{"a":{}}}`,
		`{"code":"x","arguments":{"a":null}}`, `{"code":"x","arguments":{"a":{"seconds":"x"}}}`, `{"code":"x","arguments":{"a":[1]}}`,
	} {
		var r reason.Reason
		if err := json.Unmarshal([]byte(text), &r); err == nil {
			t.Errorf("%s was read as %#v", text, r)
		}
	}
}

// A record has the words beside the code. Records of other versions of this
// program may lack the code, or have one that this version does not know.
func TestReasonsInRecords(t *testing.T) {
	w := held(8).Worded()
	if w.Reason != "2 workers for 8 jobs and spare = 1 not added yet: the demand has lasted 10s of 1m" || w.Code != reason.DemandHeld {
		t.Errorf("worded: %+v", w)
	}
	if got := w.Plain(); !reflect.DeepEqual(got, held(8)) {
		t.Errorf("back: %#v", got)
	}
	if got := (reason.Worded{}).Plain(); !got.IsZero() {
		t.Errorf("nothing became %#v", got)
	}
	for _, w := range []reason.Worded{{Reason: "without a code"}, {Reason: "of a later version", Code: "not_known"}} {
		if got := w.Plain(); got.Code != reason.Other || got.String() != w.Reason {
			t.Errorf("%+v became %s: %s", w, got.Code, got)
		}
	}
}

func TestKeysLeaveOutWhatChanges(t *testing.T) {
	if a, b := held(8).Key(), held(9).Key(); a != b {
		t.Errorf("a count makes a difference: %s, %s", a, b)
	}
	said := func(words string) string { return reason.Said(words).Key() }
	if said("it took 3.2 s") != said("it took 14.9 s") {
		t.Error("digits in words make a difference")
	}
	different := map[string]bool{}
	for _, r := range []reason.Reason{
		held(8), reason.Said("no host"), reason.Said("so mmch"), reason.Said("so much"),
		reason.New(reason.GroupNotThere, reason.Name("group", "m")), reason.New(reason.GroupNotThere, reason.Name("group", "s")),
		reason.New(reason.GroupNotThere, reason.Name("group", "g1")), reason.New(reason.GroupNotThere, reason.Name("group", "g2")),
		reason.New(reason.ZonesAvoided, reason.Names("zones", "a")), reason.New(reason.ZonesAvoided, reason.Names("zones", "a", "b")),
		reason.New(reason.IdleFactsUnsafe, reason.Why("why", reason.New(reason.FactsPartial))),
		reason.New(reason.IdleFactsUnsafe, reason.Why("why", reason.New(reason.DirectoryYoung))),
	} {
		if different[r.Key()] {
			t.Errorf("%s has another's key", r.Brief())
		}
		different[r.Key()] = true
	}
}

func TestBrief(t *testing.T) {
	if got, want := held(8).Brief(), "demand_held workers=2 needs=(held_for_jobs jobs=8) needs=(held_for_spares spare=1) lasted=10s hold=1m"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Each code has words, and a row in TestWords.
func TestEachCodeHasWords(t *testing.T) {
	shown := map[reason.Code]bool{}
	for _, row := range rows() {
		shown[row.reason.Code] = true
		for _, a := range row.reason.Arguments {
			nested, _ := a.Value.([]reason.Reason)
			for _, n := range nested {
				shown[n.Code] = true
			}
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			codes++
			code := reason.Code(strings.Trim(lit.Value, `"`))
			if got := reason.New(code).String(); got == string(code) {
				t.Errorf("%s has no words", code)
			}
			if !shown[code] {
				t.Errorf("%s has no row in TestWords", code)
			}
		}
		return true
	})
	if codes < 60 {
		t.Errorf("only %d codes were found", codes)
	}
}
