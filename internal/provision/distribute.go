package provision

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// distribute brings a change to an existing front-end: new members, and marks for
// the leaving ones, in one document; then, when those are drained and gone, a document
// without them.
func (r *run) distribute(ctx context.Context) error {
	d := distribution{r: r, before: r.doc, victims: r.victims}
	if r.channel.delivery() != pulled {
		// Those that leave stay in the roster while they are there: a worker in no roster is
		// not shown.
		if err := r.inv.awaitGone(ctx, every); err != nil && ctx.Err() != nil {
			return err // conclude names those that can't be deleted
		}
		d.victims = nil
		if err := r.channel.arrive(ctx); err != nil {
			return err
		}
	}
	if err := d.thinOut(ctx); err != nil {
		return err
	}
	d.later = d.leavers()
	d.report = r.channel.keys(ctx)
	for try := range roster.Tries {
		wrote, err := d.write(ctx, try == 0)
		if err != nil {
			return err
		}
		if try > 0 && !wrote {
			break
		}
		if err := d.wait(ctx); err != nil {
			return err
		}
		sent := r.channel.delivery() == carried || r.channel.delivery() == missed
		if r.req.Wait != WaitJoined || sent || r.doc.Generation == d.before.Generation {
			break
		}
		// Another writer that had read the document before this run wrote it may have
		// written it after this run read it back. By now that shows, and the change is
		// made once more.
	}
	return d.conclude(ctx)
}

// distribution is one change of the roster of an existing front-end.
type distribution struct {
	r       *run
	before  cluster.Document // that the change starts from
	report  cluster.Report   // with the front-end's keys, where they are not known yet
	victims map[string]bool  // workers that a shrink removes
	later   map[string]bool  // members whose servers are there, to be taken out in the end
}

// mostGoing is how many bytes of a report the folded names of members may take that are
// being deleted. A report has about 300 for the names of those that have not joined.
const mostGoing = 100

// thinOut waits, for half of the time left, until members are gone that are being deleted,
// where they are too many to be named in a report: the front-end can't join them, and could
// not say which others it has not joined.
func (d distribution) thinOut(ctx context.Context) error {
	inv := &d.r.inv
	going := slices.DeleteFunc(inv.nodes().Workers(""), func(n cluster.Node) bool {
		return !inv.deletion.has(n.ID) || !d.before.Enrolled(n)
	}).Names()
	if len(cluster.FoldNames(d.before.Name, going)) <= mostGoing {
		return nil
	}
	bounded, cancel := wait.Share(ctx, 2)
	defer cancel()
	if err := inv.awaitGone(bounded, withName(going...)); err != nil {
		d.r.p.opts.Log(ctx, "going on beside servers that are still there", "error", err.Error())
	}
	return context.Cause(ctx)
}

// leavers returns the members that leave and whose servers are still there: victims, and
// servers that are being deleted.
func (d distribution) leavers() map[string]bool {
	out := map[string]bool{}
	for _, n := range d.r.inv.nodes() {
		going := d.r.inv.deletion.stands(func(o cluster.Node) bool { return o.ID == n.ID })
		if d.before.Enrolled(n) && (going || d.victims[n.Name]) {
			out[n.Name] = true
		}
	}
	return out
}

// write brings the front-end's document up to date. It reports whether the document
// had to be changed; the first time also if only the mark of a finished cluster was
// missing.
func (d distribution) write(ctx context.Context, first bool) (bool, error) {
	r := d.r
	unmarked := first && r.inv.frontEnd.Metadata[cluster.MetaReady] == ""
	wrote := false
	doc, err := r.p.store(r.inv.frontEnd.ID).Change(ctx, map[string]string{cluster.MetaReady: "1"}, func(doc *cluster.Document) error {
		if err := r.channel.check(d.before, *doc); err != nil {
			return err
		}
		if err := r.checkTrust(*doc); err != nil {
			return err
		}
		revised, err := roster.Spare(doc, joined(ctx, r), d.revise)
		if err != nil {
			return err
		}
		if !revised && !unmarked {
			return roster.ErrNoChange
		}
		wrote = true // also if another writer then builds upon it, and a second look finds nothing to do
		return nil
	})
	if err != nil {
		return false, err
	}
	if wrote {
		r.inv.frontEnd = markedReady(r.inv.frontEnd)
	}
	r.doc = doc
	r.inv.batch.Yield(ctx)
	return wrote, nil
}

// revise brings a document up to what this run wants and has made. It reports
// whether that changed the document.
func (d distribution) revise(doc *cluster.Document) (bool, error) {
	r := d.r
	delivery, was := r.channel.delivery(), *doc
	templates := roster.SetTemplates(doc, r.req.Spec)
	keyed := roster.TakeKeys(doc, r.inv.frontEnd, d.report)
	moved := delivery != missed && enrolment{r}.write(doc)
	moved = roster.Forget(doc, d.gone) || moved
	moved = roster.SetLeaving(doc, d.leaving(r.plan.Rolls())) || moved
	moved = r.setCA(doc) || moved
	moved = roster.Reconfigures(was, *doc) || moved
	if moved {
		doc.Generation = r.channel.generation(*doc)
	}
	proven, err := r.prove(doc)
	return templates || keyed || moved || proven, err
}

