package fleet

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Doubt is what the pool says of a worker and what contradicts the cloud, or is not
// proved. It counts for nothing.
type Doubt struct {
	About string        `json:"about"` // name of the worker
	Why   reason.Reason `json:"why"`
}

// proved reports whether a member of the pool is the node whose name it has, as far as
// the batch system can tell.
func proved(t queue.Traits, w queue.Worker) bool { return !t.Identities || w.Identity == w.Name }

// doubtOf returns why a member of the pool is not taken for a server of its name; zero
// where it is. Address is the one in the roster, or "". Only a batch system whose workers
// prove which nodes they are says something certain of their servers.
func doubtOf(t queue.Traits, w queue.Worker, n cluster.Node, address string) reason.Reason {
	switch {
	case !t.Identities:
		return reason.Reason{}
	case w.Identity != n.Name:
		return reason.New(reason.PoolUnproved, reason.Name("directory", t.DirectoryName()))
	case w.Server != "" && w.Server != n.ID:
		return reason.New(reason.PoolOtherServer, reason.Name("said", w.Server), reason.Name("server", n.ID))
	case w.Address != "" && n.Address != "" && !slices.Contains([]string{n.Address, n.Floating, address}, w.Address):
		return reason.New(reason.PoolOtherAddress, reason.Name("said", w.Address), reason.Name("address", n.Address))
	}
	return reason.Reason{}
}

// doubtOfClaim returns why a claim counts for nothing.
func doubtOfClaim(t queue.Traits, c queue.Claim) Doubt {
	directory := reason.Name("directory", t.DirectoryName())
	switch c.By {
	case c.Node:
		return Doubt{c.Node, reason.New(reason.PoolContradicts, directory)}
	case "":
		return Doubt{c.Node, reason.New(reason.PoolSameName, directory)}
	}
	return Doubt{c.Node, reason.New(reason.PoolSpokenFor, directory, reason.Name("by", c.By))}
}
