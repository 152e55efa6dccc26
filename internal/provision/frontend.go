package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// frontEndTries is how often a front-end is built that ends in ERROR.
const frontEndTries = 2

// frontEndMaking makes the front-end of a run's cluster, after its workers.
type frontEndMaking struct{ r *run }

// create makes the front-end with the roster of the workers that have an address,
// and waits until it is ACTIVE. One that ends in ERROR is built once more.
func (m frontEndMaking) create(ctx context.Context) error {
	r := m.r
	enrolment{r}.write(&r.doc)
	waiting, cancel := wait.Reserve(ctx)
	defer cancel()
	var failed []string
	for try := 1; ; try++ {
		r.p.opts.Log(ctx, "creating the front-end", "node", r.doc.FrontEnd.Name, "workers", len(r.doc.Workers))
		if err := m.awaitVolume(waiting); err != nil {
			return fmt.Errorf("%w: %w", ErrNoFrontEnd, err)
		}
		id, err := m.post(waiting, failed)
		if err != nil && batch.NeedsRoom(cluster.KindOf(err)) && r.inv.deletion.underWay(every) {
			if err = r.inv.awaitGone(waiting, every); err == nil {
				id, err = m.post(waiting, failed)
			}
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoFrontEnd, err)
		}
		r.inv.makesFrontEnd = true
		r.inv.frontEnd = cluster.Node{ID: id, Name: r.doc.FrontEnd.Name, ClusterID: r.doc.ID, ClusterName: r.doc.Name,
			Role: cluster.RoleFrontEnd, Status: cluster.StatusBuild}
		r.inv.changed()
		making{&r.inv}.settle()
		err = m.wait(waiting)
		if err == nil {
			return nil
		}
		if !r.inv.frontEnd.Broken() || try >= frontEndTries {
			return fmt.Errorf("%w: %w", ErrNoFrontEnd, err)
		}
		failed = append(failed, id)
		if err := r.inv.remove(waiting, cluster.Nodes{r.inv.frontEnd}); err != nil {
			return err
		}
	}
}

// post creates the server and returns its ID; known are servers of earlier tries.
func (m frontEndMaking) post(ctx context.Context, known []string) (string, error) {
	doc, spec := m.r.doc, m.r.req.Spec.FrontEnd
	key, err := m.r.ca.Coordinator(doc.Name, time.Now())
	if err != nil {
		return "", err
	}
	doc.FrontEnd.FirstKey = key.Public // it signs what the front-end first says
	m.r.doc.FrontEnd.FirstKey = key.Public
	userData, err := cloudinit.FrontEnd(cloudinit.FrontEndInput{
		Common:         cloudinit.NewCommon(doc, spec),
		Name:           doc.FrontEnd.Name,
		Document:       doc,
		CoordinatorKey: key.Private,
		Certificate:    key.Certificate,
	})
	if err != nil {
		return "", fmt.Errorf("render user data: %w", err)
	}
	items, err := doc.Encode()
	if err != nil {
		return "", err
	}
	req := m.r.p.maker().Request(doc, batch.Order{
		Name: doc.FrontEnd.Name, Role: cluster.RoleFrontEnd, Spec: spec, Metadata: m.r.inv.batch.Marks(items), UserData: userData,
	})
	req.Zone = cluster.NextZone(spec.Zones, nil)
	// A front-end that replaces another does not know what that one has asked for.
	req.NeverFloated = m.r.req.Create && spec.ExternalNetworkID == ""
	return m.r.p.maker().Create(ctx, req, known)
}

// wait reads the list until the front-end is ACTIVE. The same reads show how far the
// new workers have come. Its floating IP is associated as soon as it has an address.
func (m frontEndMaking) wait(ctx context.Context) error {
	inv := &m.r.inv
	for unseen := 0; ; {
		read, err := inv.look(ctx, beActive)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("wait for %s: Nova shows it as %s: %w", inv.frontEnd.Name, inv.frontEnd.Status, context.Cause(ctx))
		case err != nil:
			return err
		case !read:
			continue
		}
		if unseen++; hasID(inv.servers, inv.frontEnd.ID) && !inv.frontEnd.Gone() {
			unseen = 0
		}
		if unseen >= batch.MostUnseen {
			if inv.frontEndIsGone(ctx) {
				return inv.frontEndVanished("while it was being made")
			}
			unseen = 0
		}
		switch {
		case isActive(inv.frontEnd):
			m.r.p.opts.Log(ctx, "the front-end is active in Nova", "address", inv.frontEnd.Address)
			return nil
		case inv.frontEnd.Broken():
			kind, words := m.r.p.maker().Fault(ctx, inv.frontEnd)
			return &cluster.CloudError{Kind: kind, Op: "build " + inv.frontEnd.Name, Message: words}
		case inv.frontEnd.Address != "":
			m.associateEarly(ctx)
		}
	}
}

