package classad

import (
	"errors"
	"fmt"
	"reflect"
	"regexp/syntax"
	"runtime"
	"strings"
	"testing"
)

// machineOf is a machine whose attributes are all known.
type machineOf map[string]any

func (m machineOf) Of(name string) any {
	if v, there := m[name]; there {
		return v
	}
	return Undefined{}
}

// allocated returns how many bytes of memory a function takes, also those that it gives
// back.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// chain is an ad of attributes each of which names the next one many times.
func chain(length, times int) job {
	ad := job{fmt.Sprintf("a%d", length): int64(1)}
	for i := range length {
		next := fmt.Sprintf("a%d", i+1)
		ad[fmt.Sprintf("a%d", i)] = Compile(strings.Repeat("ifThenElse("+next+" > 0, "+next+", ", times) + "0" + strings.Repeat(")", times))
	}
	return ad
}

// Each attribute is evaluated once, and of a conditional only the part that is the
// result.
func TestChainedConditionals(t *testing.T) {
	s := NewScope(chain(7, 25), nil, Usual)
	v, err := s.Value(Compile("A0 + A0 + A1 == 3"))
	if v != true || err != nil || s.Steps() > 100 {
		t.Errorf("%v after %d steps: %v", v, s.Steps(), err)
	}
}

// An attack costs the budget at most, and its value is not known.
func TestAttacksEndAtABound(t *testing.T) {
	text := strings.Repeat("a", 60<<10)
	doubling := job{"t0": text[:1000]}
	for i := range 40 {
		doubling[fmt.Sprintf("t%d", i+1)] = Compile(fmt.Sprintf("strcat(T%d, T%d)", i, i))
	}
	deep := job{"d200": true}
	for i := range 200 {
		deep[fmt.Sprintf("d%d", i)] = Compile(fmt.Sprintf("D%d", i+1))
	}
	wide := job{}
	many := strings.TrimSuffix(strings.Repeat("W || ", 2000), " || ")
	for i := range 90 {
		wide[fmt.Sprintf("w%d", i)] = Compile(strings.ReplaceAll(many, "W", fmt.Sprintf("W%d > 3", i+1)))
	}
	wide["w90"] = int64(1)
	with := func(name string, value any) job { return job{name: value} }
	for name, tt := range map[string]struct {
		job   job
		text  string
		limit string
		most  int // memory that it may take, in KiB
	}{
		"a sum of 1,000,000 terms":  {nil, "1" + strings.Repeat("+1", 1_000_000), "longer than", 100},
		"a sum of 30,000 terms":     {nil, "1" + strings.Repeat("+1", 30_000), "more than 10000 parts", 3000},
		"nested conditions":         {nil, strings.Repeat("(", 9000) + "a" + strings.Repeat("&&b)", 9000), "nested too deeply", 300},
		"unary operators":           {nil, strings.Repeat("!", 60_000) + "a", "nested too deeply", 300},
		"a long text, big pattern":  {with("t", text), `regexp("` + strings.Repeat("[a-z]?", 160) + `Z", T)`, "takes more than 20000 steps", 500},
		"a pattern of 16.5 kB":      {nil, `regexp("` + strings.Repeat(`\\pL\\PN{9}`, 1650) + `", "x")`, "a pattern has more than", 300},
		"a pattern that repeats":    {nil, `regexp("` + strings.Repeat("[a-z]{1000}", 90) + `", "x")`, "more than 2000 instructions", 300},
		"nested repetitions":        {nil, `regexp("(([a-z]{30}){30}){1}(([a-z]{30}){30})(([a-z]{30}){30})", "x")`, "more than 2000 instructions", 300},
		"classes of all letters":    {nil, `regexp("(?i)` + strings.Repeat(`\\pL`, 240) + `", "x")`, "more than 2000 instructions", 8000},
		"doubled texts":             {doubling, "T40 == 1", "takes more than 20000 steps", 500},
		"many texts":                {with("t", text), "false" + strings.Repeat(` || strcat(T, "x") == T`, 400), "takes more than 20000 steps", 9000},
		"many delimiters":           {with("t", text), "stringListMember(T, T, T)", "delimiters", 500},
		"long lists":                {with("t", text), `stringListMember("q", T) || stringListMember("r", T)`, "takes more than 20000 steps", 500},
		"long comparisons":          {with("t", text), "false" + strings.Repeat(" || T < T", 2000), "takes more than 20000 steps", 3000},
		"attributes one by another": {deep, "D0", "more than 100 attributes refer to each other", 300},
		"work in each of a chain":   {wide, "W0 > 1", "nested more than 10000 deep", 3000},
		"a name of 140,000":         {nil, "TARGET." + strings.Repeat("x", 60_000) + " =?= undefined", "an attribute of 60000 characters", 300},
		"many names":                {nil, names(501), "more than 500 attributes", 300},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewScope(tt.job, machineOf{}, Usual)
			var v any
			var err error
			took := allocated(func() { v, err = s.Value(Compile(tt.text)) })
			var limit *LimitError
			if is := errors.As(err, &limit); is != (tt.limit != "") || is && !strings.Contains(limit.What, tt.limit) {
				t.Errorf("%v, %v; want %q", v, err, tt.limit)
			}
			if s.Steps() > Usual.Steps || s.meter.bytes > Usual.Bytes+maxString || took > uint64(tt.most)<<10 {
				t.Errorf("%d steps, %d bytes of text, %d kB", s.Steps(), s.meter.bytes, took>>10)
			}
			if len(fmt.Sprint(err)) > 300 {
				t.Errorf("an error of %d characters", len(err.Error()))
			}
		})
	}
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d || ", i)
	}
	return b.String() + "true"
}

