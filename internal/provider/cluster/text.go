package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Endpoint is a node as the texts for a user's own machines name it.
type Endpoint struct {
	Name     string
	Address  string // "" for a node that has none yet
	FrontEnd bool
}

// reachable returns the nodes that have an address: front-ends first, then workers,
// each in order of their names.
func reachable(nodes []Endpoint) []Endpoint {
	out := slices.DeleteFunc(slices.Clone(nodes), func(e Endpoint) bool { return e.Address == "" })
	slices.SortFunc(out, func(a, b Endpoint) int {
		switch {
		case a.FrontEnd == b.FrontEnd:
			return cluster.CompareNames(a.Name, b.Name)
		case a.FrontEnd:
			return -1
		default:
			return 1
		}
	})
	return out
}

func endpoints(states map[string]nodeState) []Endpoint {
	out := make([]Endpoint, 0, len(states))
	for name, s := range states {
		out = append(out, Endpoint{Name: name, Address: s.Address.ValueString(), FrontEnd: s.Role.ValueString() == string(cluster.RoleFrontEnd)})
	}
	return out
}

// HostsFile returns the lines of /etc/hosts for the nodes that have an address,
// front-ends first.
func HostsFile(nodes []Endpoint) string {
	var b strings.Builder
	for _, e := range reachable(nodes) {
		fmt.Fprintf(&b, "%s\t%s\n", e.Address, e.Name)
	}
	return b.String()
}

func hostsFile(states map[string]nodeState) string { return HostsFile(endpoints(states)) }

// sshConfig returns an OpenSSH client configuration. frontEnd is the address at which
// the front-end is reached; if that is not its fixed address, workers are reached
// through the front-end.
func sshConfig(clusterName, loginUser, frontEnd string, states map[string]nodeState) string {
	var b strings.Builder
	front := cluster.FrontEndName(clusterName)
	through := frontEnd != "" && frontEnd != states[front].Address.ValueString()
	for _, e := range reachable(endpoints(states)) {
		address := e.Address
		if e.Name == front && frontEnd != "" {
			address = frontEnd
		}
		fmt.Fprintf(&b, "Host %s\n  HostName %s\n  HostKeyAlias %s\n", e.Name, address, e.Name)
		if loginUser != "" {
			fmt.Fprintf(&b, "  User %s\n", loginUser)
		}
		if through && e.Name != front {
			fmt.Fprintf(&b, "  ProxyJump %s\n", front)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}
