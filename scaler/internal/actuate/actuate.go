// Package actuate carries out decisions. Actuators: nova, which makes and
// deletes servers exactly as the Terraform provider does, by the same code; and
// dry-run, which does nothing.
package actuate

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// PutOffError is a failure to add workers that says nothing of their group, such
// as a lock that somebody else holds. It does not count against the group: the
// actuator knows itself when to try again.
type PutOffError struct{ Err error }

func (e PutOffError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e PutOffError) Unwrap() error { return e.Err }

// Provisioner is what the nova actuator needs; *provision.Provisioner has it.
type Provisioner interface {
	Read(ctx context.Context, nameOrID string, known cluster.Nodes) (cluster.View, error)
	AddWorkers(ctx context.Context, clusterID, group string, n int) ([]string, error)
	AddWorkersOutside(ctx context.Context, clusterID, group string, n int, avoid []string) ([]string, error)
	SetLeaving(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error
	RemoveWorkers(ctx context.Context, clusterID string, names, drained []string) error
	DiscardServer(ctx context.Context, clusterID, serverID string) error
}

// Nova acts by direct calls to the cloud.
type Nova struct {
	cluster string // name or ID
	p       Provisioner
	looks   Provisioner // likewise, but its reading leaves the front-end's report where it is; nil: there is none

	mu   sync.Mutex
	keep bool          // reports
	seen cluster.Nodes // by the last read: a list leaves out what a cell that is down has
}

// NewNova returns an actuator for the cluster of that name or ID.
func NewNova(nameOrID string, p Provisioner) *Nova { return &Nova{cluster: nameOrID, p: p} }

// Looking gives it a provisioner whose reading leaves the front-end's report in its
// slot, for as long as KeepReports says.
func (n *Nova) Looking(p Provisioner) *Nova {
	n.looks = p
	return n
}

// KeepReports has Read leave the front-end's report to another scaler.
func (n *Nova) KeepReports(keep bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keep = keep && n.looks != nil
}

func (n *Nova) reader() Provisioner {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.keep {
		return n.looks
	}
	return n.p
}

// Read reads the cluster. Without a cluster document that is an error.
func (n *Nova) Read(ctx context.Context) (cluster.View, error) {
	v, err := n.reader().Read(ctx, n.cluster, n.known())
	if err != nil {
		return cluster.View{}, err
	}
	n.remember(v.Nodes)
	if !v.HasDocument {
		return cluster.View{}, fmt.Errorf("read cluster %s: %w: there is no cluster document", n.cluster, provision.ErrNoFrontEnd)
	}
	return v, nil
}

func (n *Nova) known() cluster.Nodes {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen
}

func (n *Nova) remember(nodes cluster.Nodes) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = nodes
}

// Add makes workers of a group and returns their names.
func (n *Nova) Add(ctx context.Context, clusterID, group string, count int) ([]string, error) {
	return n.p.AddWorkers(ctx, clusterID, group, count)
}

// Mark asks workers to leave, or to stay after all.
func (n *Nova) Mark(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error {
	return n.p.SetLeaving(ctx, clusterID, marks)
}

// Remove deletes workers and takes them from the roster.
func (n *Nova) Remove(ctx context.Context, clusterID string, names, drained []string) error {
	if err := n.p.RemoveWorkers(ctx, clusterID, names, drained); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	// Nobody needs to ask what became of them, but of those that may have stayed.
	n.seen = slices.DeleteFunc(slices.Clone(n.seen), func(s cluster.Node) bool {
		return slices.Contains(names, s.Name) && !slices.Contains(drained, s.Name)
	})
	return nil
}

// DryRun does nothing. What would have been done is in the decision.
type DryRun struct{}

// Add makes workers of a group and returns their names.
func (DryRun) Add(context.Context, string, string, int) ([]string, error) { return nil, nil }

// Mark asks workers to leave, or to stay after all.
func (DryRun) Mark(context.Context, string, map[string]cluster.Leaving) error { return nil }

// Remove deletes workers and takes them from the roster.
func (DryRun) Remove(context.Context, string, []string, []string) error { return nil }

// ShapeOfFlavor estimates what a worker offers to jobs: the kernel and firmware
// keep a part of the memory to themselves. The pool tells better once one worker
// has been seen there. The disk is left open: how much of it an image leaves
// free is not to be known.
func ShapeOfFlavor(vcpus, ramMiB int) queue.Shape {
	return queue.Shape{Cpus: vcpus, MemoryMiB: max(0, ramMiB-ramMiB/32-64)}
}
