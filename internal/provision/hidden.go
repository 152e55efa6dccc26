package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// HiddenError says that the cloud does not tell about servers that were there.
type HiddenError struct {
	Nodes cluster.Nodes // as last known
	Err   error         // the cloud's answer about the first of them
}

func (e *HiddenError) Error() string {
	var names []string
	for _, n := range e.Nodes {
		names = append(names, fmt.Sprintf("%s (server %s)", n.Name, n.ID))
	}
	return fmt.Sprintf("the cloud neither lists %s nor says that it is gone: %v", strings.Join(names, ", "), e.Err)
}

func (e *HiddenError) Unwrap() error { return e.Err }

// complete looks up by ID each known server that a list lacks. A list says nothing
// of servers in a cell that is down (below microversion 2.69 Nova leaves them out
// of one with a filter), while a look-up by ID then fails: only "not found" there
// means that a server is gone. It returns the list with those that are there all
// the same; the error is a *HiddenError, beside what could be found out.
func (p *Provisioner) complete(ctx context.Context, id string, listed, known cluster.Nodes) (cluster.Nodes, error) {
	lacking := slices.DeleteFunc(slices.Clone(known), func(n cluster.Node) bool {
		return n.ID == "" || slices.ContainsFunc(listed, func(l cluster.Node) bool { return l.ID == n.ID })
	})
	if len(lacking) == 0 {
		return listed, nil
	}
	found := make([]cluster.Node, len(lacking))
	failed := make([]error, len(lacking))
	var g errgroup.Group
	g.SetLimit(p.opts.Concurrency)
	for i, n := range lacking {
		g.Go(func() error {
			found[i], failed[i] = p.cloud.NodeByID(ctx, n.ID)
			return nil
		})
	}
	_ = g.Wait() // failures are kept with their servers
	out := slices.Clone(listed)
	hidden := &HiddenError{}
	for i, n := range lacking {
		switch {
		case failed[i] == nil && found[i].ClusterID == id && !found[i].Gone():
			out = append(out, found[i])
		case failed[i] == nil || cluster.IsKind(failed[i], cluster.FaultNotFound):
			// gone, or somebody has taken it out of the cluster
		default:
			hidden.Nodes = append(hidden.Nodes, n)
			if hidden.Err == nil {
				hidden.Err = failed[i]
			}
		}
	}
	if len(hidden.Nodes) > 0 {
		return out, hidden
	}
	return out, nil
}

// withHidden is a list in which servers that the cloud does not tell about stand
// as they were, with a status that decides nothing: for a run under way that has
// seen them before.
func withHidden(nodes, hidden cluster.Nodes) cluster.Nodes {
	for _, n := range hidden {
		n.Status = cluster.StatusUnknown
		nodes = append(nodes, n)
	}
	return nodes
}
