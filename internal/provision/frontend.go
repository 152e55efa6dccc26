package provision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// createFrontEnd makes the front-end with the roster of the workers that have an
// address, and waits until it is ACTIVE. Nova's ERROR is answered once.
func (r *run) createFrontEnd(ctx context.Context) error {
	r.fleet.enroll(&r.doc)
	waiting, cancel := wait.Reserve(ctx)
	defer cancel()
	var failed []string
	for try := 1; ; try++ {
		r.p.opts.Log(ctx, "creating the front-end", "node", r.doc.FrontEnd.Name, "workers", len(r.doc.Workers))
		id, err := r.postFrontEnd(waiting, failed)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoFrontEnd, err)
		}
		r.frontEnd = cluster.Node{ID: id, Name: r.doc.FrontEnd.Name, ClusterID: r.doc.ID, ClusterName: r.doc.Name,
			Role: cluster.RoleFrontEnd, Status: cluster.StatusBuild}
		r.changed()
		err = r.waitFrontEnd(waiting)
		if err == nil {
			return nil
		}
		if !r.frontEnd.Broken() || try >= buildTries {
			return fmt.Errorf("%w: %w", ErrNoFrontEnd, err)
		}
		failed = append(failed, id)
		if err := r.deleteNodes(waiting, cluster.Nodes{r.frontEnd}); err != nil {
			return err
		}
	}
}

func (r *run) postFrontEnd(ctx context.Context, known []string) (string, error) {
	spec := r.req.Spec.FrontEnd
	key, err := r.ca.Coordinator(r.doc.Name, time.Now())
	if err != nil {
		return "", err
	}
	userData, err := cloudinit.FrontEnd(cloudinit.FrontEndInput{
		Common:         cloudinit.NewCommon(r.doc, spec),
		Name:           r.doc.FrontEnd.Name,
		Document:       r.doc,
		CoordinatorKey: key.Private,
		Certificate:    key.Certificate,
	})
	if err != nil {
		return "", fmt.Errorf("render user data: %w", err)
	}
	items, err := r.doc.Encode()
	if err != nil {
		return "", err
	}
	extra := r.fleet.marks(items)
	req := r.p.nodeRequest(r.doc, spec, r.doc.FrontEnd.Name, cluster.RoleFrontEnd, "", extra, userData)
	req.Zone = cluster.NextZone(spec.Zones, nil)
	return r.p.createOne(ctx, req, known)
}

// waitFrontEnd reads the list until the front-end is ACTIVE; the new workers are
// looked after in the same reads.
func (r *run) waitFrontEnd(ctx context.Context) error {
	// Nova builds in the order that it was asked, so the workers on their way come
	// first; and it is as fast for a front-end as it was for them.
	done, n := r.fleet.progress(isActive)
	pace := wait.ForServers(n - done + 1).After(time.Since(r.fleet.begun))
	for unseen := 0; ; {
		if err := pace.Wait(ctx); err != nil {
			return fmt.Errorf("wait for %s: Nova shows it as %s: %w", r.frontEnd.Name, r.frontEnd.Status, err)
		}
		nodes, err := r.list(ctx)
		if err != nil {
			continue
		}
		if err := r.fleet.observe(ctx, nodes); err != nil {
			return err
		}
		if unseen++; slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.ID == r.frontEnd.ID && !n.Gone() }) {
			unseen = 0
		}
		if unseen >= unseenMost {
			return r.frontEndVanished("while it was being made")
		}
		r.changed()
		done, n = r.fleet.progress(isActive)
		pace.Foresee(done, n, time.Since(r.fleet.begun))
		switch {
		case isActive(r.frontEnd):
			return nil
		case r.frontEnd.Broken():
			kind, words := r.p.whyBroken(ctx, r.frontEnd)
			return &cluster.CloudError{Kind: kind, Op: "build " + r.frontEnd.Name, Message: words}
		}
	}
}

// frontEndVanished drops the front-end, which is gone without this run's doing,
// and returns the error that says so.
func (r *run) frontEndVanished(when string) error {
	name := r.frontEnd.Name
	r.have = slices.DeleteFunc(slices.Clone(r.have), func(n cluster.Node) bool { return n.ID == r.frontEnd.ID })
	r.frontEnd = cluster.Node{}
	r.changed()
	return &cluster.CloudError{
		Kind: cluster.FaultNotFound, Op: "make " + name, Message: "its server was deleted by somebody else " + when,
	}
}

