package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// reportTime is how long a front-end may take to make a new report: at rest it looks
// every 15 s, and for 15 s after a clear the metadata service may refuse what it
// posts.
const reportTime = 45 * time.Second

// reports is the way by which a front-end's reports come back.
type reports interface {
	// read returns what a front-end has reported last.
	read(ctx context.Context, from report.Origin) (heard, error)

	// clear makes room for the next report.
	clear(ctx context.Context, frontEnd string) error

	// canAsk reports whether the front-end makes a new report after a clear.
	canAsk() bool
}

// heard is what a read of a front-end's reports has found.
type heard struct {
	report  cluster.Report
	there   bool  // there is a report
	foreign error // what is there instead of one, and why it does not count
}

// slotReports are reports in the metadata service's password slot.
type slotReports struct{ cloud Cloud }

func (s slotReports) read(ctx context.Context, from report.Origin) (heard, error) {
	text, err := s.cloud.Report(ctx, from.Server)
	if err != nil {
		return heard{}, err
	}
	var h heard
	h.report, h.there, h.foreign = from.Open(text)
	return h, nil
}

func (s slotReports) clear(ctx context.Context, frontEnd string) error {
	return s.cloud.ClearReport(ctx, frontEnd)
}

func (slotReports) canAsk() bool { return true }

// reporter reads and clears front-ends' reports.
type reporter struct {
	cloud Cloud
	log   logFunc
}

func (p *Provisioner) reporter() reporter { return reporter{p.cloud, p.opts.Log} }

// way returns the way of the cluster's reports.
func (r reporter) way(d cluster.Document) reports {
	if d.WithoutMetadataService() {
		return consoleReports{r.cloud}
	}
	return slotReports{r.cloud}
}

// keys reads the front-end's report once where its keys are not known yet: a worker
// made without them can be joined for two hours only.
func (r reporter) keys(ctx context.Context, d cluster.Document, fe cluster.Node) cluster.Report {
	if d.FrontEnd.CoordinatorKey != "" {
		return cluster.Report{}
	}
	h, err := r.way(d).read(ctx, report.Of(d, fe.ID))
	if err != nil {
		return cluster.Report{}
	}
	return h.report
}

// joined reads which workers of a document the front-end has joined, see roster.Joined.
func (r reporter) joined(ctx context.Context, d cluster.Document, fe cluster.Node) map[string]bool {
	h, err := r.way(d).read(ctx, report.Of(d, fe.ID))
	if err != nil {
		return nil
	}
	return roster.Joined(d, h.report)
}

// askAnew clears the slot and waits for a report on the document that was read. ok is
// false where none came in time.
func (r reporter) askAnew(ctx context.Context, v cluster.View, frontEnd string) (fresh cluster.Report, ok bool) {
	way := r.way(v.Document)
	waiting, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	pace := wait.NewPoll(2*time.Second, 5*time.Second)
	for ask := true; ; {
		if ask {
			if err := way.clear(waiting, frontEnd); err != nil {
				r.log(ctx, "clearing the front-end's report failed", "error", err.Error())
				return cluster.Report{}, false
			}
		}
		if err := pace.Wait(waiting); err != nil {
			r.log(ctx, "the front-end has not reported anew", "waited", reportTime.String())
			return cluster.Report{}, false
		}
		h, err := way.read(waiting, report.Of(v.Document, frontEnd))
		if err != nil {
			ask = false
			continue
		}
		if h.there && h.report.Generation >= v.Document.Generation {
			return h.report, true
		}
		ask = h.there || h.foreign != nil // an older report, or text that is none, keeps the next one out
	}
}

// withReport returns the view with the front-end's report. Where that is not final,
// and is not to be kept, it makes room for the next one.
func (r reporter) withReport(ctx context.Context, v cluster.View, frontEnd string, keep bool) (cluster.View, error) {
	way := r.way(v.Document)
	h, err := way.read(ctx, report.Of(v.Document, frontEnd))
	if err != nil {
		return v, fmt.Errorf("read the front-end's report: %w", err)
	}
	switch {
	case h.foreign != nil:
		// Any program that reaches the metadata service may write there; what is no
		// report is cleared as a report that is not settled.
		v.ReportRefused = h.foreign.Error()
		r.log(ctx, "the front-end's slot holds no report", "error", v.ReportRefused)
	case !h.there:
		return v, nil
	default:
		v.Report, v.HasReport = h.report, true
	}
	if keep || v.HasReport && settled(v) {
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
func settled(v cluster.View) bool {
	drained, err := cluster.UnfoldNames(v.Document.Name, v.Report.Drained)
	return err == nil && v.Report.Generation >= v.Document.Generation && v.Report.Pending == 0 && max(len(drained), v.Report.DrainedCount) == roster.Leaving(v.Document)
}
