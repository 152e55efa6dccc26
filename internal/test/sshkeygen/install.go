package sshkeygen

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the import path of the command that Install builds.
const program = "github.com/vmcluster/terraform-provider-vmcluster/internal/test/sshkeygen/ssh-keygen"

// Install builds the command ssh-keygen into a folder of the test's own and
// returns the folder, for the front of a search path.
func Install(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "ssh-keygen"), program)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build ssh-keygen: %v\n%s", err, out)
	}
	return dir
}
