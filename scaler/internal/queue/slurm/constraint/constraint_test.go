package constraint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/constraint"
)

// subsets are the features of the workers that Slurm was asked about.
var subsets = []string{"none", "a", "b", "ab", "c", "ac", "bc", "abc"}

func featuresOf(subset string) []string {
	if subset == "none" {
		return []string{"worker"}
	}
	return strings.Split(subset, "")
}

// met returns the workers that meet an expression.
func met(e constraint.Expression, nodes int) string {
	var out []string
	for _, s := range subsets {
		if e.Meets(featuresOf(s), nodes) {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

// These are the answers of Slurm 24.11.5 about jobs of one worker: on which of the workers
// each expression lets a job run. Each worker was asked for with --nodelist.
func TestOneWorker(t *testing.T) {
	for expression, want := range map[string]string{
		"a":             "a ab ac abc",
		"(a)":           "a ab ac abc",
		"[a]":           "a ab ac abc",
		"a&b":           "ab abc",
		"a,b":           "ab abc",
		"a|b":           "a b ab ac bc abc",
		"a&b|c":         "ab c ac bc abc",
		"a|b&c":         "ac bc abc", // strictly from left to right
		"a&(b|c)":       "ab ac abc",
		"a,(b|c)":       "ab ac abc",
		"(a|b)&c":       "ac bc abc",
		"(a&b)|c":       "ab c ac bc abc",
		"a|(b&c)":       "a ab ac bc abc",
		"(a|b)&(b|c)":   "b ab ac bc abc",
		"(a&b)|(b&c)":   "ab bc abc",
		"a&b&c|a":       "a ab ac abc",
		"a&[b]":         "ab abc",
		"a&":            "a ab ac abc",
		"a,":            "a ab ac abc",
		"a|":            "a ab ac abc",
		"(a&b)&":        "ab abc",
		"[a|b]":         "a b ab ac bc abc",
		"[a|b|c]":       "a b ab c ac bc abc",
		"c&[a|b]":       "ac bc abc", // and not (c&a)|b
		"[a|b]&c":       "ac bc abc",
		"[(a&b)|c]":     "ab c ac bc abc",
		"a*1":           "a ab ac abc",
		"A":             "",
		"a&a&a&(a|a|a)": "a ab ac abc",
	} {
		e, err := constraint.Parse(expression)
		if got := met(e, 1); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", expression, got, err, want)
		}
		if e.Counted() != strings.Contains(expression, "*") {
			t.Errorf("%s: counted: %t", expression, e.Counted())
		}
	}
}

// These are the answers of Slurm 24.11.5 about jobs of several workers: workers that a job
// runs on together, and those that it refuses although each is of use to other jobs.
func TestSeveralWorkers(t *testing.T) {
	for _, row := range []struct {
		expression string
		nodes      int
		want       string // the workers that can be among them
	}{
		{"a|b", 2, "a b ab ac bc abc"},
		{"[a|b]", 2, "a b ab ac bc abc"}, // a with b is refused, a with ab runs
		{"a*1", 2, "none a b ab c ac bc abc"},
		{"a*2", 2, "a ab ac abc"},
		{"a*2", 3, "none a b ab c ac bc abc"},
		{"[a*1]", 2, "none a b ab c ac bc abc"},
		{"[a*1&b*1]", 2, "a b ab ac bc abc"},
		{"[a*1&b*1]", 3, "a b ab ac bc abc"}, // a, b, ab runs; a, b, none and a, b, c are refused
		{"[(a|b)*1&c*1]", 2, "a b ab c ac bc abc"},
		{"[(a&b)*1&c*1]", 2, "ab c ac bc abc"}, // ab, c runs; a, c is refused
		{"c&[a*1&b*1]", 2, "a b ab ac bc abc"}, // a, b runs: c without a count is ignored
		{"c|[a*1&b*1]", 3, "a b ab ac bc abc"}, // a, b, c is refused
		{"[a*1]&c", 2, "none a b ab c ac bc abc"},
		{"a*1", 0, "none a b ab c ac bc abc"},
		{"[a*1&b*1]", 0, "a b ab ac bc abc"},
	} {
		e, err := constraint.Parse(row.expression)
		if got := met(e, row.nodes); err != nil || got != row.want {
			t.Errorf("%s on %d: %q, %v, want %q", row.expression, row.nodes, got, err, row.want)
		}
	}
}

// Slurm 24.11.5 refuses all of these, so that none of them is in a queue.
func TestRefused(t *testing.T) {
	for expression, want := range map[string]string{
		"":             "lacks the name",
		"&a":           "lacks the name",
		",a":           "lacks the name",
		"a&&b":         "lacks the name",
		"a||b":         "lacks the name",
		"a&,":          "lacks the name",
		"(a&)":         "lacks the name",
		"[a|]":         "lacks the name",
		"()":           "lacks the name",
		"[]":           "lacks the name",
		"*2":           "lacks the name",
		"((a))":        "lacks the name",
		"[[a|b]]":      "lacks the name",
		"a&((b|c))":    "lacks the name",
		"(a":           "parenthesis without an end",
		"c&(a*1)":      "parenthesis without an end",
		"(a*1&b*1)":    "parenthesis without an end",
		"[a":           "bracket without an end",
		"[(a)b|c]":     "bracket without an end",
		"a)":           `')' is at a wrong place`,
		"a]":           `']' is at a wrong place`,
		"a()":          `'(' is at a wrong place`,
		"(a)b":         `'b' is at a wrong place`,
		"(a)(b)":       `'(' is at a wrong place`,
		"a[b|c]":       `'[' is at a wrong place`,
		"[a|b][b|c]":   `'[' is at a wrong place`,
		"[a|b]*2":      `'*' is at a wrong place`,
		"a**2":         "* without a number",
		"a*0":          "* without a number",
		"a*":           "* without a number",
		"a*x":          "* without a number",
		"a*-1":         "* without a number",
		"a*99999999":   "more than 7 digits",
		"[a|b]&[b|c]":  "brackets twice",
		"a*1&b*1":      "without square brackets",
		"a&b*2":        "without square brackets",
		"a*2&b":        "without square brackets",
		"(a&b)*2":      "without square brackets",
		"c&a*1":        "without square brackets",
		"[a&b]":        "neither a count for each",
		"[a*1&b]":      "neither a count for each",
		"[a&b|c]":      "neither a count for each",
		"[a|b*2]":      "neither a count for each",
		"[a*1|b*1]":    "neither a count for each",
		"[a*1&b*1|c]":  "neither a count for each",
		"[a*1&(b&c)]]": "neither a count for each",
	} {
		if _, err := constraint.Parse(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expression, err, want)
		}
	}
}

func TestMissing(t *testing.T) {
	for expression, want := range map[string]string{
		"a": "", "b": "b", "b&c&b": "b c", "a&b": "b", "(b&c)": "b c", "b*1": "b", "[b]": "b",
		"b|c": "", "a&(b|c)": "", "[b|c]": "", "[b*1&c*1]": "", "b&c|d": "",
	} {
		e, err := constraint.Parse(expression)
		if got := strings.Join(e.Missing([]string{"a", "x"}), " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", expression, got, err, want)
		}
	}
}

