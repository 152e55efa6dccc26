package provision

import (
	"context"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// Order is a number of workers of one group to make.
type Order struct {
	Group    string
	Count    int
	Avoid    []string // availability zones to leave out, as far as the group has others
	Reserved []string // names that are not free: a create call without an answer may come about under them
}

// Posted is what became of create calls.
type Posted struct {
	Accepted cluster.Nodes     // being built, in order of name
	Refused  []cluster.NotMade // by the cloud, or by the cluster document, which has no such group
	Unknown  []string          // names of workers whose calls got no answer: their servers may exist, or come about later
}

// postTime is how long create calls may begin. A cloud that answers slowly would else hold
// a scaler up, which has other workers to call back, enrol and delete. What was not begun
// is decided anew.
const postTime = 15 * time.Second

// Post sends the create calls of all orders together and returns without waiting for a
// server. Workers whose calls could not begin within postTime are left out of Posted. The
// workers are such as the provider makes, in one batch; Enrol writes them into the roster
// when they have addresses. A call that a zone refuses is sent to the group's other zones.
// The error means that no call was sent or that ctx has ended; in the
// second case Posted holds what is known.
func (p Steps) Post(ctx context.Context, ref cluster.Ref, orders []Order) (Posted, error) {
	view, fe, err := p.open(ctx, ref)
	if err != nil {
		return Posted{}, err
	}
	names, avoid, out := choose(view, orders)
	if len(names) == 0 {
		return out, nil
	}
	doc := view.Document
	roster.TakeKeys(&doc, fe, p.reporter().keys(ctx, doc, fe))
	b, err := batch.New(p.maker(), p.opts.Concurrency, doc, names, madeAt(fe))
	if err != nil {
		return Posted{}, err
	}
	b.Spread(view.Nodes, avoid)
	b.JoinServerGroups(ctx, view.Nodes)
	err = b.Post(ctx, postTime)
	out.Accepted, out.Unknown = b.Nodes(), b.Unknown()
	for _, lost := range notMade(b) {
		if !slices.Contains(out.Unknown, lost.Name) {
			out.Refused = append(out.Refused, lost)
		}
	}
	return out, err
}

// madeAt returns the metadata by which a worker's maker is the place that made the
// cluster: what comes about after the cluster is destroyed is then that place's to delete.
func madeAt(frontEnd cluster.Node) map[string]string {
	place := frontEnd.Metadata[cluster.MetaCreatedBy]
	if place == "" {
		return nil
	}
	return map[string]string{cluster.MetaCreatedBy: place}
}

// choose returns the names of the workers to make and the zones that each group avoids.
// Orders for groups that the cluster does not have are refused.
func choose(view cluster.View, orders []Order) (names []string, avoid map[string][]string, out Posted) {
	avoid = map[string][]string{}
	for _, o := range orders {
		more := plan.More(view, o.Group, o.Count, slices.Concat(names, o.Reserved)...)
		if _, ok := view.Document.Groups[o.Group]; !ok {
			for _, name := range more {
				out.Refused = append(out.Refused, cluster.NotMade{Name: name, Kind: cluster.FaultOther, Message: "the cluster has no group " + o.Group})
			}
			continue
		}
		names = append(names, more...)
		avoid[o.Group] = append(avoid[o.Group], o.Avoid...)
	}
	return names, avoid, out
}

// notMade returns the workers of a batch that were given up, in order of name.
func notMade(b *batch.Batch) []cluster.NotMade {
	var out []cluster.NotMade
	for _, problem := range b.Problems.All() {
		out = append(out, cluster.NotMade{Name: problem.Node, Zones: problem.Zones, Kind: problem.Kind, Message: problem.Summary + ": " + problem.Detail})
	}
	slices.SortFunc(out, func(a, b cluster.NotMade) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}
