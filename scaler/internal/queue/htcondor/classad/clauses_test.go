package classad

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestClauses(t *testing.T) {
	for text, want := range map[string][]string{
		"":                               {""},
		"A":                              {"A"},
		" ( ( A ) ) ":                    {"A"},
		"A && B":                         {"A", "B"},
		"(A && (B && C)) && D":           {"A", "B", "C", "D"},
		"((A && B))":                     {"A", "B"},
		"(A && B) || C":                  {"(A && B) || C"},
		"A && (B || C && D)":             {"A", "B || C && D"},
		"A && (B ? C && D : E)":          {"A", "B ? C && D : E"},
		"A =?= B && C":                   {"A =?= B", "C"},
		`Site == "a && (b" && C`:         {`Site == "a && (b"`, "C"},
		"f(A && B) && C":                 {"f(A && B)", "C"},
		"{A && B} && C[D && E]":          {"{A && B}", "C[D && E]"},
		"(A) && (B)":                     {"A", "B"},
		"(A && {B)":                      {"(A && {B)"},
		"(A)(B)":                         {"(A)(B)"},
		"((A) && B":                      {"((A) && B"},
		"A) && B":                        {"A)", "B"},
		`A && "B`:                        {"A", `"B`},
		`(A && "B\")" && C)`:             {"A", `"B\")"`, "C"},
		"(A && B && (C || D)) && (E&&F)": {"A", "B", "C || D", "E", "F"},
	} {
		if got := Clauses(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// The clauses mean what the whole means.
func FuzzClauses(f *testing.F) {
	f.Add("(A && (B || C)) && D")
	f.Add(`A && ("x)" == B ? C : D)`)
	f.Add(strings.Repeat("(", 300) + "A" + strings.Repeat(" && B)", 300))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > MaxText {
			return
		}
		clauses := Clauses(text)
		var parts []string
		for p := range Parts(text) {
			parts = append(parts, Clauses(p)...)
		}
		if !slices.Equal(clauses, parts) {
			t.Errorf("%q: clauses %q, of its parts %q", text, clauses, parts)
		}
		if length := len(strings.Join(clauses, "")); length > len(text) {
			t.Errorf("%q: clauses of %d bytes", text, length)
		}
		whole := Compile(text)
		if whole.Err() != nil {
			return
		}
		want, err := NewScope(fuzzJob, nil, Usual).Value(whole)
		if err != nil {
			return
		}
		met := true
		for _, c := range clauses {
			v, err := NewScope(fuzzJob, nil, Usual).Value(Compile(c))
			if err != nil {
				return
			}
			b, ok := Truth(v)
			met = met && ok && b
		}
		if b, ok := Truth(want); len(clauses) > 1 && met != (ok && b) {
			t.Errorf("%q is %v, its clauses %q are met: %t", text, want, clauses, met)
		}
	})
}

var fuzzJob = job{"a": true, "b": int64(0), "c": "text", "d": 2.5, "e": Compile("A && D > 1"), "f": Compile("F + 1")}

// Each character is looked at once, however deep the text is nested.
func TestClausesOfDeepNesting(t *testing.T) {
	for name, text := range map[string]string{
		"conditions":  strings.Repeat("(", 40_000) + "A" + strings.Repeat(" && b)", 40_000),
		"parentheses": strings.Repeat("(", 30_000) + "A" + strings.Repeat(")", 30_000),
		"closing":     "(" + strings.Repeat("()", 10_000) + strings.Repeat(")", 30_000),
	} {
		s := newSplitting(text)
		s.split(0, len(text), s.pair())
		if s.looked > len(text) {
			t.Errorf("%s: %d characters are looked at in a text of %d", name, s.looked, len(text))
		}
		n := 0
		for range Parts(text) {
			n++
		}
		if name == "conditions" && (len(s.clauses) != 40_001 || n != 2) {
			t.Errorf("%s: %d clauses in %d parts", name, len(s.clauses), n)
		}
	}
}

// Random texts of brackets and operators lose none of their other characters.
func TestClausesKeepWhatTheySplit(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	tokens := []string{"(", ")", "&&", "||", "A", "B", " ", "?", ":", "[", "]", `"x"`, "f("}
	for range 20_000 {
		var b strings.Builder
		for range random.IntN(14) {
			b.WriteString(tokens[random.IntN(len(tokens))])
		}
		text := b.String()
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if strings.ContainsRune("() &", r) {
					return -1
				}
				return r
			}, s)
		}
		if got, want := letters(strings.Join(Clauses(text), "")), letters(text); got != want {
			t.Fatalf("%q: %q", text, Clauses(text))
		}
	}
}
