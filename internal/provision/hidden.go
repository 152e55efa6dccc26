package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// HiddenError means that the cloud says nothing about servers that were there.
type HiddenError struct {
	Nodes cluster.Nodes // as last known
	Err   error         // the cloud's answer to the look-up of the first of them
}

func (e *HiddenError) Error() string {
	var names []string
	for _, n := range e.Nodes {
		names = append(names, fmt.Sprintf("%s (server %s)", n.Name, n.ID))
	}
	return fmt.Sprintf("the cloud neither lists %s nor says that it is gone: %v", strings.Join(names, ", "), e.Err)
}

func (e *HiddenError) Unwrap() error { return e.Err }

// complete looks up by ID each known server that a list lacks, and returns the list
// with those that are still there. A list leaves out servers in a cell that is down
// (Nova below microversion 2.69, where the list has a filter), while a look-up by ID
// then fails: only "not found" there means that a server is gone. The error is a
// *HiddenError; the list is valid beside it. concurrency is the number of look-ups
// side by side.
func complete(ctx context.Context, cloud batch.Cloud, concurrency int, id string, listed, known cluster.Nodes) (cluster.Nodes, error) {
	lacking := slices.DeleteFunc(slices.Clone(known), func(n cluster.Node) bool { return n.ID == "" || hasID(listed, n.ID) })
	if len(lacking) == 0 {
		return listed, nil
	}
	found, failed := lookUp(ctx, cloud, concurrency, lacking)
	out := slices.Clone(listed)
	hidden := &HiddenError{}
	for i, n := range lacking {
		switch {
		case failed[i] == nil && found[i].ClusterID == id && !found[i].Gone():
			out = append(out, found[i])
		case failed[i] == nil || cluster.IsKind(failed[i], cluster.FaultNotFound):
			// gone, or its owner has taken it out of the cluster
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

// lookUp reads each of the nodes by its ID: the results and the failures stand in
// the order of the nodes.
func lookUp(ctx context.Context, cloud batch.Cloud, concurrency int, nodes cluster.Nodes) ([]cluster.Node, []error) {
	found := make([]cluster.Node, len(nodes))
	failed := make([]error, len(nodes))
	var g errgroup.Group
	g.SetLimit(concurrency)
	for i, n := range nodes {
		g.Go(func() error {
			found[i], failed[i] = cloud.NodeByID(ctx, n.ID)
			return nil
		})
	}
	_ = g.Wait() // failures are kept with their servers
	return found, failed
}

// withHidden returns a list completed by servers that the cloud says nothing about.
// They stand in it as a run has seen them before, with a status that decides nothing.
func withHidden(nodes, hidden cluster.Nodes) cluster.Nodes {
	for _, n := range hidden {
		n.Status = cluster.StatusUnknown
		nodes = append(nodes, n)
	}
	return nodes
}
