package cloudinit

import (
	"os/exec"
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
