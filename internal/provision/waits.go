package provision

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
)

// Waits returns the jobs that wait and that only one group can run, as the front-end says
// in a new report, which may take reportTime. The document is the last that the caller has
// seen; frontEnd is the server's ID. ok is false where no report came, or where it lacks
// jobs. A front-end without
// a metadata service can't be asked; what it has said last on its console is a report of
// the present state, since it says there what changes.
func (p *Provisioner) Waits(ctx context.Context, d cluster.Document, frontEnd string) (waits cluster.Waits, ok bool) {
	way := p.reporter().way(d)
	if way.canAsk() {
		fresh, ok := p.reporter().askAnew(ctx, cluster.View{Document: d, HasDocument: true}, frontEnd)
		return fresh.Waits, ok && !fresh.WaitsUnknown
	}
	last, err := way.read(ctx, report.Of(d, frontEnd))
	if err != nil {
		p.opts.Log(ctx, "reading the front-end's report failed", "error", err.Error())
		return nil, false
	}
	return last.report.Waits, last.there && !last.report.WaitsUnknown
}
