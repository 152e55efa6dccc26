package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// reports is the way of the reports of the run's cluster.
func (r *run) reports() reports { return r.p.reporter().way(r.doc) }

// waitReport waits until the front-end reports that every worker has the given
// generation, and returns its last report of it. Workers that do not come along in
// time are problems. A front-end that never reports is an error: no worker has
// joined then.
func (r *run) waitReport(ctx context.Context, generation int64) (cluster.Report, error) {
	w := &joinWait{r: r, generation: generation}
	err := w.await(ctx)
	if err == nil {
		err = r.checkAccepted(w.last)
	}
	return w.last, err
}

// joinWait follows the front-end's reports about one generation, until every worker
// has it and those that leave run nothing any more.
type joinWait struct {
	r          *run
	generation int64
	drained    []string                        // workers that leave
	drainEnd   time.Time                       // until which they may run jobs
	leave      func(context.Context, []string) // is told of them as they are drained, or their time is over; nil: not wanted
	left       []string                        // leave has been told of these
	forced     []string                        // those of them that still ran jobs
	joinEnd    time.Time                       // of the wait for the others; zero: as long as there is time at all
	spared     func(name string) bool          // workers that need not have the generation; nil: none
	last       cluster.Report
	seen       bool
	foreign    error // why a text in the place of a report did not count
	gone       bool  // the front-end's server does not exist any more
}

// await follows the reports until all is done, or the time is over.
func (w *joinWait) await(ctx context.Context) error {
	r := w.r
	waiting, cancel := wait.Reserve(ctx)
	defer cancel()
	if !r.plan.FrontEnd {
		// What the slot holds is of an older generation, and while it does the
		// front-end can't post. A new server's slot is empty.
		if err := r.reports().clear(ctx, r.inv.frontEnd.ID); err != nil {
			return fmt.Errorf("clear the front-end's report: %w", err)
		}
	}
	r.p.opts.Log(ctx, "waiting for the front-end, which joins the workers", "workers", len(r.doc.Workers))
	if err := w.follow(waiting); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if overlaps(r) && r.inv.batch != nil {
		r.inv.reportUnmet(ctx, beActive)
	}
	fe := r.inv.frontEnd
	if !w.seen {
		return fmt.Errorf("%w: %s is %s in Nova but has not reported within the time given%s%s",
			ErrNoFrontEnd, fe.Name, fe.Status, w.quoteForeign(), quoteConsole(r.p.maker().Console(ctx, fe.ID)))
	}
	if left := w.undrained(); len(left) > 0 && time.Now().Before(w.drainEnd) {
		// Their time to drain is not over, only this run's: they are not deleted.
		return fmt.Errorf("wait until %s run nothing, for which they have until %s: %w",
			strings.Join(left, ", "), w.drainEnd.UTC().Format(time.RFC3339), context.DeadlineExceeded)
	}
	w.letGo(ctx)
	r.tally.failed = append(r.tally.failed, w.absent()...)
	r.tally.problems = append(r.tally.problems, w.problems(ctx)...)
	return nil
}

// follow reads until all is done or ctx ends. The error means that the front-end is
// gone.
func (w *joinWait) follow(ctx context.Context) error {
	pace := wait.NewPoll(3*time.Second, 10*time.Second)
	for !w.done() && pace.Wait(ctx) == nil {
		if err := w.attend(ctx); err != nil {
			return err
		}
		if w.read(ctx) {
			pace = wait.NewPoll(3*time.Second, 10*time.Second)
		}
		w.letGo(ctx)
		if w.gone {
			return fmt.Errorf("%w: %w", ErrNoFrontEnd, w.r.inv.frontEndVanished("before every worker had joined"))
		}
	}
	return nil
}

// letGo hands over the leaving workers that are drained, and those whose time is over.
func (w *joinWait) letGo(ctx context.Context) {
	if w.leave == nil || !w.seen {
		return
	}
	running := w.undrained()
	due := slices.DeleteFunc(slices.Clone(w.drained), func(n string) bool { return slices.Contains(w.left, n) || slices.Contains(running, n) })
	if time.Now().After(w.drainEnd) {
		w.forced = append(w.forced, running...)
		due = append(due, running...)
	}
	if len(due) > 0 {
		w.left = append(w.left, due...)
		w.leave(ctx, due)
	}
}

// attend looks after the new workers that are still being built. Those that came too late
// for the document are enrolled, all in one write: when the front-end has joined the
// others, or when none of them is without an address any more.
func (w *joinWait) attend(ctx context.Context) error {
	r := w.r
	if !overlaps(r) || r.inv.batch == nil {
		return nil
	}
	if err := r.inv.lookIfDue(ctx); err != nil {
		return nil //nolint:nilerr // the wait's time is over
	}
	late := latecomers{r}
	if len(late.names()) == 0 || !w.joined() && !r.inv.batch.Every(hasAddress) {
		return nil
	}
	if err := late.enrol(ctx); err != nil {
		return err
	}
	if r.doc.Generation != w.generation {
		w.generation, w.seen = r.doc.Generation, false
	}
	return nil
}

