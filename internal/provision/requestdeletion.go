package provision

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
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
	if len(servers) > 0 { // before the one that bears the mark goes, another one gets it
		p.witness(ctx, view.Document, slices.DeleteFunc(slices.Clone(view.Nodes), func(n cluster.Node) bool { return hasID(servers, n.ID) }), nil)
	}
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
	d := newDeletion(p.Provisioner, ref.ID)
	d.request(ctx, servers)
	var out []Refusal
	for _, n := range servers {
		if err := d.said[n.ID]; err != nil {
			out = append(out, Refusal{Name: n.Name, Err: err})
		}
	}
	return out
}

// stillWanted returns which of the named workers are to be removed, and those that
// were called back: they are in drained, and no longer marked to leave.
func stillWanted(view cluster.View, names, drained []string) (doomed map[string]bool, calledBack []string) {
	doomed = map[string]bool{}
	for _, name := range names {
		doomed[name] = true
	}
	for _, name := range drained {
		if m, listed := view.Document.Member(name); doomed[name] && listed && m.Leaving == cluster.Stays {
			delete(doomed, name)
			calledBack = append(calledBack, name)
		}
	}
	return doomed, calledBack
}

// serversOf returns the servers of the doomed workers. A worker whose server is gone,
// and in whose place another is being made, is taken out of doomed.
func serversOf(view cluster.View, doomed map[string]bool) cluster.Nodes {
	var servers cluster.Nodes
	for _, n := range view.Nodes.Workers("") {
		_, listed := view.Document.Member(n.Name)
		switch {
		case !doomed[n.Name]:
		case listed && !view.Document.Enrolled(n):
			delete(doomed, n.Name)
		default:
			servers = append(servers, n)
		}
	}
	return servers
}

// isLocked reports whether a deletion was refused because the owner has locked the server
// (nova: "Instance … is locked", by compute/api.py check_instance_lock).
func isLocked(err error) bool {
	return cluster.IsKind(err, cluster.FaultConflict) && strings.Contains(err.Error(), "is locked")
}
