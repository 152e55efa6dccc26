package provision

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// inventory holds the servers of one cluster as a run knows them: those that the
// last list showed, the batch on its way, and the front-end.
type inventory struct {
	p         *Provisioner
	ref       cluster.Ref
	clusterID string
	servers   cluster.Nodes       // as last listed
	asked     wait.Asked          // that list
	frontEnd  cluster.Node        // without an ID while there is none
	batch     *batch.Batch        // nil before the first one
	boots     boots               // of the batch, and of the front-end while it is made
	deletion  *deletion           // of servers, by this run; nil before the first
	onChange  func(cluster.Nodes) // nil: the caller wants no word of changes

	makesFrontEnd bool
	calls         *batch.Calls // create calls of workers beside which the front-end is made; nil: there are none
	frees         bool         // further servers will be deleted, when they are drained

	byName lastList // of all clusters of the name
}

// list reads the cluster's servers. An error is logged: every caller polls, and
// tries again until its time is over.
func (v *inventory) list(ctx context.Context) (cluster.Nodes, error) {
	v.asked = wait.Asked{At: time.Now()}
	listed, err := v.p.cloud.Nodes(ctx, v.ref.Tag())
	if err != nil {
		v.p.opts.Log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
		return nil, err
	}
	v.asked.Took = time.Since(v.asked.At)
	v.byName = lastList{nodes: listed, at: time.Now()}
	nodes, _, _ := v.ref.Split(listed)
	nodes = v.retain(ctx, nodes)
	v.lookAtDeletion(ctx, nodes)
	nodes = v.deletion.marked(nodes)
	v.servers = nodes
	for _, n := range nodes {
		switch {
		case v.frontEnd.ID == "" || n.Role != cluster.RoleFrontEnd:
		case n.ID == v.frontEnd.ID:
			n.Floating = cmp.Or(n.Floating, v.frontEnd.Floating) // Nova shows it late
			v.frontEnd = n
		case v.batch != nil && n.Metadata[cluster.MetaBatch] == v.batch.ID:
			// A create call's answer got lost and no list showed what it made before the
			// call was repeated. Two front-ends would work against each other.
			v.p.opts.Log(ctx, "deleting a second front-end", "server", n.ID)
			if err := v.p.cloud.DeleteNode(ctx, n.ID); err != nil {
				v.p.opts.Log(ctx, "deleting a second front-end failed; trying again", "error", err.Error())
			}
		}
	}
	return nodes, nil
}

// retain returns a list completed by the servers that this run has seen, whose deletion
// was not accepted, and that the cloud does not call gone: a server of a cell that went
// down meanwhile is still there.
func (v *inventory) retain(ctx context.Context, listed cluster.Nodes) cluster.Nodes {
	known := slices.DeleteFunc(slices.Clone(v.servers), func(n cluster.Node) bool {
		return v.batch != nil && v.batch.Dropped(n.ID) || v.deletion.accepted(n.ID)
	})
	nodes, err := complete(ctx, v.p.cloud, v.p.opts.Concurrency, v.clusterID, listed, known)
	if hidden, ok := errors.AsType[*HiddenError](err); ok {
		v.p.opts.Log(ctx, "the cloud says nothing about servers; they count as they were", "error", err.Error())
		nodes = withHidden(nodes, hidden.Nodes)
	}
	return nodes
}

// nodes returns the servers of the cluster as far as the run knows, in order.
func (v *inventory) nodes() cluster.Nodes {
	byID := map[string]cluster.Node{}
	for _, n := range v.servers {
		if v.batch == nil || !v.batch.Dropped(n.ID) { // being deleted, though the last list still had it
			byID[n.ID] = n
		}
	}
	if v.batch != nil {
		for _, n := range v.batch.Nodes() {
			byID[n.ID] = n
		}
	}
	if v.frontEnd.ID != "" {
		byID[v.frontEnd.ID] = v.frontEnd
	}
	out := make(cluster.Nodes, 0, len(byID))
	for _, n := range byID {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b cluster.Node) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

// lastList is what a list showed.
type lastList struct {
	nodes cluster.Nodes
	at    time.Time
}

// justNow is the age up to which a list counts as one of this moment.
const justNow = time.Second

// fresh reports whether the list is one of this moment.
func (l lastList) fresh() bool { return time.Since(l.at) < justNow }

// shows reports whether the list is one of this moment and shows the server.
func (l lastList) shows(id string) bool { return l.fresh() && hasID(l.nodes, id) }

// markedReady returns the front-end as that of a finished cluster.
func markedReady(n cluster.Node) cluster.Node {
	n.Metadata = maps.Clone(n.Metadata)
	if n.Metadata == nil {
		n.Metadata = map[string]string{}
	}
	n.Metadata[cluster.MetaReady] = "1"
	return n
}

// changed hands the nodes that there are now to the run's caller.
func (v *inventory) changed() {
	if v.onChange != nil {
		v.onChange(v.nodes())
	}
}

// frontEndIsGone reports whether the cloud says that the front-end's server does not
// exist. Lists that lack the server do not say that: they may be late, or the server's
// cell may be down.
func (v *inventory) frontEndIsGone(ctx context.Context) bool {
	n, err := v.p.cloud.NodeByID(ctx, v.frontEnd.ID)
	return cluster.IsKind(err, cluster.FaultNotFound) || err == nil && n.Gone()
}

// frontEndVanished drops the front-end, which is gone without this run's doing,
// and returns the error that says so.
func (v *inventory) frontEndVanished(when string) error {
	gone := v.frontEnd
	v.servers = slices.DeleteFunc(slices.Clone(v.servers), func(n cluster.Node) bool { return n.ID == gone.ID })
	v.frontEnd = cluster.Node{}
	v.changed()
	return &cluster.CloudError{
		Kind: cluster.FaultNotFound, Op: "make " + gone.Name, Message: "its server was deleted by another client " + when,
	}
}

func hasID(nodes cluster.Nodes, id string) bool {
	return slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.ID == id })
}
