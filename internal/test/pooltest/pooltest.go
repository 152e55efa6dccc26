// Package pooltest gives a real HTCondor pool the configuration that the node program
// writes.
package pooltest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
)

// program writes a node's configuration by the node program's own module. The pool's
// machines have host names of their own.
const program = `
import sys
sys.path.insert(0, sys.argv[1])
from node.batch import Given, htcondor
class Node: pass
n = Node()
n.name, n.domain, n.group = sys.argv[2], sys.argv[3], "cpu"
n.is_front_end, n.server_id, n.full = n.name == "front-end", "server-of-" + n.name, lambda name: name + "." + n.domain
text = htcondor.HTCondor(n).configuration(Given(sys.argv[4], None, "", "", {}))
print(text.replace("NETWORK_HOSTNAME = front-end", "# NETWORK_HOSTNAME = front-end"))
`

// Configuration returns what the node program writes for a node of a pool: for the
// front-end if node is "front-end", else for the worker of that name. Domain is the
// pool's UID_DOMAIN, manager the host of its collector.
func Configuration(ctx context.Context, node, domain, manager string) (string, error) {
	_, here, _, _ := runtime.Caller(0)
	internal := filepath.Dir(filepath.Dir(filepath.Dir(here)))
	out, err := exec.CommandContext(ctx, "python3", "-B", "-c", program, internal, node, domain, manager).Output()
	if err != nil {
		return "", fmt.Errorf("write the configuration of %s: %w", node, err)
	}
	return string(out), nil
}
