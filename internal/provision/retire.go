package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// Retired is what became of the request to delete workers. Each list is in order of name.
type Retired struct {
	Accepted   []string // the cloud deletes the server, or has none under the name
	CalledBack []string // not marked to leave any more, so not deleted
	Refused    []Refusal
	Unknown    []Refusal // the answer was lost: the cloud may carry the deletion out
}

// Refusal is a server whose deletion the cloud has not accepted.
type Refusal struct {
	Name string
	Err  error // in the cloud's words; a later request may succeed unless Locked
}

// Locked reports whether the server stays until its owner unlocks it.
func (r Refusal) Locked() bool { return isLocked(r.Err) }

// RequestDeletion asks for the deletion of workers' servers and returns without waiting
// until they are gone. The roster keeps the workers, with their marks, until Forget: so
// they are not enrolled again, and the front-end keeps them closed. It does not drain: the
// caller has seen that the workers run nothing. Of those in drained the caller has seen
// it because they were drained: such a worker stays if it is not marked to leave any
// more. A person has called it back, and it may have got a job since.
func (p Steps) RequestDeletion(ctx context.Context, ref cluster.Ref, names, drained []string) (Retired, error) {
	view, _, err := p.open(ctx, ref)
	if err != nil {
		return Retired{}, err
	}
	doomed, calledBack := stillWanted(view, names, drained)
	if len(calledBack) > 0 {
		p.opts.Log(ctx, "not deleting workers that were called back", "nodes", calledBack)
	}
	servers := serversOf(view, doomed)
	out := Retired{CalledBack: calledBack}
	for _, r := range p.requestDeletion(ctx, ref, servers) {
		delete(doomed, r.Name)
		if cluster.IsKind(r.Err, cluster.FaultUnavailable) {
			out.Unknown = append(out.Unknown, r)
		} else {
			out.Refused = append(out.Refused, r)
		}
	}
	out.Accepted = slices.SortedFunc(maps.Keys(doomed), cluster.CompareNames)
	return out, context.Cause(ctx)
}

// requestDeletion sends one deletion for each server and returns the refusals.
func (p Steps) requestDeletion(ctx context.Context, ref cluster.Ref, servers cluster.Nodes) []Refusal {
	if len(servers) == 0 {
		return nil
	}
	p.opts.Log(ctx, "deleting servers", "nodes", servers.Names())
	d := deletion{p: p.Provisioner, clusterID: ref.ID, servers: servers}
	d.request(ctx, servers)
	var out []Refusal
	for _, n := range servers {
		if err := d.said[n.ID]; err != nil {
			out = append(out, Refusal{Name: n.Name, Err: err})
		}
	}
	return out
}

// isLocked reports whether a deletion was refused because the owner has locked the server
// (nova: "Instance … is locked", by compute/api.py check_instance_lock).
func isLocked(err error) bool {
	return cluster.IsKind(err, cluster.FaultConflict) && strings.Contains(err.Error(), "is locked")
}

// Forget takes workers whose servers are gone out of the roster, in one write, and returns
// their names in order. A worker of which any server is still there stays. known are the
// servers of those workers as the caller has seen them last: one that a list lacks is
// asked for by its ID, and if the cloud does not say that it is gone, the error is a
// HiddenError and nothing is forgotten.
func (p Steps) Forget(ctx context.Context, ref cluster.Ref, names []string, known cluster.Nodes) ([]string, error) {
	known = slices.DeleteFunc(slices.Clone(known), func(n cluster.Node) bool { return !slices.Contains(names, n.Name) })
	view, err := p.Refresh(ctx, ref, known)
	if err != nil {
		return nil, err
	}
	fe, ok := view.Nodes.FrontEnd()
	if !ok || !view.HasDocument {
		return nil, fmt.Errorf("forget workers: %w", ErrNoFrontEnd)
	}
	var gone []string
	doc, err := p.store(fe.ID).Change(ctx, nil, func(d *cluster.Document) error {
		gone = nil
		roster.Forget(d, func(m cluster.Member) bool {
			leaves := slices.Contains(names, m.Name) && vanished(view.Document, view.Nodes, m)
			if leaves {
				gone = append(gone, m.Name)
			}
			return leaves
		})
		if len(gone) == 0 {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return nil, err
	}
	cluster.SortNames(gone)
	lost := slices.DeleteFunc(known, func(n cluster.Node) bool { return !slices.Contains(gone, n.Name) })
	batch.ServerGroups{Maker: p.maker()}.Tidy(ctx, batch.HeldBy(cluster.Document{}, lost), lost, doc)
	return gone, nil
}

// RequestDiscard asks for the deletion of one worker's server by its ID and returns
// without waiting until it is gone. The roster stays as it is: it holds another server of
// that name, or none. A server that is in the roster by now is not deleted, and the
// error is a conflict.
func (p Steps) RequestDiscard(ctx context.Context, ref cluster.Ref, serverID string) error {
	view, _, err := p.open(ctx, ref)
	if err != nil {
		return err
	}
	doomed, err := discardable(view, serverID)
	if err != nil {
		return err
	}
	for _, refusal := range p.requestDeletion(ctx, ref, doomed) {
		return refusal.Err
	}
	return context.Cause(ctx)
}

// discardable returns the server to discard, none where it is gone.
func discardable(view cluster.View, serverID string) (cluster.Nodes, error) {
	i := slices.IndexFunc(view.Nodes, func(n cluster.Node) bool { return n.ID == serverID && n.Role == cluster.RoleWorker })
	if i < 0 {
		return nil, nil
	}
	n := view.Nodes[i]
	twin := slices.ContainsFunc(view.Nodes, func(o cluster.Node) bool { return o.Name == n.Name && o.ID != n.ID && !o.Gone() })
	if view.Document.Enrolled(n) && !twin {
		return nil, &cluster.CloudError{
			Kind: cluster.FaultConflict, Op: "delete server " + serverID,
			Message: fmt.Sprintf("%s is in the roster by now", n.Name),
		}
	}
	return cluster.Nodes{n}, nil
}
