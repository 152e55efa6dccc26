package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
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

// access is what a person's SSH client needs to know of a cluster. Nothing of it
// changes as workers come and go.
type access struct {
	cluster   string
	loginUser string   // "" for none
	groups    []string // names of the worker groups
	address   string   // at which the front-end is reached; "" while there is none
	fixed     string   // the front-end's address on the cluster's own network
	hostKey   string   // the front-end's, authorized_keys form; "" while it is not known
	hostCA    string   // the CA of the workers' host certificates, in the same form
}

// patterns returns the patterns of the workers' names. They are those of groups, because
// the pattern of the cluster ("astro-*") also fits a cluster "astro-test".
func (a access) patterns() []string {
	out := make([]string, 0, len(a.groups))
	for _, group := range slices.Sorted(slices.Values(a.groups)) {
		if cluster.CheckGroupName(group) == nil {
			out = append(out, a.cluster+"-"+group+"-*")
		}
	}
	return out
}

// knownHostsFile returns the path that sshConfig names for the text of knownHosts.
func (a access) knownHostsFile() string { return "~/.ssh/known_hosts_" + a.cluster }

// sshConfig returns an OpenSSH client configuration. Workers are reached through the
// front-end, which looks their names up.
func (a access) sshConfig() string {
	if a.address == "" {
		return ""
	}
	front := cluster.FrontEndName(a.cluster)
	workers := strings.Join(a.patterns(), " ")
	var b strings.Builder
	fmt.Fprintf(&b, "Host %s\n  HostName %s\n  HostKeyAlias %s\n\n", front, a.address, front)
	if workers != "" {
		fmt.Fprintf(&b, "Host %s\n  ProxyJump %s\n\n", workers, front)
	}
	fmt.Fprintf(&b, "Host %s\n", strings.TrimSpace(front+" "+workers))
	if a.loginUser != "" {
		fmt.Fprintf(&b, "  User %s\n", a.loginUser)
	}
	fmt.Fprintf(&b, "  UserKnownHostsFile %s\n  StrictHostKeyChecking yes\n", a.knownHostsFile())
	return b.String()
}

// knownHosts returns the lines of a known_hosts file: the front-end's key, and the CA by
// which it signs the workers' keys. It is "" until the front-end has reported its key.
// The front-end chooses the keys, so each is read as one key before it is written.
func (a access) knownHosts() string {
	hostKey, err := trust.ParsePublic(a.hostKey)
	if err != nil || a.address == "" {
		return ""
	}
	names := []string{cluster.FrontEndName(a.cluster), a.address}
	if a.fixed != "" && a.fixed != a.address {
		names = append(names, a.fixed)
	}
	text := fmt.Sprintf("%s %s\n", strings.Join(names, ","), hostKey)
	if ca, err := trust.ParsePublic(a.hostCA); err == nil && len(a.patterns()) > 0 {
		text += fmt.Sprintf("@cert-authority %s %s\n", strings.Join(a.patterns(), ","), ca)
	}
	return text
}

// accessOf returns what a client needs of an observed cluster.
func accessOf(clusterName, loginUser, address string, groups []string, v cluster.View) access {
	fe, _ := v.Nodes.FrontEnd()
	return access{
		cluster: clusterName, loginUser: loginUser, groups: groups, address: address, fixed: fe.Address,
		hostKey: v.Document.FrontEnd.HostKey, hostCA: v.Document.FrontEnd.HostCA,
	}
}

// access returns what a client needs of the cluster in the model.
func (m model) access(v cluster.View) access {
	groups := slices.Collect(maps.Keys(m.Workers.Elements()))
	return accessOf(m.Name.ValueString(), m.LoginUser.ValueString(), m.FrontEndAddress.ValueString(), groups, v)
}
