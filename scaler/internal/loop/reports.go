package loop

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// reported is what came of reading the front-end's report.
type reported struct {
	report  cluster.Report
	there   bool
	refused string // why what was there is no report
	err     error
}

// askReport begins to read the front-end's report beside the queue. It leaves the report
// to another scaler, as long as there may be one.
func (r *round) askReport(ctx context.Context, v cluster.View) {
	r.earlier = r.state.reports.take()
	s := &r.state.lease
	s.left = r.Reports != nil && r.Lease != nil && r.mode != pretending && !s.standing.Mine && !s.free
	r.beginReport(ctx, v, s.left)
}

// beginReport begins to read the front-end's report. Where no round follows that could
// use it, it waits for the report.
func (r *round) beginReport(ctx context.Context, v cluster.View, keep bool) {
	fe, there := v.Nodes.FrontEnd()
	if r.Reports == nil || !there {
		return
	}
	defer r.times.enter(record.PartCluster)()
	r.state.reports.begin(ctx, fe.ID, func(ctx context.Context) reported {
		with, err := r.Reports.Report(ctx, v, keep)
		return reported{with.Report, with.HasReport, with.ReportRefused, err}
	})
	if !r.state.running {
		r.state.reports.wait()
	}
}

// addReport adds the front-end's report to a view: the one that this round has asked for,
// or, if that is not there, one that an earlier round has asked for. A report speaks for
// the generation that it names, and for no later one.
func (r *round) addReport(v *cluster.View) {
	fe, _ := v.Nodes.FrontEnd()
	got, there := r.state.reports.take()[fe.ID]
	if !there {
		got, there = r.earlier[fe.ID]
	}
	switch {
	case !there:
	case got.err != nil:
		if r.state.warned.begin(reportUnread, "") {
			r.Log.Warn("the front-end's report can not be read; until it can, no worker that it has to close is removed", "error", got.err)
		}
	default:
		if r.state.warned.end(reportUnread) {
			r.Log.Info("the front-end's report can be read again")
		}
		tellRefused(r, got)
		v.Report, v.HasReport = got.report, got.there
	}
}

// tellRefused warns of a text in the place of a report, until a report comes. Any
// program that reaches the metadata service can write such a text once; a front-end with
// other keys than the cluster document names writes no other.
func tellRefused(r *round, got reported) {
	switch {
	case got.there:
		if r.state.warned.end(reportRefused) {
			r.Log.Info("the front-end's report is there again")
		}
	case got.refused != "" && r.state.warned.begin(reportRefused, ""):
		r.Log.Warn("what stands in the place of the front-end's report is not from it; until one comes, no worker that it has to close is removed. "+
			"If none comes because its server was rebuilt, or its disk was put back: delete that server, and the next apply makes it anew", "reason", got.refused)
	}
}
