// Package pooltest gives a real HTCondor pool the configuration that the node program
// writes.
package pooltest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
)

// program writes a node's configuration by the node program's own modules. The pool's
// machines have host names of their own.
const program = `
import sys
sys.path.insert(0, sys.argv[1])
from node import node as module
from node.batch import Given, htcondor
name, domain, manager = sys.argv[2:]
role = "front_end" if name == "front-end" else "worker"
module.read_json = lambda path: {"id": "0", "cluster": "pool", "name": name, "group": "cpu", "role": role}
class Node(module.Node):
    server_id = "server-of-" + name
node = Node()
node.domain = domain
text = htcondor.HTCondor(node).configuration(Given(manager, None, "", "", {}))
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
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("write the configuration of %s: %w", node, err)
	}
	return string(out), nil
}
