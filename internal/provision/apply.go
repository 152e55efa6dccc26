package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// run is one Apply under way.
type run struct {
	p       *Provisioner
	req     Request
	inv     inventory
	tally   tally
	plan    plan.Plan
	doc     cluster.Document // as in the cloud, or as it will be there
	channel channel
	held    batch.Held      // server groups that the cluster had when it was first seen
	ca      *trust.CA       // of a front-end that is made
	left    cluster.Nodes   // of interrupted creates: they could not be deleted
	going   cluster.Nodes   // likewise: they were being deleted when they were found
	floated bool            // a floating IP was asked for
	victims map[string]bool // workers that a shrink removes and that may run jobs
	drains  bool            // the victims are drained before they are deleted
}

// Apply makes the cluster what the request wants: a create, a growth, a shrink
// and a repair are the same steps over different differences. It returns what
// exists in any case. The error means that the cluster does not work or that the
// run was cut short; a Problem is one node that is not as wanted.
func (p *Provisioner) Apply(ctx context.Context, req Request) (Result, error) {
	r := &run{p: p, req: req, inv: inventory{p: p, ref: req.ref(), clusterID: req.Spec.ID, onChange: req.Changed}}
	err := r.steps(ctx)
	making{&r.inv}.settle()
	if err == nil {
		batch.ServerGroups{Maker: p.maker()}.Tidy(ctx, r.held, r.inv.deletion.gone(), r.doc)
	}
	r.tally.take(r.inv.batch)
	nodes := r.inv.nodes()
	if err == nil {
		err = r.tally.enough(req.Spec, nodes)
	}
	counts := Counts{
		Made: r.tally.made, Deleted: len(r.inv.deletion.gone()), Ready: r.tally.countReady(nodes),
		Wanted: len(r.plan.Kept()) + len(r.plan.Adds()),
	}
	p.opts.Log(ctx, counts.String(), "cluster", req.Spec.Name, "generation", r.doc.Generation)
	return Result{
		View:     cluster.View{Nodes: nodes, Document: r.doc, HasDocument: r.inv.frontEnd.ID != "", Leftovers: r.left},
		Problems: r.tally.sorted(), Counts: counts,
	}, err
}

func (r *run) steps(ctx context.Context) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	r.chooseVictims()
	r.deleteEarly(ctx)
	if err := r.create(ctx); err != nil {
		return err
	}
	making := frontEndMaking{r}
	if err := making.associate(ctx); err != nil {
		return err
	}
	if r.plan.FrontEnd {
		if err := making.finish(ctx); err != nil {
			return err
		}
		if err := r.inv.awaitGone(ctx, every); err != nil {
			return err
		}
	} else if err := r.distribute(ctx); err != nil {
		return err
	}
	if err := r.roll(ctx); err != nil {
		return err
	}
	claim{r}.depart(ctx)
	var now cluster.Nodes
	if r.req.Create && r.inv.byName.fresh() {
		now = r.inv.byName.nodes
	}
	r.p.witness(ctx, r.doc, r.inv.nodes(), now)
	return nil
}

// look reads what exists and decides.
func (r *run) look(ctx context.Context) error {
	s := r.req.Spec
	if r.req.Create && !r.req.NameFree {
		if err := (claim{r}).clear(ctx); err != nil {
			return err
		}
	}
	var view cluster.View // of a new ID there is nothing to read
	var err error
	if !r.req.Create {
		if view, err = r.p.Refresh(ctx, r.req.ref(), r.req.Known); err != nil {
			return err
		}
	}
	claim{r}.clean(ctx, view.Leftovers)
	view = r.neverJoined(ctx, view.Known(s.ID, r.req.Last))
	r.inv.servers, r.doc = view.Nodes, view.Document
	r.held = batch.HeldBy(view.Document, view.Nodes)
	if r.req.Planned != nil {
		s = plan.WithLatecomers(s, plan.Sound(asPlanned(view), r.p.opts.Owner, time.Now()), r.req.Planned)
	}
	r.plan = r.compute(view, s)
	if r.plan.FrontEnd {
		err = r.startOver(view)
		r.channel = newChannel(r, view.Nodes)
		return err
	}
	r.channel = newChannel(r, view.Nodes)
	r.inv.frontEnd, _ = view.Nodes.FrontEnd()
	if !view.HasDocument {
		return fmt.Errorf("%w: the metadata of %s holds no cluster document, so nothing can join it; delete that server, and the next apply makes front-end and workers anew",
			ErrNoFrontEnd, r.inv.frontEnd.Name)
	}
	return r.checkTrust(view.Document)
}

func (r *run) compute(v cluster.View, s cluster.Spec) plan.Plan {
	rules := plan.RulesOf(v, r.req.Planned)
	rules.Rolling, rules.MayRoll = r.req.Replacement.Rolling, r.req.mayRoll()
	out := plan.Compute(s, plan.Sound(v, r.p.opts.Owner, time.Now()), rules)
	fe, ok := v.Nodes.FrontEnd()
	outdated := ok && r.req.ReplaceFrontEnd && fe.SpecHash != r.req.Spec.FrontEnd.BuildHash()
	out.FrontEnd = out.FrontEnd || outdated
	if v.Document.WithoutMetadataService() {
		out = out.WithMessenger(plan.Unenrolled(v, r.p.opts.Owner, time.Now()).Names())
	}
	return out
}

