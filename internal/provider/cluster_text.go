package provider

import (
	"fmt"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// endpoint is a node as the computed texts need it.
type endpoint struct{ name, address string }

// endpoints returns the nodes that have an address, the front-end first.
func endpoints(states map[string]nodeState) []endpoint {
	var front, workers []endpoint
	for _, name := range sortedNames(states) {
		s := states[name]
		e := endpoint{name, s.Address.ValueString()}
		switch {
		case e.address == "":
		case s.Role.ValueString() == string(cluster.RoleFrontEnd):
			front = append(front, e)
		default:
			workers = append(workers, e)
		}
	}
	return append(front, workers...)
}

// hostsFile writes the nodes as /etc/hosts has them.
func hostsFile(states map[string]nodeState) string {
	var b strings.Builder
	for _, e := range endpoints(states) {
		fmt.Fprintf(&b, "%s\t%s\n", e.address, e.name)
	}
	return b.String()
}

// sshConfig writes an OpenSSH client configuration. frontEnd is where the
// front-end is reached; if that is not its fixed address, workers are reached
// through it.
func sshConfig(clusterName, loginUser, frontEnd string, states map[string]nodeState) string {
	var b strings.Builder
	front := cluster.FrontEndName(clusterName)
	through := frontEnd != "" && frontEnd != states[front].Address.ValueString()
	for _, e := range endpoints(states) {
		address := e.address
		if e.name == front && frontEnd != "" {
			address = frontEnd
		}
		fmt.Fprintf(&b, "Host %s\n  HostName %s\n  HostKeyAlias %s\n", e.name, address, e.name)
		if loginUser != "" {
			fmt.Fprintf(&b, "  User %s\n", loginUser)
		}
		if through && e.name != front {
			fmt.Fprintf(&b, "  ProxyJump %s\n", front)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}
