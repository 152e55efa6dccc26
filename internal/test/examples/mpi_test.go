package examples

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// The job scripts are ones that a shell reads. What they do is tried on real clusters.
func TestJobScripts(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join(root, "mpi", "*.sh"))
	if err != nil || len(scripts) != 2 {
		t.Fatal(scripts, err)
	}
	for _, name := range scripts {
		if out, err := exec.CommandContext(t.Context(), "sh", "-n", name).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
