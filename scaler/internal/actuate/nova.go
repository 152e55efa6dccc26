package actuate

import (
	"context"
	"errors"
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
	looks   bool // the front-end's report always stays in its slot

	mu     sync.Mutex
	name   string        // of the cluster, by the last reading
	seen   cluster.Nodes // by the last reading: a list leaves out the servers of a cell that is down
	doomed cluster.Nodes // whose deletion was accepted, until they are forgotten
}

// NewNova returns an actuator for the cluster of that name or ID.
func NewNova(nameOrID string, p Provisioner) *Nova { return &Nova{cluster: nameOrID, p: p} }

// Looking has Nova leave the front-end's report to the scaler that acts.
func (n *Nova) Looking() *Nova {
	n.looks = true
	return n
}

// Read reads the cluster, without the front-end's report. Without a cluster document that
// is an error.
func (n *Nova) Read(ctx context.Context) (cluster.View, error) {
	v, err := n.p.ReadNodes(ctx, n.cluster, n.known())
	if err != nil {
		return cluster.View{}, err
	}
	n.mu.Lock()
	n.seen, n.name = v.Nodes, v.Document.Name
	n.mu.Unlock()
	if !v.HasDocument {
		return cluster.View{}, fmt.Errorf("read cluster %s: %w: there is no cluster document", n.cluster, provision.ErrNoFrontEnd)
	}
	return v, nil
}

// Report returns a view with the front-end's report, which stays in its slot if keep is
// set.
func (n *Nova) Report(ctx context.Context, v cluster.View, keep bool) (cluster.View, error) {
	return n.p.ReadReport(ctx, v, keep || n.looks)
}

// Post sends the create calls of new workers of all groups together. The error names
// those that the cloud has refused.
func (n *Nova) Post(ctx context.Context, clusterID string, orders []Order, reserved []string) (Posted, error) {
	all := make([]provision.Order, 0, len(orders))
	for _, o := range orders {
		all = append(all, provision.Order{Group: o.Group, Count: o.Count, Avoid: o.Avoid, Reserved: reserved})
	}
	p, err := n.p.Post(ctx, n.ref(clusterID), all)
	return Posted{Accepted: p.Accepted.Names(), Unknown: p.Unknown}, errors.Join(refusal(p), err)
}

// refusal returns an error about the workers that were refused; nil if there are none.
func refusal(p provision.Posted) error {
	if len(p.Refused) == 0 {
		return nil
	}
	first := p.Refused[0]
	return &cluster.CloudError{
		Kind: first.Kind, Op: fmt.Sprintf("add workers: %d of %d are made", len(p.Accepted), len(p.Accepted)+len(p.Unknown)+len(p.Refused)),
		Message: first.Name + " " + first.Message, Err: cluster.NotMadeError(p.Refused),
	}
}

// Mark asks workers to leave, or to stay after all.
func (n *Nova) Mark(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error {
	return n.p.SetLeaving(ctx, n.ref(clusterID), marks)
}

// Enrol writes the workers of a reading that are ready into the roster.
func (n *Nova) Enrol(ctx context.Context, v cluster.View) ([]string, error) {
	return n.p.Enrol(ctx, v)
}

// Remove asks for the deletion of workers' servers. The roster keeps the workers. It
// returns the names of those that may go: the cloud has accepted it, or its answer was
// lost.
func (n *Nova) Remove(ctx context.Context, clusterID string, names, drained []string) ([]string, error) {
	out, err := n.p.RequestDeletion(ctx, n.ref(clusterID), names, drained)
	failed, going := []error{err}, slices.Clone(out.Accepted)
	for _, r := range out.Unknown {
		going = append(going, r.Name)
		failed = append(failed, fmt.Errorf("%s may be there for longer: %w", r.Name, r.Err))
	}
	for _, r := range out.Refused {
		failed = append(failed, fmt.Errorf("%s is still there: %w", r.Name, r.Err))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.seen {
		if slices.Contains(going, s.Name) && !slices.ContainsFunc(n.doomed, func(d cluster.Node) bool { return d.ID == s.ID }) {
			n.doomed = append(n.doomed, s)
		}
	}
	return going, errors.Join(failed...)
}

// Forget takes workers whose servers are gone out of the roster.
func (n *Nova) Forget(ctx context.Context, clusterID string, names []string) ([]string, error) {
	n.mu.Lock()
	known := slices.Clone(n.doomed)
	n.mu.Unlock()
	gone, err := n.p.Forget(ctx, n.ref(clusterID), names, known)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.doomed = slices.DeleteFunc(n.doomed, func(s cluster.Node) bool { return slices.Contains(gone, s.Name) })
	return gone, err
}

// Discard asks for the deletion of one server by its ID and leaves the roster as it is.
func (n *Nova) Discard(ctx context.Context, clusterID, serverID string) error {
	return n.p.RequestDiscard(ctx, n.ref(clusterID), serverID)
}

// ref returns the cluster as it was read last.
func (n *Nova) ref(clusterID string) cluster.Ref {
	n.mu.Lock()
	defer n.mu.Unlock()
	return cluster.Ref{ID: clusterID, Name: n.name}
}

func (n *Nova) known() cluster.Nodes {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen
}

// Provisioner has the calls of the nova actuator; provision.Steps satisfies it.
type Provisioner interface {
	ReadNodes(ctx context.Context, nameOrID string, known cluster.Nodes) (cluster.View, error)
	ReadReport(ctx context.Context, v cluster.View, keep bool) (cluster.View, error)
	Post(ctx context.Context, ref cluster.Ref, orders []provision.Order) (provision.Posted, error)
	Enrol(ctx context.Context, v cluster.View) ([]string, error)
	SetLeaving(ctx context.Context, ref cluster.Ref, marks map[string]cluster.Leaving) error
	RequestDeletion(ctx context.Context, ref cluster.Ref, names, drained []string) (provision.Retired, error)
	Forget(ctx context.Context, ref cluster.Ref, names []string, known cluster.Nodes) ([]string, error)
	RequestDiscard(ctx context.Context, ref cluster.Ref, serverID string) error
}