// A limit ends the whole evaluation: no other part decides in its place.
func TestALimitIsNotSettled(t *testing.T) {
	s := NewScope(job{"t": strings.Repeat("a", 60<<10)}, nil, Usual)
	for _, text := range []string{`strcat(T, T) == "x" || true`, "true", "1 + 1"} {
		var limit *LimitError
		if v, err := s.Value(Compile(text)); !errors.As(err, &limit) {
			t.Errorf("%s is %v, %v", text, v, err)
		}
	}
}

// What attributes name is bounded, too: the names of a few attributes are those of all
// that they refer to.
func TestNamesOfAttributes(t *testing.T) {
	ad := job{"b": Compile(names(300)), "c": Compile(strings.ReplaceAll(names(300), "n", "m"))}
	if all, err := Compile("A && B").Names(ad); err != nil || len(all) != 302 {
		t.Errorf("%d names, %v", len(all), err)
	}
	for _, text := range []string{"B && C", "countMatches(RequireGPUs, AvailableGPUs) > 0"} {
		ad["requiregpus"] = Compile("B && C")
		var limit *LimitError
		if all, err := Compile(text).MachineNames(ad); !errors.As(err, &limit) {
			t.Errorf("%s: %d names, %v", text, len(all), err)
		}
	}
}

// eager evaluates both sides of every operator and all parts of a conditional, and
// each attribute anew, as the language is defined.
func eager(n node, ad job, m Machine) (any, error) {
	s := NewScope(ad, m, Budget{1 << 30, 1 << 30})
	switch n := n.(type) {
	case prefixed:
		v, err := eager(n.of, ad, m)
		if err != nil {
			return nil, err
		}
		return prefixed{n.op, literal{v}}.value(s)
	case conditional:
		cond, err := eager(n.cond, ad, m)
		yes, yesErr := eager(n.yes, ad, m)
		no, noErr := eager(n.no, ad, m)
		b, ok := Truth(cond)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return vague(cond), nil
		case b:
			return yes, yesErr
		}
		return no, noErr
	case operation:
		l, lerr := eager(n.left, ad, m)
		r, rerr := eager(n.right, ad, m)
		if n.op != "&&" && n.op != "||" {
			if err := errors.Join(lerr, rerr); err != nil {
				return nil, err
			}
			return s.apply(n.op, l, r)
		}
		settles := n.op == "||"
		for _, side := range []struct {
			v   any
			err error
		}{{l, lerr}, {r, rerr}} {
			if b, ok := Truth(side.v); ok && side.err == nil && b == settles {
				return settles, nil
			}
		}
		if err := errors.Join(lerr, rerr); err != nil {
			return nil, err
		}
		return logic(n.op, l, r), nil
	case Reference:
		if e, ok := ad[n.Name].(*Expression); ok && n.Scope != OfMachine {
			return eager(e.root, ad, m)
		}
	}
	return n.value(s)
}

// Neither laziness nor the memory of attributes changes a result.
func TestLazyIsLikeEager(t *testing.T) {
	ad := job{
		"yes": true, "no": false, "n": int64(4), "text": "x", "quarter": 0.25, "e": Compile("N / 0"), "f": Compile("No || Missing"),
		"g": Compile("F ? E : N + 1"), "h": Compile("ifThenElse(Yes, G, E)"),
	}
	m := machineOf{"memory": int64(100), "open": Unknown{}}
	atoms := []string{"Yes", "No", "N", "Text", "Quarter", "E", "F", "G", "H", "Missing", "TARGET.Memory", "Open", "undefined", "1/0", `"x"`, "0"}
	var all []string
	for _, a := range atoms {
		all = append(all, "!"+a, "-"+a)
		for _, b := range atoms {
			for _, op := range []string{"&&", "||", "==", "=?=", "<", "+"} {
				all = append(all, a+" "+op+" "+b, a+" || "+b+" "+op+" N && "+a)
			}
			for _, c := range atoms {
				all = append(all, a+" ? "+b+" : "+c, "ifThenElse("+a+" && "+b+", "+c+", E)")
			}
		}
	}
	for _, text := range all {
		e := Compile(text)
		if e.Err() != nil {
			t.Fatal(e.Err())
		}
		got, err := NewScope(ad, m, Usual).Value(e)
		want, wantErr := eager(e.root, ad, m)
		if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
			t.Errorf("%s is %v, %v; eagerly %v, %v", text, got, err, want, wantErr)
		}
	}
}

// The estimated size of a pattern bounds the real one.
func FuzzPattern(f *testing.F) {
	f.Add(`^astro-(cpu|mem)-[0-9]+\.`, "astro-cpu-1.example.org")
	f.Add(strings.Repeat("[a-z]?", 160)+"Z", strings.Repeat("a", 1000))
	f.Add("((((a{9}){9}){9}){1,9})", "x")
	f.Add(`(?i)\pL{50}|\d*`, "x")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		s := NewScope(job{"p": pattern, "t": text}, nil, Usual)
		_, err := s.Value(Compile("regexp(P, T)"))
		var limit *LimitError
		if s.Steps() > Usual.Steps || errors.As(err, &limit) || len(pattern) > maxPattern {
			return
		}
		tree, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return
		}
		estimated := instructions(tree)
		prog, err := syntax.Compile(tree.Simplify())
		if err == nil && len(prog.Inst) > 4*estimated+20 {
			t.Errorf("%q has %d instructions, estimated are %d", pattern, len(prog.Inst), estimated)
		}
	})
}