// gone reports whether a member that was in the roster when the list was read has
// no server in that list. Members that others enrolled since are not judged. Those that
// leave are taken out together, in the end.
func (d distribution) gone(m cluster.Member) bool {
	return !d.later[m.Name] && vanished(d.before, d.r.inv.nodes(), m)
}

// vanished reports whether an entry that was in the roster when the nodes were listed has
// no server among them. An entry that was written since is not judged.
func vanished(before cluster.Document, nodes cluster.Nodes, m cluster.Member) bool {
	was, known := before.Member(m.Name)
	_, there := nodes.ByName(m.Name)
	return known && was.Batch == m.Batch && was.Address == m.Address && !there
}

// leaving asks the victims to leave, and takes back what an earlier, interrupted
// shrink asked of workers that stay after all. Workers whose turn in a rolling
// replacement comes keep their marks, and so do those that the scaler has marked.
func (d distribution) leaving(rolls []string) func(cluster.Member) cluster.Leaving {
	return func(m cluster.Member) cluster.Leaving {
		switch {
		case d.victims[m.Name] && d.r.drains:
			return cluster.LeaveJobsOK
		case !d.later[m.Name] && m.Leaving == cluster.LeaveJobsOK && !slices.Contains(rolls, m.Name):
			return cluster.Stays
		}
		return m.Leaving
	}
}

// wait waits until every worker has the document that replaced the one before, and
// the victims are drained.
func (d distribution) wait(ctx context.Context) error {
	r := d.r
	delivery := r.channel.delivery()
	if !delivery.reaches() {
		r.channel.reportUnreached(d.before, r.doc)
		return nil
	}
	// After a run that was cut short only the slot shows whether an unchanged roster
	// has to be waited for. Reading it costs a round trip through the front-end; a
	// front-end without keys is a sign worth that. A run that was cut short may have marked
	// the victims.
	settled := r.doc.Generation == d.before.Generation && r.doc.FrontEnd.CoordinatorKey != "" && !r.drains
	if r.req.Wait != WaitJoined || settled {
		return nil
	}
	w := &joinWait{r: r, generation: r.doc.Generation, drainEnd: time.Now().Add(r.req.DrainTimeout)}
	if r.drains {
		w.drained = d.undeleted()
		w.leave = d.deleteVictims
		r.inv.frees = len(w.drained) > 0 // a victim may have vanished since
	}
	w.spared = func(name string) bool { return d.later[name] }
	if delivery != pulled { // what was sent may name a worker that has vanished since
		w.spared = func(name string) bool { _, there := r.doc.Member(name); return !there }
	}
	if err := w.await(ctx); err != nil {
		return err
	}
	return r.checkAccepted(w.last)
}

// deleteVictims asks for the deletion of the named victims.
func (d distribution) deleteVictims(ctx context.Context, names []string) {
	inv := &d.r.inv
	doomed := slices.DeleteFunc(inv.nodes().Workers(""), func(n cluster.Node) bool {
		return !slices.Contains(names, n.Name) || inv.deletion.has(n.ID)
	})
	if len(doomed) > 0 {
		d.r.p.opts.Log(ctx, "deleting workers", "nodes", doomed.Names())
		inv.send(ctx, doomed)
	}
	inv.frees = len(d.undeleted()) > 0
}

// undeleted returns the names of the victims whose deletion was not asked for yet.
func (d distribution) undeleted() []string {
	inv := &d.r.inv
	return slices.DeleteFunc(inv.nodes().Workers(""), func(n cluster.Node) bool {
		return !d.victims[n.Name] || inv.deletion.has(n.ID)
	}).Names()
}

// conclude waits until all that leave are gone, and has the front-end forget them. If some
// can't be deleted, it forgets the others, and the error names those.
func (d distribution) conclude(ctx context.Context) error {
	r := d.r
	waiting, cancel := wait.Reserve(ctx)
	defer cancel()
	left := r.inv.awaitGone(waiting, every)
	if len(d.later) == 0 || left != nil && ctx.Err() != nil {
		return left
	}
	before, nodes := r.doc, r.inv.nodes()
	doc, err := r.p.store(r.inv.frontEnd.ID).Forget(ctx, func(m cluster.Member) bool { return d.later[m.Name] && vanished(before, nodes, m) })
	if err != nil {
		return cmp.Or(left, err)
	}
	moved := doc.Generation > r.doc.Generation
	r.doc = doc
	if left != nil {
		return left
	}
	if moved && r.req.Wait == WaitJoined {
		_, err = r.waitReport(ctx, doc.Generation)
	}
	return err
}