// associate gives the front-end its floating IP, where one is wanted and none is
// known. Every change looks for it again: an interrupted run may have ended right
// before it.
func (m frontEndMaking) associate(ctx context.Context) error {
	r, fe := m.r, &m.r.inv.frontEnd
	if err := m.float(ctx); err != nil {
		r.tally.problems = append(r.tally.problems, cluster.Problem{
			Node: fe.Name, Kind: cluster.KindOf(err), Summary: "has no floating IP", Detail: err.Error(), Heals: true,
		})
	}
	return nil
}

// associateEarly is associate for a front-end that is being built, once. It is tried
// again when the front-end is ACTIVE.
func (m frontEndMaking) associateEarly(ctx context.Context) {
	if m.r.floated {
		return
	}
	if err := m.float(ctx); err != nil {
		m.r.p.opts.Log(ctx, "associating the floating IP failed; trying again when the front-end is active", "error", err.Error())
	}
}

// float gives the front-end a floating IP, unless it has one or none is wanted.
func (m frontEndMaking) float(ctx context.Context) error {
	r, fe := m.r, &m.r.inv.frontEnd
	network := r.req.Spec.FrontEnd.ExternalNetworkID
	if network == "" || fe.Floating != "" {
		return nil
	}
	if fe.NeverFloated {
		if err := r.p.cloud.ExpectFloating(ctx, fe.ID); err != nil {
			return err
		}
		fe.NeverFloated = false
	}
	fresh := r.req.Create && !r.floated
	r.floated = true
	address, err := r.p.cloud.AssociateFloatingIP(ctx, r.doc.ID, fe.ID, network, fe.Address, fresh)
	if err != nil {
		return err
	}
	fe.Floating = address
	r.inv.changed()
	return nil
}

// finish waits for the first distribution and writes down what is known only then:
// workers made after the first roster, the front-end's own keys, and that the
// cluster has come into being.
func (m frontEndMaking) finish(ctx context.Context) error {
	r := m.r
	var report cluster.Report
	if r.req.Wait == WaitJoined {
		var err error
		if report, err = r.waitReport(ctx, r.doc.Generation); err != nil {
			return err
		}
	}
	if r.req.Create {
		if err := (claim{r}).settle(ctx); err != nil {
			return err
		}
	}
	ready := map[string]string{cluster.MetaReady: "1"}
	change := func(d *cluster.Document) error {
		// A front-end that does not read the document itself would not learn of late
		// workers.
		enrolled, moved := r.channel.delivery() == pulled && enrolment{r}.write(d), r.setCA(d)
		if enrolled || moved {
			d.Generation++
		}
		roster.TakeKeys(d, r.inv.frontEnd, report)
		if report.Generation > 0 && report.Pending == 0 {
			d.HostCAs = nil // every worker has a certificate of this front-end's
		}
		_, err := r.prove(d)
		return err
	}
	store := r.p.store(r.inv.frontEnd.ID)
	var doc cluster.Document
	var err error
	switch {
	case !r.inv.byName.shows(r.inv.frontEnd.ID): // a scaler may have found the cluster, and written
		doc, err = store.Change(ctx, ready, change)
	case r.req.Wait == WaitJoined:
		doc, err = store.ChangeFrom(ctx, r.inv.frontEnd.Metadata, ready, change)
	default:
		doc, err = store.Finish(ctx, r.inv.frontEnd.Metadata, ready, change)
	}
	if err != nil {
		return err
	}
	r.inv.frontEnd = markedReady(r.inv.frontEnd)
	r.inv.batch.Yield(ctx)
	late := doc.Generation > r.doc.Generation
	r.doc = doc
	if late && r.req.Wait == WaitJoined {
		_, err = r.waitReport(ctx, doc.Generation)
	}
	return err
}
