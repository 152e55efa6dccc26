package htcondor

import (
	"strings"
	"testing"
)

func TestEvaluate(t *testing.T) {
	job := ad{
		"imagesize": 2750.0, "diskusage": 45.0, "numjobstarts": 0.0, "requestcpus": compile("ifThenElse(NumJobStarts > 0,8,4)"),
		"owner": "alice", "wants": true, "residentsetsize": 1500.0, "self": compile("Self + 1"),
	}
	tests := []struct {
		expr string
		want any
	}{
		{"ifthenelse(MemoryUsage isnt undefined,MemoryUsage,(ImageSize + 1023) / 1024)", 3.0},
		{"DiskUsage", 45.0},
		{"MY.DiskUsage * 2", 90.0},
		{"RequestCpus * 1500", 6000.0},
		{"((ResidentSetSize + 1023) / 1024)", 2.0},
		{"7 / 2", 3.0},
		{"7.5 / 2", 3.75},
		{"7 % 4 + -1", 2.0},
		{"1 + 2 * 3", 7.0},
		{"(1 + 2) * 3", 9.0},
		{"9.8E-01 < 1 && true", true},
		{"Missing > 3", undefined{}},
		{"Missing > 3 || true", true},
		{"Missing > 3 && false", false},
		{"Missing =?= undefined", true},
		{"isUndefined(Missing) ? 10 : 20", 10.0},
		{"wants ? DiskUsage : 0", 45.0},
		{`owner == "ALICE"`, true},
		{`owner =?= "ALICE"`, false},
		{"max(DiskUsage, 100)", 100.0},
		{"quantize(1000, 128)", 1024.0},
		{"int(3.9) + ceiling(1.1)", 5.0},
		{"!wants", false},
		{"TARGET.Memory", undefined{}},
	}
	for _, tt := range tests {
		got, err := compile(tt.expr).value(&scope{job: job})
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
		"owner + 1":                "text + a number",
		"random(3)":                "not known here",
		"{1,2}":                    "unexpected",
		strings.Repeat("(", 10000): "nested too deeply",
	} {
		_, err := compile(expr).value(&scope{job: job})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", expr, err, want)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("ifthenelse(MemoryUsage isnt undefined,MemoryUsage,(ImageSize + 1023) / 1024)")
	f.Add(`"a\"b" == owner ? -1 : max(1,2)`)
	f.Add("((((")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = compile(text).value(&scope{job: ad{"a": 1.0}}) // must end and not panic
	})
}
