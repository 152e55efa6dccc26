package requirements

import (
	"strings"
	"testing"
)

// machine is what is known of a machine in the tests.
func machine(name string) Value {
	switch name {
	case "feature":
		return Value{Kind: Texts, Texts: []string{"gpu", "Fast"}}
	case "arch":
		return Value{Kind: Texts, Texts: []string{"AMD64"}}
	case "machine":
		return Value{Kind: Texts, Texts: []string{"w1", "w1.hpc.test"}}
	case "pool":
		return Value{Kind: Texts, Texts: []string{"1", "3"}}
	case "memory":
		return Value{Kind: Number, Number: 8000}
	}
	return Value{}
}

func TestJudge(t *testing.T) {
	for text, want := range map[string]string{
		``:                      "met",
		`(Feature == "gpu")`:    "met",
		`Feature=="fast"`:       "met",
		`"gpu" == FEATURE`:      "met",
		`(Feature == "slow")`:   `unmet: Feature == "slow"`,
		`(Feature != "slow")`:   "met",
		`!(Feature == "slow")`:  "met",
		`! (Feature == "fast")`: `unmet: !(Feature == "fast")`,
		`(Arch == "R6000") && (OpSys == "AIX53")`:               `unmet: Arch == "R6000"`,
		`(OpSys == "Linux2") && (Arch == "R6000")`:              `unmet: Arch == "R6000", not judged: OpSys == "Linux2"`,
		`(Arch == "AMD64") && (OpSys == "Linux2")`:              `not judged: OpSys == "Linux2"`,
		`(Arch == "R6000") || (Arch == "AMD64")`:                "met",
		`(Arch == "R6000") || (OpSys == "Linux2")`:              `not judged: (Arch == "R6000") || (OpSys == "Linux2")`,
		`(Arch == "R6000") || (Arch == "I386")`:                 `unmet: (Arch == "R6000") || (Arch == "I386")`,
		`(Machine == {"w3" "w1"})`:                              "met",
		`Machine == { "w2", "w3" }`:                             `unmet: Machine == { "w2" "w3" }`,
		`Machine != "w1.HPC.test"`:                              `unmet: Machine != "w1.HPC.test"`,
		`(Pool == 3) && (Pool == 1)`:                            "met",
		`Pool == 2`:                                             "unmet: Pool == 2",
		`Memory >= 8000 && Memory < 8001 && 9000 > Memory`:      "met",
		`Memory > 8000`:                                         "unmet: Memory > 8000",
		`(Memory >= 512.5) && (Memory != 1) && (Memory <= 9e3)`: "error",
		`(Memory >= "512")`:                                     `not judged: Memory >= "512"`,
		`(Feature > "gpu")`:                                     `not judged: Feature > "gpu"`,
		`(Adapter == "hps_user")`:                               `not judged: Adapter == "hps_user"`,
		`!(Adapter == "hps_user")`:                              `not judged: !(Adapter == "hps_user")`,
		`(Feature == "gpu"`:                                     "error",
		`Feature == "gpu")`:                                     "error",
		`Feature`:                                               "error",
		`Feature ==`:                                            "error",
		`Feature = "gpu"`:                                       "error",
		`Feature == Arch`:                                       "error",
		`"a" == "b"`:                                            "error",
		`Machine == {w1}`:                                       "error",
		`Machine == {"w1"`:                                      "error",
		`(((`:                                                   "error",
		`Feature == "gpu`:                                       "error",
		strings.Repeat("(", 60) + `Pool == 1` + strings.Repeat(")", 60):  "error",
		strings.Repeat("!", 100_000):                                     "error",
		strings.Repeat(`Pool == 1 && `, 100) + "Pool == 1":               "met",
		strings.Repeat(`Pool == 1 || `, 1000) + "Pool == 1":              "error",
		"Feature == \"\x1b[2J\xff\" && " + `Machine == {"` + `a b" "c"}`: "unmet: Feature == \"\x1b[2J\xff\"",
	} {
		e, err := Parse(text)
		got := "error"
		if err == nil {
			got = inWords(e.Judge(machine))
		}
		if got != want {
			t.Errorf("%.100s: %s, %v, want %s", text, got, err, want)
		}
	}
}

func inWords(a Answer) string {
	var words []string
	if a.Unmet != "" {
		words = append(words, "unmet: "+a.Unmet)
	}
	if a.NotJudged != "" {
		words = append(words, "not judged: "+a.NotJudged)
	}
	if len(words) == 0 {
		return "met"
	}
	return strings.Join(words, ", ")
}

func TestNamesMachine(t *testing.T) {
	for text, want := range map[string]bool{`(MACHINE == "a")`: true, `Feature == "machine-room"`: true, `(Arch == "AMD64")`: false, `Machines == 1`: false} {
		if NamesMachine(text) != want {
			t.Errorf("%s: %t", text, !want)
		}
	}
}

// FuzzParse judges any expression in bounded work, and the same each time.
func FuzzParse(f *testing.F) {
	f.Add(`(Arch == "R6000") && (OpSys == "AIX53") || !(Feature == "gpu")`)
	f.Add(`Machine == {"a" "b",}`)
	f.Add(`((((!Memory >= -1.5`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		if e.Size() > mostTokens || e.Size() > len(text) {
			t.Errorf("%d parts", e.Size())
		}
		a, b := e.Judge(machine), e.Judge(machine)
		if a != b || len(a.Unmet)+len(a.NotJudged) > 8*len(text)+100 {
			t.Errorf("%+v, %+v", a, b)
		}
		if none := e.Judge(func(string) Value { return Value{} }); none.Unmet != "" {
			t.Errorf("a machine of which nothing is known does not meet %s", none.Unmet)
		}
	})
}