// associate gives the front-end its floating IP, where one is wanted and none is
// known. It is looked for again on every change: an interrupted run may have
// ended right before it.
func (r *run) associate(ctx context.Context) error {
	network := r.req.Spec.FrontEnd.ExternalNetworkID
	if network == "" || r.frontEnd.Floating != "" {
		return nil
	}
	address, err := r.p.cloud.AssociateFloatingIP(ctx, r.doc.ID, r.frontEnd.ID, network, r.frontEnd.Address, r.req.Create)
	if err != nil {
		r.problems = append(r.problems, Problem{
			Node: r.frontEnd.Name, Kind: cluster.KindOf(err), Summary: "has no floating IP", Detail: err.Error(), Heals: true,
		})
		return nil
	}
	r.frontEnd.Floating = address
	r.changed()
	return nil
}

// finishFrontEnd waits for the first distribution and writes down what is known
// only then: workers made after the first roster, the front-end's own keys, and
// that the cluster has come into being.
func (r *run) finishFrontEnd(ctx context.Context) error {
	var report cluster.Report
	if r.req.Wait == WaitJoined {
		var err error
		if report, err = r.waitReport(ctx, r.doc.Generation, nil); err != nil {
			return err
		}
	}
	ready := map[string]string{cluster.MetaReady: "1"}
	change := func(d *cluster.Document) error {
		// Nobody could tell a front-end without a metadata service of late ones.
		enrolled, moved := !byLastWorker(*d) && r.fleet.enroll(d), r.setCA(d)
		if enrolled || moved {
			d.Generation++
		}
		roster.TakeKeys(d, r.frontEnd, report)
		if report.Generation > 0 && report.Pending == 0 {
			d.HostCAs = nil // every worker has a certificate of this front-end's
		}
		return nil
	}
	var doc cluster.Document
	var err error
	if r.req.Wait == WaitJoined { // for minutes: a scaler may have found the cluster
		doc, err = r.p.store(r.frontEnd.ID).Change(ctx, ready, change)
	} else { // the last list was read a moment ago
		doc, err = r.p.store(r.frontEnd.ID).Finish(ctx, r.frontEnd.Metadata, ready, change)
	}
	if err != nil {
		return err
	}
	r.fleet.yield(ctx)
	late := doc.Generation > r.doc.Generation
	r.doc = doc
	if late && r.req.Wait == WaitJoined {
		_, err = r.waitReport(ctx, doc.Generation, nil)
	}
	return err
}

// distribute brings a change to an existing front-end: new members and marks for
// the leaving in one document; then, when those are drained, a document without
// them.
func (r *run) distribute(ctx context.Context) error {
	victims := r.victims()
	if byLastWorker(r.doc) {
		// Nobody drains them. They stay in the roster while they are there: who is in
		// none is not shown.
		if err := r.deleteVictims(ctx, victims); err != nil {
			return err
		}
		victims = nil
		if err := r.waitBrought(ctx); err != nil {
			return err
		}
	}
	drains := len(victims) > 0 && r.req.DrainTimeout > 0 && r.req.Wait == WaitJoined && r.doc.BatchSystem != cluster.BatchNone
	report := r.p.keys(ctx, r.doc, r.frontEnd)
	if e := r.fleet.errand; e != nil {
		report = e.keys
	}
	var leaving []string
	if drains {
		leaving = sortedNames(victims)
	}
	before := r.doc
	for try := range roster.Tries {
		wrote, err := r.write(ctx, before, report, victims, drains, try == 0)
		if err != nil {
			return err
		}
		if try > 0 && !wrote {
			break
		}
		if err := r.waitTold(ctx, before, leaving); err != nil {
			return err
		}
		if r.req.Wait != WaitJoined || r.fleet.errand != nil || r.doc.Generation == before.Generation {
			break
		}
		// Another writer that had read the document before this one wrote it may have
		// written it after this one read it back. By now that shows, and the change is
		// made once more.
	}
	if len(victims) == 0 {
		return nil
	}
	return r.removeVictims(ctx, victims)
}

