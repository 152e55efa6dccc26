package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
)

// Unjoined returns the view with StatusNotJoined for the workers that the front-end
// has never joined although their servers have been there for as long as patience.
// It costs one call, and more only where there is such a worker. Without a fresh
// report no worker is marked.
func (p *Provisioner) Unjoined(ctx context.Context, v cluster.View, patience time.Duration) cluster.View {
	suspects := suspects(v, func(n cluster.Node) bool { return time.Since(n.Created) >= patience })
	fe, _ := v.Nodes.FrontEnd()
	if len(suspects) == 0 {
		return v
	}
	last, err := p.reporter().way(v.Document).read(ctx, report.Of(v.Document, fe.ID))
	if err != nil {
		p.opts.Log(ctx, "reading the front-end's report failed; no worker is marked as never joined", "error", err.Error())
		return v
	}
	if len(named(v, last.report, suspects)) == 0 {
		return v
	}
	// The slot keeps the report that a wait has read last, however old that is.
	fresh, ok := p.reporter().askAnew(ctx, v, fe.ID)
	if !ok || fresh.Before(last.report) {
		return v
	}
	return withUnjoined(v, named(v, fresh, suspects))
}

// neverJoined returns the view with StatusNotJoined for the workers that the caller
// knew as never joined and that the front-end has not joined since. Without a fresh
// report all of them are kept, and that is a problem.
func (r *run) neverJoined(ctx context.Context, v cluster.View) cluster.View {
	suspects := suspects(v, func(n cluster.Node) bool {
		return slices.ContainsFunc(r.req.Known, func(k cluster.Node) bool { return k.ID == n.ID && k.Status == cluster.StatusNotJoined })
	})
	if len(suspects) == 0 {
		return v
	}
	fe, _ := v.Nodes.FrontEnd()
	fresh, ok := r.p.reporter().askAnew(ctx, v, fe.ID)
	if !ok {
		names := strings.Join(suspects.Names(), ", ")
		r.tally.problems = append(r.tally.problems, cluster.Problem{
			Node: suspects[0].Name, Kind: cluster.FaultOther, Heals: true, Summary: "was not made anew",
			Detail: fmt.Sprintf("the front-end has not reported within %s, so it is not known whether %s have joined since", reportTime, names),
		})
		return v
	}
	still := named(v, fresh, suspects)
	r.p.opts.Log(ctx, "workers that never joined", "planned", suspects.Names(), "still", still.Names())
	return withUnjoined(v, still)
}

// suspects returns the workers that may have never joined: they are up in Nova, in
// the roster of a front-end that works, and old enough. A front-end without a
// metadata service can't be asked for a new report, so there are none.
func suspects(v cluster.View, old func(cluster.Node) bool) cluster.Nodes {
	fe, ok := v.Nodes.FrontEnd()
	if !ok || !isActive(fe) || !v.HasDocument || v.Document.WithoutMetadataService() {
		return nil
	}
	return slices.DeleteFunc(v.Nodes.Workers(""), func(n cluster.Node) bool {
		return !isActive(n) || !v.Document.Enrolled(n) || !old(n)
	})
}

// named returns the suspects that the report names as never joined.
func named(v cluster.View, said cluster.Report, suspects cluster.Nodes) cluster.Nodes {
	never, err := cluster.UnfoldNames(v.Document.Name, said.Never)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(suspects), func(n cluster.Node) bool { return !slices.Contains(never, n.Name) })
}

func withUnjoined(v cluster.View, unjoined cluster.Nodes) cluster.View {
	v.Nodes = slices.Clone(v.Nodes)
	for i, n := range v.Nodes {
		if slices.ContainsFunc(unjoined, func(u cluster.Node) bool { return u.ID == n.ID }) {
			v.Nodes[i].Status = cluster.StatusNotJoined
		}
	}
	return v
}