// chooseVictims finds the workers that a shrink removes and that may run jobs. A worker in
// no roster runs none. A front-end that does not read the document drains no worker.
func (r *run) chooseVictims() {
	r.victims = r.plan.Victims(r.inv.servers)
	maps.DeleteFunc(r.victims, func(name string, _ bool) bool {
		n, there := r.inv.servers.ByName(name)
		return there && !r.doc.Enrolled(n)
	})
	r.drains = len(r.victims) > 0 && r.req.DrainTimeout > 0 && r.req.Wait == WaitJoined &&
		r.doc.BatchSystem != cluster.BatchNone && overlaps(r)
	r.inv.frees = r.drains
}

// deleteEarly asks for the deletion of the servers that can't stay and need not be drained:
// all that the plan does not keep, but for victims that are drained.
func (r *run) deleteEarly(ctx context.Context) {
	keep := map[string]bool{}
	for _, name := range r.plan.Kept() {
		keep[name] = true
	}
	sound := plan.Sound(cluster.View{Nodes: r.inv.servers, Document: r.doc, HasDocument: r.inv.frontEnd.ID != ""}, r.p.opts.Owner, time.Now())
	var doomed cluster.Nodes
	for _, n := range r.inv.servers {
		stays := hasID(sound, n.ID) && (keep[n.Name] || r.victims[n.Name] && r.drains)
		if n.ID != r.inv.frontEnd.ID && !stays {
			doomed = append(doomed, n)
		}
	}
	if len(doomed) > 0 {
		r.p.opts.Log(ctx, "deleting servers that can't stay", "nodes", doomed.Names())
		r.inv.send(ctx, doomed)
	}
}

// create makes the new workers and, when they have addresses, the front-end.
func (r *run) create(ctx context.Context) error {
	adds := r.plan.Adds()
	if len(adds) > 0 {
		r.p.opts.Log(ctx, "creating workers", "count", len(adds))
	}
	stay := slices.DeleteFunc(slices.Clone(r.inv.servers), func(n cluster.Node) bool { return r.victims[n.Name] })
	if err := r.launch(ctx, adds, enrolment{r}.left(), stay); err != nil {
		return err
	}
	if r.plan.FrontEnd {
		// Two front-ends would work against each other, and the new one needs the name, the
		// floating IP and the fixed port of the one before.
		if err := r.inv.awaitGone(ctx, func(n cluster.Node) bool { return n.Role == cluster.RoleFrontEnd }); err != nil {
			return err
		}
		if err := (frontEndMaking{r}).create(ctx); err != nil {
			return err
		}
	}
	if overlaps(r) && r.req.Wait == WaitJoined {
		return nil // the wait for the joins looks after those that are still being built
	}
	return r.inv.waitBatch(ctx, beActive, 1)
}

// overlaps reports whether a worker that comes late can be enrolled later: the front-end
// reads the document again and again.
func overlaps(r *run) bool { return r.channel.delivery() == pulled }

// launch begins a batch of workers beside those that stay, and waits until they
// have addresses. Adopted are workers of an earlier run that go on with the batch.
func (r *run) launch(ctx context.Context, adds []string, adopted, stay cluster.Nodes) error {
	messenger, err := r.channel.send(ctx, adds)
	if err != nil {
		return err
	}
	doc := r.doc
	roster.SetTemplates(&doc, r.req.Spec) // new workers follow what is wanted, not an older document
	b, err := batch.New(r.p.maker(), r.p.opts.Concurrency, doc, adds, map[string]string{cluster.MetaCreatedBy: r.req.CreatedBy})
	if err != nil {
		return err
	}
	if messenger != nil {
		b.Messenger = messenger
	}
	b.Spread(stay, nil)
	if len(adopted) > 0 {
		r.p.opts.Log(ctx, "going on with workers that an earlier run has made", "nodes", adopted.Names())
		b.Adopt(adopted)
	}
	r.tally.take(r.inv.batch)
	r.inv.batch = b
	b.JoinServerGroups(ctx, slices.Concat(r.inv.servers, r.inv.deletion.gone()))
	hurried := r.plan.FrontEnd && overlaps(r) && len(adds) >= crowd
	if err := (making{&r.inv}).makeBatch(ctx, adds, hurried); err != nil {
		return err
	}
	r.inv.changed()
	if r.inv.calls != nil {
		return r.channel.launch(ctx)
	}
	known := anAddress
	known.early = overlaps(r)
	if err := r.inv.waitBatch(ctx, known, 2); err != nil {
		return err
	}
	return r.channel.launch(ctx)
}

// setCA has the nodes trust another CA from this document on. It reports whether
// that changed the document.
func (r *run) setCA(d *cluster.Document) bool {
	if r.req.CA == nil || d.CA == r.req.CA.Public() || !r.channel.delivery().reaches() {
		return false
	}
	d.CA = r.req.CA.Public()
	return true
}