// read reads the slot once. It clears a report that is not final, so that the next
// one can be posted, and reports whether there was news.
func (w *joinWait) read(ctx context.Context) bool {
	fe := w.r.inv.frontEnd
	h, err := w.r.reports().read(ctx, report.Of(w.r.doc, fe.ID))
	if err != nil {
		w.r.p.opts.Log(ctx, "reading the front-end's report failed; trying again", "error", err.Error())
		w.gone = w.r.inv.frontEndIsGone(ctx)
		return false
	}
	if !h.there && h.foreign == nil {
		return false
	}
	if h.foreign != nil {
		w.foreign = h.foreign
		w.r.p.opts.Log(ctx, "the front-end's slot holds no report", "error", h.foreign.Error())
	}
	news := false
	if h.there && h.report.Generation >= w.generation && !h.report.Before(w.last) {
		news = !w.seen || !h.report.SaysAsMuchAs(w.last)
		w.last, w.seen = h.report, true
		if news {
			w.logProgress(ctx)
		}
		if w.done() {
			return true
		}
	}
	if err := w.r.reports().clear(ctx, fe.ID); err != nil {
		w.r.p.opts.Log(ctx, "clearing the front-end's report failed; trying again", "error", err.Error())
	}
	return news
}

// logProgress logs how far the front-end has come.
func (w *joinWait) logProgress(ctx context.Context) {
	log, said := w.r.p.opts.Log, w.last
	log(ctx, fmt.Sprintf("joined %d of %d", said.Joined, said.Joined+said.Pending),
		"generation", said.Generation, "pending", said.PendingNames, "error", said.Error)
	if len(w.drained) > 0 {
		log(ctx, fmt.Sprintf("drained %d of %d", len(w.drained)-len(w.undrained())-len(w.forced), len(w.drained)), "drained", said.Drained, "busy", said.Busy)
	}
}

// done reports whether there is nothing left to wait for.
func (w *joinWait) done() bool {
	if !w.seen {
		return false
	}
	joined := w.joined()
	if overlaps(w.r) && w.r.inv.batch != nil {
		joined = joined && w.r.inv.up() && len(latecomers{w.r}.names()) == 0
	}
	joined = joined || !w.joinEnd.IsZero() && time.Now().After(w.joinEnd)
	return joined && (len(w.undrained()) == 0 || time.Now().After(w.drainEnd))
}

// joined reports whether the front-end has joined every worker of the generation that is
// waited for.
func (w *joinWait) joined() bool {
	all := len(w.names(w.last.PendingNames)) == w.last.Pending
	return w.seen && (w.last.Pending == 0 || all && len(w.absent()) == 0)
}

// absent returns the names of the pending workers that are waited for. A worker that
// is leaving need not have the new roster.
func (w *joinWait) absent() []string {
	return slices.DeleteFunc(w.names(w.last.PendingNames), func(n string) bool {
		return slices.Contains(w.drained, n) || w.spared != nil && w.spared(n)
	})
}

// undrained returns the names of the leaving workers that still run jobs and were not handed
// over.
func (w *joinWait) undrained() []string {
	if n := w.last.DrainedCount; n > 0 && n == roster.Leaving(w.r.doc) {
		return nil // all are drained, and too many to be named
	}
	drained := w.names(w.last.Drained)
	return slices.DeleteFunc(slices.Clone(w.drained), func(n string) bool { return slices.Contains(drained, n) || slices.Contains(w.left, n) })
}

// names returns the node names in a report's folded text, none where it can't be read.
func (w *joinWait) names(folded string) []string {
	names, err := cluster.UnfoldNames(w.r.doc.Name, folded)
	if err != nil {
		return nil
	}
	return names
}

// problems returns a problem for each worker that has not joined or was not drained.
func (w *joinWait) problems(ctx context.Context) []cluster.Problem {
	var out []cluster.Problem
	for _, name := range w.absent() {
		p := cluster.Problem{Node: name, Kind: cluster.FaultOther, Summary: "has not joined within the time given",
			Detail: "the front-end goes on trying; until then the worker is not in the pool. " + w.remedy(name) + w.quoteWhy(name)}
		if n, ok := w.r.inv.nodes().ByName(name); ok {
			p.Console = w.r.p.maker().Console(ctx, n.ID)
		}
		out = append(out, p)
	}
	if unnamed := w.last.Pending - len(w.names(w.last.PendingNames)); unnamed > 0 {
		out = append(out, cluster.Problem{Node: w.r.inv.frontEnd.Name, Kind: cluster.FaultOther,
			Summary: fmt.Sprintf("reports %s without their names that have not joined within the time given", text.Count(unnamed, "worker"))})
	}
	for _, name := range slices.Concat(w.forced, w.undrained()) {
		out = append(out, cluster.Problem{Node: name, Kind: cluster.FaultOther, Summary: "was still running jobs when its time to drain was over",
			Detail: "it is deleted; the batch system runs its jobs again elsewhere"})
	}
	return out
}

// remedy says what to do about a worker that stays out of the pool.
func (w *joinWait) remedy(name string) string {
	if slices.Contains(w.names(w.last.Never), name) && w.r.reports().canAsk() {
		return "If it has never joined when its server is as old as timeouts.create, plans show it as NOT_JOINED and an apply makes it anew"
	}
	return "If it stays out, delete its server: the next apply makes it anew"
}

// quoteWhy returns what the front-end reports about one worker as a part of a message.
func (w *joinWait) quoteWhy(name string) string {
	for part := range strings.SplitSeq(w.last.Error, "; ") { // one for each problem
		if why, ok := strings.CutPrefix(part, name+": "); ok {
			return ". The front-end says: " + why
		}
	}
	return ""
}

// quoteForeign returns what stood in the place of a report as a part of a message.
func (w *joinWait) quoteForeign() string {
	if w.foreign == nil {
		return ""
	}
	return fmt.Sprintf("; what its slot held did not count: %s. If the server was rebuilt, or its disk was put back, its keys are others than those in the cluster document: delete the server, and the next apply makes it anew", w.foreign)
}

// quoteConsole returns the end of a console log as a part of a message.
func quoteConsole(tail string) string {
	if strings.TrimSpace(tail) == "" {
		return ""
	}
	return "; the end of its console log:\n" + tail
}
