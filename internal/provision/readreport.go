package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// Read returns a cluster's nodes, document and the front-end's latest report.
// Known are the nodes that an earlier Read returned; if the cloud now says nothing
// about one of them, that is an error.
func (p *Provisioner) Read(ctx context.Context, nameOrID string, known cluster.Nodes) (View, error) {
	v, err := p.Find(ctx, nameOrID)
	if err != nil {
		return v, err
	}
	id := v.Nodes[0].ClusterID
	nodes, err := p.complete(ctx, id, v.Nodes, slices.DeleteFunc(slices.Clone(known), func(n cluster.Node) bool { return n.ClusterID != id }))
	if err != nil {
		return v, fmt.Errorf("list the servers of cluster %s: %w", id, err)
	}
	if len(nodes) > len(v.Nodes) {
		if v, err = cluster.ViewOf(nodes); err != nil {
			return v, err
		}
	}
	fe, ok := v.Nodes.FrontEnd()
	if !ok {
		return v, nil
	}
	return p.withReport(ctx, v, fe.ID)
}

// withReport returns the view with the front-end's report, and makes room for the
// next one where this one is not final.
func (p *Provisioner) withReport(ctx context.Context, v View, frontEnd string) (View, error) {
	way := p.reports(v.Document)
	text, err := way.read(ctx, frontEnd)
	if err != nil {
		return v, fmt.Errorf("read the front-end's report: %w", err)
	}
	report, there, err := cluster.ParseReport(text)
	switch {
	case err != nil:
		// Any program that runs as root on that server may write there; what is no
		// report is cleared as a report that is not settled.
		p.opts.Log(ctx, "the front-end's slot holds no report", "error", err.Error())
	case !there:
		return v, nil
	default:
		v.Report, v.HasReport = report, true
	}
	if p.opts.KeepReport || v.HasReport && settled(v) {
		return v, nil
	}
	// The slot takes no newer report while this one stands in it.
	if err := way.clear(ctx, frontEnd); err != nil {
		return v, fmt.Errorf("clear the front-end's report: %w", err)
	}
	return v, nil
}

// settled reports whether the report is of the document's generation and nothing
// that it speaks of is still on its way.
func settled(v View) bool {
	drained, err := cluster.UnfoldNames(v.Document.Name, v.Report.Drained)
	return err == nil && v.Report.Generation >= v.Document.Generation && v.Report.Pending == 0 && max(len(drained), v.Report.DrainedCount) == roster.Leaving(v.Document)
}