// write brings the front-end's document up to date and tells whether it had to
// be changed; the first time also if only the mark of a finished cluster lacks.
func (r *run) write(ctx context.Context, before cluster.Document, report cluster.Report, victims map[string]bool, drains, first bool) (bool, error) {
	unmarked := first && r.frontEnd.Metadata[cluster.MetaReady] == ""
	wrote := false
	doc, err := r.p.store(r.frontEnd.ID).Change(ctx, map[string]string{cluster.MetaReady: "1"}, func(d *cluster.Document) error {
		if e := r.fleet.errand; e != nil && e.document != nil && d.Generation != before.Generation {
			return cluster.ErrDocumentConflict // what was sent is not what would be written
		}
		if !r.revise(d, before, report, victims, drains) && !unmarked {
			return roster.ErrNoChange
		}
		wrote = true // also if another writer then builds upon it, and a second look finds nothing to do
		return nil
	})
	if err != nil {
		return false, err
	}
	r.doc = doc
	r.fleet.yield(ctx)
	r.fleet.strand()
	return wrote, nil
}

// waitTold waits until the front-end has told everybody of a document that
// replaced before, and those who leave are drained.
func (r *run) waitTold(ctx context.Context, before cluster.Document, leaving []string) error {
	if !r.tells(r.doc) {
		r.untold(before, r.doc)
		return nil
	}
	if r.req.Wait != WaitJoined || r.doc.Generation == before.Generation && !r.unjoined(r.doc) {
		return nil
	}
	w := r.joinWait(r.doc.Generation, leaving)
	if byLastWorker(r.doc) { // what was sent may name one who has vanished since
		w.spared = func(name string) bool { _, there := r.doc.Member(name); return !there }
	}
	return r.await(ctx, w)
}

// revise brings a document up to what this run wants and has made. It reports
// whether that changed anything.
func (r *run) revise(d *cluster.Document, before cluster.Document, report cluster.Report, victims map[string]bool, drains bool) bool {
	described := roster.SetTemplates(d, r.req.Spec)
	keyed := roster.TakeKeys(d, r.frontEnd, report)
	moved := !r.fleet.errandFailed() && r.fleet.enroll(d)
	moved = roster.Forget(d, func(m cluster.Member) bool { return r.gone(before, m) || byLastWorker(*d) && victims[m.Name] }) || moved
	moved = mark(d, victims, drains, r.rolling()) || moved
	moved = r.setCA(d) || moved
	if moved {
		d.Generation = r.nextGeneration(*d)
	}
	return described || keyed || moved
}

// keys reads the front-end's report once where its keys are not known yet: a
// worker made without them can be joined for two hours only.
func (p *Provisioner) keys(ctx context.Context, d cluster.Document, fe cluster.Node) cluster.Report {
	if d.FrontEnd.CoordinatorKey != "" {
		return cluster.Report{}
	}
	text, err := p.report(ctx, d, fe.ID)
	if err != nil {
		return cluster.Report{}
	}
	report, _, err := cluster.ParseReport(text)
	if err != nil {
		return cluster.Report{}
	}
	return report
}

// gone tells whether a member that was in the roster when the list was read has
// no server in that list. Members that others enrolled since are none of it.
func (r *run) gone(before cluster.Document, m cluster.Member) bool {
	_, known := before.Member(m.Name)
	_, there := r.nodes().ByName(m.Name)
	return known && !there
}

// mark asks the victims to leave, and takes back what an earlier, interrupted
// shrink asked of workers that stay after all; not of those whose turn in a rolling
// replacement comes. The scaler's own marks are not touched.
func mark(d *cluster.Document, victims map[string]bool, drains bool, rolling map[string]bool) bool {
	return roster.SetLeaving(d, func(m cluster.Member) cluster.Leaving {
		switch {
		case victims[m.Name] && drains:
			return cluster.LeaveJobsOK
		case !victims[m.Name] && !rolling[m.Name] && m.Leaving == cluster.LeaveJobsOK:
			return cluster.Stays
		}
		return m.Leaving
	})
}

func sortedNames(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for name := range set {
		out = append(out, name)
	}
	sortNames(out)
	return out
}
