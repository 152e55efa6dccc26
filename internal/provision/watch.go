package provision

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// waitFleet reads the list until every new worker satisfies ok, for at most
// 1/share of the time left. Who does not by then is a problem, not the end.
func (r *run) waitFleet(ctx context.Context, ok func(cluster.Node) bool, share int, lack string) error {
	waiting, cancel := wait.Share(ctx, share)
	defer cancel()
	pace := wait.ForServers(len(r.fleet.members)).After(time.Since(r.fleet.begun))
	for !r.fleet.every(ok) {
		if err := pace.Wait(waiting); err != nil {
			break
		}
		nodes, err := r.list(waiting)
		if err != nil {
			continue
		}
		if err := r.fleet.observe(waiting, nodes); err != nil {
			break
		}
		r.changed()
		done, n := r.fleet.progress(ok)
		pace.Foresee(done, n, time.Since(r.fleet.begun))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, n := range r.fleet.nodes() {
		if !ok(n) && !slices.ContainsFunc(r.fleet.problems, func(p Problem) bool { return p.Node == n.Name }) {
			r.fleet.problems = append(r.fleet.problems, Problem{
				Node: n.Name, Kind: cluster.FaultOther, Summary: lack + " within the time given", Heals: n.Address == "",
				Detail: "Nova shows it as " + string(n.Status), Console: r.p.console(ctx, n.ID),
			})
		}
	}
	return nil
}

// list reads the cluster's servers. An error is logged: whoever polls tries again
// until his time is over.
func (r *run) list(ctx context.Context) (cluster.Nodes, error) {
	nodes, err := r.p.cloud.Nodes(ctx, cluster.IDTag(r.req.Spec.ID))
	if err != nil {
		r.p.opts.Log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
		return nil, err
	}
	nodes = r.retain(ctx, nodes, nil)
	r.have = nodes
	for _, n := range nodes {
		switch {
		case r.frontEnd.ID == "" || n.Role != cluster.RoleFrontEnd:
		case n.ID == r.frontEnd.ID:
			n.Floating = cmp.Or(n.Floating, r.frontEnd.Floating) // Nova shows it late
			r.frontEnd = n
		case n.Metadata[cluster.MetaBatch] == r.fleet.batchID:
			// A create call's answer got lost and no list showed what it made before the
			// call was repeated. Two front-ends would work against each other.
			r.p.opts.Log(ctx, "deleting a second front-end", "server", n.ID)
			if err := r.p.cloud.DeleteNode(ctx, n.ID); err != nil {
				r.p.opts.Log(ctx, "deleting a second front-end failed; trying again", "error", err.Error())
			}
		}
	}
	return nodes, nil
}

// retain keeps those in a list that this run has seen, has not deleted, and the
// cloud does not call gone: nobody is forgotten because a cell went down meanwhile.
func (r *run) retain(ctx context.Context, listed, doomed cluster.Nodes) cluster.Nodes {
	known := slices.DeleteFunc(slices.Clone(r.have), func(n cluster.Node) bool {
		return r.dropped(n.ID) || slices.ContainsFunc(doomed, func(d cluster.Node) bool { return d.ID == n.ID })
	})
	nodes, err := r.p.complete(ctx, r.req.Spec.ID, listed, known)
	if hidden, ok := errors.AsType[*HiddenError](err); ok {
		r.p.opts.Log(ctx, "the cloud does not tell about servers; they count as they were", "error", err.Error())
		nodes = withHidden(nodes, hidden.Nodes)
	}
	return nodes
}

// dropped tells of a server that a fleet of this run has given up and deletes.
func (r *run) dropped(id string) bool {
	if r.fleet == nil {
		return false
	}
	for _, m := range r.fleet.members {
		if slices.Contains(m.old, id) {
			return true
		}
	}
	return false
}

// nodes are the servers of the cluster as far as this run knows.
func (r *run) nodes() cluster.Nodes {
	byID := map[string]cluster.Node{}
	for _, n := range r.have {
		byID[n.ID] = n
	}
	if r.fleet != nil {
		for _, m := range r.fleet.members {
			for _, id := range m.old { // being deleted, though the last list still had it
				delete(byID, id)
			}
		}
		for _, n := range r.fleet.nodes() {
			byID[n.ID] = n
		}
	}
	if r.frontEnd.ID != "" {
		byID[r.frontEnd.ID] = r.frontEnd
	}
	out := make(cluster.Nodes, 0, len(byID))
	for _, n := range byID {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b cluster.Node) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

func (r *run) changed() {
	if r.req.Changed != nil {
		r.req.Changed(r.nodes())
	}
}
