//go:build acceptance

package htcondor

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// TestJudgementsAreHTCondors has HTCondor's own classad_eval judge what
// TestRequirements does. It needs no pool.
func TestJudgementsAreHTCondors(t *testing.T) {
	tool, err := exec.LookPath("classad_eval")
	if err != nil {
		t.Skip("HTCondor's classad_eval is not there")
	}
	job, machine := filepath.Join(t.TempDir(), "job"), filepath.Join(t.TempDir(), "machine")
	write(t, job, rowsJob("true"))
	write(t, machine, machineAd())
	for _, tt := range append([]struct{ requirements, unmet string }{
		// what is read from requests
		{"ifthenelse(NotThere isnt undefined,NotThere,(MY.RequestMemory + 1023) / 1024) == 88", met},
		{"7 / 2 == 3 && 7 % 4 == 3 && 7.5 / 2 == 3.75 && -7 / 2 == -3", met},
		{"quantize(1000, 128) == 1024 && int(3.9) == 3 && ceiling(1.1) == 2", met},
		{`Arch =?= "x86_64"`, "unmet"}, {`Arch =?= "X86_64"`, met}, {`"a" < "B"`, met}, {`HasCvmfs > 3 || true`, met}, {`HasCvmfs > 3 && true`, "unmet"}, {`HasCvmfs > 3 && false || HasDocker`, met},
		{`TARGET.HasDocker + 1 == 2`, met}, {`toLower(Arch) =?= "x86_64" && strcat(OpSys, "/", Arch) == "linux/x86_64"`, met},
		{`strcmp("a", "B") > 0 && stricmp("a", "B") < 0`, met}, {`regexp("C", "abc") || !regexp("c", "abc")`, "unmet"},
		// what laziness leaves out
		{"ifThenElse(HasDocker, true, 1/0 > 2) && (HasDocker ? true : 1/0 > 2)", met}, {"HasDocker || 1/0 > 2", met}, {"!HasDocker && 1/0 > 2", "unmet"},
		{"ifThenElse(HasCvmfs, true, true)", "unmet"}, {"ifThenElse(Arch, true, true)", "unmet"}, {"ifThenElse(HasCvmfs, 1, 2) =?= undefined", met},
	}, requirementRows...) {
		if strings.Contains(tt.requirements, "countMatches") {
			continue // AvailableGPUs is a list of ads; here it stands for what they share
		}
		out, err := exec.Command(tool, "-my-file", job, "-target-file", machine, "-quiet", tt.requirements).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", tt.requirements, err, out)
		}
		ours := unmet(rowsJob(tt.requirements), requirementsMachine, requirementsFree) == met
		if packed := strings.Contains(tt.requirements, "RequestMemory)"); !packed {
			if theirs := strings.TrimSpace(string(out)) == "true"; ours != theirs {
				t.Errorf("%s: met %t, HTCondor says %s", tt.requirements, ours, out)
			}
		}
		if ours != (tt.unmet == met) {
			t.Errorf("%s: met %t", tt.requirements, ours)
		}
	}
}

func write(t *testing.T, path string, a ad) {
	t.Helper()
	var text strings.Builder
	for name, v := range a {
		switch v := v.(type) {
		case string:
			fmt.Fprintf(&text, "%s = %q;\n", name, v)
		case int64, float64, bool:
			fmt.Fprintf(&text, "%s = %s;\n", name, classad.TextOf(v))
		}
	}
	if err := os.WriteFile(path, []byte("[\n"+text.String()+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// machineAd is what requirementRows are held against, whole.
func machineAd() ad {
	a := ad(maps.Clone(requirementsMachine))
	a["cpus"], a["memory"], a["gpus"] = int64(requirementsFree.Cpus), int64(requirementsFree.MemoryMiB), int64(requirementsFree.GPUs)
	return a
}
