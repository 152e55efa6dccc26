package cluster

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Role is the part of a node in its cluster.
type Role string

// The roles of a node.
const (
	RoleFrontEnd Role = "front_end"
	RoleWorker   Role = "worker"
)

// Status is a server's status in Nova's words. A cloud may return any value; only
// those that some rule uses are named here.
type Status string

// The statuses that some rule uses.
const (
	StatusActive  Status = "ACTIVE"
	StatusBuild   Status = "BUILD"
	StatusError   Status = "ERROR"
	StatusShutoff Status = "SHUTOFF"
	StatusDeleted Status = "DELETED"
	StatusUnknown Status = "UNKNOWN" // a cell is down (microversion 2.69); the server may well be alive
)

// Fault is the reason for which Nova set a server to ERROR.
type Fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Node is a member of a cluster as the cloud shows it.
type Node struct {
	ID          string            `json:"id"` // server ID
	Name        string            `json:"name"`
	ClusterID   string            `json:"cluster_id"`
	ClusterName string            `json:"cluster_name"`
	Role        Role              `json:"role"`
	Group       string            `json:"group,omitempty"`    // "" for the front-end
	Address     string            `json:"address,omitempty"`  // first fixed address; "" while none is assigned
	Floating    string            `json:"floating,omitempty"` // first floating address, once Nova shows it
	Status      Status            `json:"status"`
	Fault       *Fault            `json:"fault,omitempty"`        // for StatusError, if Nova gives one
	Zone        string            `json:"zone,omitempty"`         // availability zone
	ServerGroup string            `json:"server_group,omitempty"` // policy of the server group that it was made in, from its metadata
	Image       string            `json:"image,omitempty"`        // ID
	Flavor      string            `json:"flavor,omitempty"`       // ID, from the node's metadata
	SpecHash    string            `json:"spec_hash,omitempty"`    // of the spec that the node was made from
	Owner       string            `json:"owner,omitempty"`        // its maker: "terraform" or "scaler"
	Batch       string            `json:"batch,omitempty"`        // the batch whose CA signed its first host key; "" for an older node without one
	BatchCA     string            `json:"batch_ca,omitempty"`     // public half of that CA; "" where the metadata hold none that proves the batch
	Protected   bool              `json:"protected,omitempty"`    // the scaler must leave it alone
	Created     time.Time         `json:"created,omitzero"`
	Launched    time.Time         `json:"-"`                  // when its build was done, by Nova's clock as Created is; zero: it is not, or Nova does not say
	Volumes     []string          `json:"volumes,omitempty"`  // IDs of the volumes that go with the server
	Metadata    map[string]string `json:"metadata,omitempty"` // all of the server's metadata
	Leases      []string          `json:"leases,omitempty"`   // of scalers, on the front-end: see LeaseTag
	Memos       []string          `json:"memos,omitempty"`    // of scalers, likewise: see MemoTag

	NeverFloated bool `json:"never_floated,omitempty"` // on a front-end: see NoFloatingTag
}

// Gone reports whether the server is deleted already, though a list still shows it.
func (n Node) Gone() bool { return n.Status.Standing() == Gone }

// Broken reports whether Nova has given the server up.
func (n Node) Broken() bool { return n.Status == StatusError }

// Ending reports whether the server is given up or being deleted.
func (n Node) Ending() bool { return n.Broken() || n.Status == StatusDeleting }

// Nodes is a set of nodes.
type Nodes []Node

// FrontEnd returns the front-end. There may be two, after an interrupted replacement
// or a create call whose answer got lost: then one that is not ending comes first, then
// one that has finished a first apply, then the older one.
func (ns Nodes) FrontEnd() (Node, bool) {
	var found []Node
	for _, n := range ns {
		if n.Role == RoleFrontEnd && !n.Gone() {
			found = append(found, n)
		}
	}
	if len(found) == 0 {
		return Node{}, false
	}
	return slices.MinFunc(found, func(a, b Node) int {
		return cmp.Or(
			falseFirst(a.Ending(), b.Ending()),
			falseFirst(a.Metadata[MetaReady] == "", b.Metadata[MetaReady] == ""),
			compareAge(a, b),
		)
	}), true
}

// Distinct returns one server of each name, and the others, which create calls have
// left that were repeated after their answers got lost. The front-end is that of
// FrontEnd. Of two workers the one whose address is in the roster comes first, then one
// that is not ending, then the older one.
func (ns Nodes) Distinct(roster []Member) (one, others Nodes) {
	frontEnd, _ := ns.FrontEnd()
	address := make(map[string]string, len(roster))
	for _, m := range roster {
		address[m.Name] = m.Address
	}
	foreign := func(n Node) bool {
		known, enrolled := address[n.Name]
		return n.ID != frontEnd.ID && (!enrolled || n.Address != known)
	}
	sorted := slices.SortedStableFunc(slices.Values(ns), func(a, b Node) int {
		return cmp.Or(
			CompareNames(a.Name, b.Name),
			falseFirst(foreign(a), foreign(b)),
			falseFirst(a.Ending(), b.Ending()),
			compareAge(a, b),
		)
	})
	for _, n := range sorted {
		switch {
		case n.Gone():
		case len(one) > 0 && one[len(one)-1].Name == n.Name:
			others = append(others, n)
		default:
			one = append(one, n)
		}
	}
	return one, others
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// NeverFloated reports whether these servers of one cluster show that no floating IP was
// ever asked for: there is a front-end, and each one says so.
func (ns Nodes) NeverFloated() bool {
	never := false
	for _, n := range ns {
		if n.Role != RoleFrontEnd {
			continue
		}
		if !n.NeverFloated || n.Floating != "" {
			return false
		}
		never = true
	}
	return never
}

// Workers returns the workers of a group, or of all groups for "", ordered by
// name (numbers as numbers).
func (ns Nodes) Workers(group string) Nodes {
	var out Nodes
	for _, n := range ns {
		if n.Role == RoleWorker && !n.Gone() && (group == "" || n.Group == group) {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b Node) int { return CompareNames(a.Name, b.Name) })
	return out
}

// ByName returns the node of that name.
func (ns Nodes) ByName(name string) (Node, bool) {
	for _, n := range ns {
		if n.Name == name && !n.Gone() {
			return n, true
		}
	}
	return Node{}, false
}

// Names returns the nodes' names in the nodes' order.
func (ns Nodes) Names() []string {
	out := make([]string, 0, len(ns))
	for _, n := range ns {
		out = append(out, n.Name)
	}
	return out
}

func compareAge(a, b Node) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}