// Any user may write an expression: one beyond a bound is refused, and not worked on.
func TestBounds(t *testing.T) {
	for about, row := range map[string]struct{ expression, want string }{
		"long":        {strings.Repeat("a", 9000), "longer than 8192 bytes"},
		"features":    {strings.Repeat("a&", 501), "more than 500 features"},
		"parentheses": {strings.Repeat("(", 8000), "lacks the name"},
		"operators":   {strings.Repeat("&", 8000), "lacks the name"},
	} {
		if _, err := constraint.Parse(row.expression); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", about, err)
		}
	}
	if e, err := constraint.Parse(strings.Repeat("a&", 500)); err != nil || !e.Meets([]string{"a"}, 1) || e.Meets(nil, 1) {
		t.Error(err)
	}
}

// FuzzConstraint checks what holds for every expression: a worker with all features that
// it names meets it; further features take nothing away; and the answers agree.
func FuzzConstraint(f *testing.F) {
	for _, expression := range []string{
		"a", "a&b|c", "a|b&c", "[a*2&b*1]", "[(a|b)*1&c*2]", "[rack1|rack2|rack3]", "graphics*4", "foo&(bar|baz)", "c&[a|b]", "a,b", "((a))", "[[a]]", "a*0", "a&",
	} {
		f.Add(expression, "a,b", 2)
	}
	f.Fuzz(func(t *testing.T, expression, list string, nodes int) {
		e, err := constraint.Parse(expression)
		if err != nil {
			return
		}
		features := strings.Split(list, ",")
		named := strings.FieldsFunc(expression, func(c rune) bool { return strings.ContainsRune("&|()[]*,", c) })
		if !e.Meets(named, nodes) {
			t.Fatalf("%q: all of %q are not enough", expression, named)
		}
		if e.Meets(features, nodes) && !e.Meets(slices.Concat(features, named), nodes) {
			t.Fatalf("%q: %q are enough for %d, and not with more", expression, features, nodes)
		}
		if missing := e.Missing(features); len(missing) > 0 && e.Meets(features, 1) {
			t.Fatalf("%q: %q are enough, and %q are missing", expression, features, missing)
		}
		if missing := e.Missing(features); missing != nil && !e.Meets(slices.Concat(features, missing), 1) && !e.Counted() {
			t.Fatalf("%q: %q and the missing %q are not enough", expression, features, missing)
		}
	})
}
