package actuate

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// Nova acts by direct calls to the cloud.
type Nova struct {
	cluster string // name or ID
	p       Provisioner
	looks   Provisioner // reads without taking the front-end's report from its slot; nil: there is none

	mu   sync.Mutex
	keep bool          // reports
	seen cluster.Nodes // by the last reading: a list leaves out the servers of a cell that is down
}

// NewNova returns an actuator for the cluster of that name or ID.
func NewNova(nameOrID string, p Provisioner) *Nova { return &Nova{cluster: nameOrID, p: p} }

// Looking sets a provisioner that reads without taking the front-end's report from its
// slot. Nova uses it while KeepReports is set.
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
	// The next reading asks only for those that may have stayed.
	n.seen = slices.DeleteFunc(slices.Clone(n.seen), func(s cluster.Node) bool {
		return slices.Contains(names, s.Name) && !slices.Contains(drained, s.Name)
	})
	return nil
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

// AddOutside is Add without some availability zones, if there are others.
func (n *Nova) AddOutside(ctx context.Context, clusterID, group string, count int, avoid []string) ([]string, error) {
	return n.p.AddWorkersOutside(ctx, clusterID, group, count, avoid)
}

// Discard deletes one server by its ID and leaves the roster as it is.
func (n *Nova) Discard(ctx context.Context, clusterID, serverID string) error {
	if err := n.p.DiscardServer(ctx, clusterID, serverID); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = slices.DeleteFunc(slices.Clone(n.seen), func(s cluster.Node) bool { return s.ID == serverID })
	return nil
}

// Provisioner has the calls of the nova actuator; *provision.Provisioner satisfies it.
type Provisioner interface {
	Read(ctx context.Context, nameOrID string, known cluster.Nodes) (cluster.View, error)
	AddWorkers(ctx context.Context, clusterID, group string, n int) ([]string, error)
	AddWorkersOutside(ctx context.Context, clusterID, group string, n int, avoid []string) ([]string, error)
	SetLeaving(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error
	RemoveWorkers(ctx context.Context, clusterID string, names, drained []string) error
	DiscardServer(ctx context.Context, clusterID, serverID string) error
}
