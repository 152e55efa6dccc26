package cloudinit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The node program is Python and so are its tests; they need python3 and
// ssh-keygen, which every machine that builds has.
func TestNodeProgram(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "python3", "-B", "-m", "unittest", "node_test").CombinedOutput()
	if err != nil {
		t.Errorf("python3 -m unittest node_test: %v\n%s", err, out)
	}
}

// The program finds its module where the user data puts it, hands its arguments on,
// and returns its status.
func TestProgramRunsItsModule(t *testing.T) {
	dir := t.TempDir()
	if strings.Count(nodeProgram, moduleFolder) != 1 {
		t.Fatalf("the program does not name %s:\n%s", moduleFolder, nodeProgram)
	}
	program := filepath.Join(dir, "vmcluster-node")
	for name, text := range map[string]string{
		program: strings.Replace(nodeProgram, moduleFolder, dir, 1),
		filepath.Join(dir, filepath.Base(modulePath)): nodeModule,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "python3", program, "no-such-verb").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "vmcluster-node: what a node") {
		t.Errorf("%v, want exit status 2 and the usage:\n%s", err, out)
	}
}
