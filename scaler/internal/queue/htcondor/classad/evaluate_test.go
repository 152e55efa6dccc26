package classad

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// job is a job's ad.
type job map[string]any

func (j job) Get(name string) (any, bool) {
	v, there := j[name]
	return v, there
}

func TestEvaluate(t *testing.T) {
	job := job{
		"imagesize": int64(2750), "diskusage": int64(45), "numjobstarts": int64(0), "requestcpus": Compile("ifThenElse(NumJobStarts > 0,8,4)"),
		"owner": "alice", "wants": true, "residentsetsize": int64(1500), "self": Compile("Self + 1"),
	}
	tests := []struct {
		expr string
		want any
	}{
		{"ifthenelse(MemoryUsage isnt undefined,MemoryUsage,(ImageSize + 1023) / 1024)", int64(3)},
		{"DiskUsage", int64(45)},
		{"MY.DiskUsage * 2", int64(90)},
		{"RequestCpus * 1500", int64(6000)},
		{"((ResidentSetSize + 1023) / 1024)", int64(2)},
		{"7 / 2", int64(3)},
		{"7.5 / 2", 3.75},
		{"7 % 4 + -1", int64(2)},
		{"1 + 2 * 3", int64(7)},
		{"(1 + 2) * 3", int64(9)},
		{"9.8E-01 < 1 && true", true},
		{"Missing > 3", Undefined{}},
		{"Missing > 3 || true", true},
		{"Missing > 3 && false", false},
		{"Missing =?= undefined", true},
		{"isUndefined(Missing) ? 10 : 20", int64(10)},
		{"wants ? DiskUsage : 0", int64(45)},
		{`owner == "ALICE"`, true},
		{`owner =?= "ALICE"`, false},
		{"quantize(1000, 128)", int64(1024)},
		{"int(3.9) + ceiling(1.1)", int64(5)},
		{"!wants", false},
		{"3 / 4", int64(0)},
		{"3 / 4.0", 0.75},
		{"3.0 / 4", 0.75},
		{"DiskUsage / 2.0", 22.5},
		{"6 * 1.0", 6.0},
		{"-(3.0)", -3.0},
		{"-3", int64(-3)},
		{"wants + 1", int64(2)},
		{"3 =?= 3.0", false},
		{"3 == 3.0", true},
		{"true =?= 1", false},
		{"9007199254740993 == 9007199254740992", false},
		{"9007199254740993 + 0", int64(9007199254740993)},
		{"real(3)", 3.0},
		{"int(-3.9)", int64(-3)},
		{"floor(-3.5)", int64(-4)},
		{"round(2.5)", int64(2)},
		{"pow(2, 10)", int64(1024)},
		{"pow(2, 0.5) > 1.41", true},
		{"pow(2, -1)", 0.5},
		{"quantize(1000.0, 128)", 1024.0},
		{"quantize(7, 0)", int64(7)},
		{"0.0 / 0.0 == 0", false},
		{"0.0 / 0.0 != 0", true},
		{"TARGET.Memory", Undefined{}},
	}
	for _, tt := range tests {
		got, err := NewScope(job, nil, Usual).Value(Compile(tt.expr))
		if err != nil || got != tt.want {
			t.Errorf("%s = %v (%v), want %v", tt.expr, got, err, tt.want)
		}
	}
	for expr, want := range map[string]string{
		"floor(owner)":             "floor() of something that is no number",
		"1 +":                      "ends too early",
		"1 2":                      `unexpected "2"`,
		"(1":                       `")" expected`,
		"self":                     "refers to itself",
		"1 / 0":                    "division by zero",
		"1 % 0":                    "division by zero",
		"1.0 / 0":                  "division by zero",
		"7.5 % 2":                  "a real number has no remainder",
		"-wants":                   "- of something that is no number",
		"int(1e300)":               "too large for a whole number",
		"owner + 1":                "text + a number",
		"random(3)":                "not known here",
		"max(3, 2.5)":              "not known here", // HTCondor takes the largest of a list
		"{1,2}":                    "unexpected",
		`1"" && 0`:                 "unexpected",
		strings.Repeat("(", 10000): "nested too deeply",
	} {
		_, err := NewScope(job, nil, Usual).Value(Compile(expr))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", expr, err, want)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("ifthenelse(MemoryUsage isnt undefined,MemoryUsage,(ImageSize + 1023) / 1024)")
	f.Add(`"a\"b" == owner ? -1 : max(1,2)`)
	f.Add("((((")
	f.Add(`strcat(C, C, C) == regexp("(a*)*b", C) ? E : F || G`)
	f.Fuzz(func(t *testing.T, text string) {
		e := Compile(text)
		for _, budget := range []Budget{Usual, {Steps: 50, Bytes: 100}} {
			s := NewScope(fuzzJob, machineOf{"memory": int64(100)}, budget)
			v, err := s.Value(e)
			if s.Steps() > budget.Steps || s.meter.bytes > budget.Bytes+maxString || s.meter.level < 0 {
				t.Errorf("%q: %d steps, %d bytes", text, s.Steps(), s.meter.bytes)
			}
			if made, is := v.(string); is && len(made) > max(len(text), maxString) {
				t.Errorf("%q makes %d bytes", text, len(made))
			}
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("%q: an error of %d bytes", text, len(err.Error()))
			}
		}
		if e.Err() != nil {
			return
		}
		// laziness and memory change nothing
		acyclic := maps.Clone(fuzzJob)
		delete(acyclic, "f")
		got, err := NewScope(acyclic, nil, Usual).Value(e)
		if e.nodes > 200 {
			return
		}
		want, wantErr := eager(e.root, acyclic, nil)
		var limit *LimitError
		if !errors.As(err, &limit) && (fmt.Sprint(got) != fmt.Sprint(want) || (err == nil) != (wantErr == nil)) {
			t.Errorf("%q is %v, %v; eagerly %v, %v", text, got, err, want, wantErr)
		}
	})
}
