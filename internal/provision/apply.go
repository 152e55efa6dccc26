package provision

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// run is one Apply under way.
type run struct {
	p        *Provisioner
	req      Request
	have     cluster.Nodes      // the cluster's servers as last seen
	doc      cluster.Document   // as in the cloud, or as it will be there
	held     map[heldGroup]bool // server groups that it had when it was first seen
	plan     Plan
	ca       *trust.CA // of a front-end that is made
	sent     int64     // generation of the newest roster that a worker was made to bring
	fleet    *fleet
	frontEnd cluster.Node
	problems []Problem
	failed   []string // workers that did not come up

	made, deleted int
	buried        cluster.Nodes // whom this run has deleted
}

// Apply makes the cluster what the request wants: a create, a growth, a shrink
// and a repair are the same steps over different differences. It returns what
// exists in any case; the error says that the cluster does not work or that the
// run was cut short, a Problem that one node is not as wanted.
func (p *Provisioner) Apply(ctx context.Context, req Request) (Result, error) {
	r := &run{p: p, req: req}
	err := r.steps(ctx)
	if err == nil {
		p.tidyServerGroups(ctx, r.held, r.buried, r.doc)
	}
	r.endFleet()
	if err == nil {
		err = r.enough()
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cluster.CompareNames(a.Node, b.Node), cmp.Compare(a.Summary, b.Summary))
	})
	r.problems = slices.CompactFunc(r.problems, func(a, b Problem) bool { return a.Node == b.Node && a.Summary == b.Summary })
	return Result{
		View:     View{Nodes: r.nodes(), Document: r.doc, HasDocument: r.frontEnd.ID != ""},
		Problems: r.problems, Counts: r.count(ctx),
	}, err
}

func (r *run) steps(ctx context.Context) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	if err := r.clear(ctx); err != nil {
		return err
	}
	if err := r.create(ctx); err != nil {
		return err
	}
	if err := r.associate(ctx); err != nil {
		return err
	}
	bring := r.distribute
	if r.plan.FrontEnd {
		bring = r.finishFrontEnd
	}
	if err := bring(ctx); err != nil {
		return err
	}
	return r.roll(ctx)
}

// look reads what exists and decides.
func (r *run) look(ctx context.Context) error {
	s := r.req.Spec
	if r.req.Create && !r.req.NameFree {
		if err := r.removeLeftovers(ctx); err != nil {
			return err
		}
	}
	var view View // of a new ID there is nothing to read
	var err error
	if !r.req.Create {
		if view, err = r.p.Refresh(ctx, s.ID, r.req.Known); err != nil {
			return err
		}
	}
	view = r.neverJoined(ctx, view.Known(s.ID, r.req.Last))
	r.have = view.Nodes
	r.doc = view.Document
	r.held = heldGroups(view.Document, view.Nodes)
	r.sent = sentGeneration(view.Nodes)
	r.plan = r.compute(view, r.req.withLatecomers(r.sound(view)))
	if r.plan.FrontEnd {
		return r.startOver(view)
	}
	r.frontEnd, _ = view.Nodes.FrontEnd()
	if !view.HasDocument {
		return fmt.Errorf("%w: the metadata of %s holds no cluster document, so nothing can join it; delete that server, and the next apply makes front-end and workers anew",
			ErrNoFrontEnd, r.frontEnd.Name)
	}
	return nil
}

// rules are those of the state that was found. New workers get the names that
// the plan has promised, then those of workers that are in the roster and have no
// server: somebody deleted it, and the new one takes its place.
func (r *run) rules(v View) Rules {
	leaving := map[string]bool{}
	names := slices.Clone(r.req.Planned)
	for _, m := range v.Document.Workers {
		leaving[m.Name] = m.Leaving != cluster.Stays
		if _, there := v.Nodes.ByName(m.Name); !there {
			names = append(names, m.Name)
		}
	}
	return Rules{
		Leaving: func(name string) bool { return leaving[name] }, Names: names,
		Rolling: r.req.Replacement.Rolling, MayRoll: r.req.mayRoll(),
	}
}

func (r *run) compute(v View, s cluster.Spec) Plan {
	plan := Compute(s, r.sound(v), r.rules(v))
	plan.FrontEnd = plan.FrontEnd || r.outdatedFrontEnd(v)
	return plan
}

// withLatecomers makes room for sound workers that the plan has never seen, as
// when the scaler added them in between: a plan shows who leaves, so nobody else
// does. The next plan shows them.
func (req Request) withLatecomers(sound cluster.Nodes) cluster.Spec {
	s := req.Spec
	if req.Planned == nil {
		return s
	}
	s.Groups = maps.Clone(s.Groups)
	for name, g := range s.Groups {
		for _, w := range sound.Workers(name) {
			if g.Scaling == nil && !w.Unfit() && !slices.Contains(req.Planned, w.Name) && !slices.Contains(g.Retire, w.Name) {
				g.Count++
			}
		}
		s.Groups[name] = g
	}
	return s
}

// sound returns the nodes that may be kept: without second servers of one name,
// and without workers that an interrupted run of ours made and did not get to
// write into the roster: their batch CA died with that run. Workers of another
// owner that are not in the roster yet may be under way.
func (r *run) sound(v View) cluster.Nodes {
	one, _ := v.Nodes.Distinct(v.Document.Workers)
	return slices.DeleteFunc(one, func(n cluster.Node) bool {
		if n.Role != cluster.RoleWorker || !v.HasDocument || n.Owner != r.p.opts.Owner {
			return false
		}
		return !v.Document.Enrolled(n)
	})
}

// removeLeftovers deletes what an interrupted create of the same place left.
// Its CA died with it, so nothing of it can be used.
func (r *run) removeLeftovers(ctx context.Context) error {
	left, err := r.p.leftovers(ctx, r.req.Spec.Name, r.req.CreatedBy)
	if err != nil {
		return err
	}
	done := map[string]bool{r.req.Spec.ID: true}
	for _, n := range left {
		if done[n.ClusterID] {
			continue
		}
		done[n.ClusterID] = true
		r.p.opts.Log(ctx, "removing what an interrupted create left", "cluster", n.ClusterName, "id", n.ClusterID)
		if err := r.p.Destroy(ctx, n.ClusterID, nil); err != nil {
			return fmt.Errorf("remove what an interrupted create left: %w", err)
		}
	}
	return nil
}

// clear deletes at once what can't stay and need not be drained: all that is
// not to be kept but is no victim of a shrink. Names become free by it, so it
// waits until the servers are gone.
func (r *run) clear(ctx context.Context) error {
	keep := map[string]bool{}
	for _, w := range r.plan.each(func(g GroupPlan) []string { return g.Keep }) {
		keep[w.name] = true
	}
	victims := r.victims()
	sound := r.sound(View{Nodes: r.have, Document: r.doc, HasDocument: r.frontEnd.ID != ""})
	var doomed cluster.Nodes
	for _, n := range r.have {
		isSound := slices.ContainsFunc(sound, func(s cluster.Node) bool { return s.ID == n.ID })
		switch {
		case n.ID == r.frontEnd.ID:
		case isSound && (keep[n.Name] || victims[n.Name]):
		default:
			doomed = append(doomed, n)
		}
	}
	if len(doomed) == 0 {
		return nil
	}
	r.p.opts.Log(ctx, "deleting servers that can't stay", "nodes", doomed.Names())
	return r.deleteNodes(ctx, doomed)
}

// victims are the workers that a shrink removes: in good order, so they are
// drained first where the batch system can.
func (r *run) victims() map[string]bool {
	out := map[string]bool{}
	if r.plan.FrontEnd {
		return out
	}
	for _, g := range r.plan.Groups {
		for _, name := range g.Remove {
			if n, ok := r.have.ByName(name); ok && !n.Unfit() && !slices.Contains(g.Add, name) {
				out[name] = true
			}
		}
	}
	return out
}

// create makes the new workers and, when they have addresses, the front-end.
func (r *run) create(ctx context.Context) error {
	adds := r.plan.each(func(g GroupPlan) []string { return g.Add })
	if len(adds) > 0 {
		r.p.opts.Log(ctx, "creating workers", "count", len(adds))
	}
	victims := r.victims()
	stay := slices.DeleteFunc(slices.Clone(r.have), func(n cluster.Node) bool { return victims[n.Name] })
	if err := r.launch(ctx, adds, stay); err != nil {
		return err
	}
	if r.plan.FrontEnd {
		if err := r.createFrontEnd(ctx); err != nil {
			return err
		}
	}
	return r.waitFleet(ctx, isActive, 1, "is not active")
}

// launch begins a batch of workers beside those that stay, and waits until they
// have addresses.
func (r *run) launch(ctx context.Context, adds []worker, stay cluster.Nodes) error {
	fleet, err := r.p.newFleet(r.doc, adds, map[string]string{cluster.MetaCreatedBy: r.req.CreatedBy})
	if err != nil {
		return err
	}
	fleet.doc.Groups = r.groups()
	if fleet.errand, err = r.send(ctx, adds); err != nil {
		return err
	}
	fleet.spread(stay)
	r.endFleet()
	r.fleet = fleet
	fleet.joinServerGroups(ctx, slices.Concat(r.have, r.buried))
	if err := fleet.launch(ctx); err != nil {
		return err
	}
	r.changed()
	if err := r.waitFleet(ctx, hasAddress, 2, "has no address"); err != nil {
		return err
	}
	return r.launchLast(ctx)
}

// endFleet takes over what went wrong with a batch.
func (r *run) endFleet() {
	if r.fleet == nil {
		return
	}
	if !r.fleet.ended {
		r.fleet.ended = true
		r.made += len(r.fleet.nodes())
	}
	for _, p := range r.fleet.problems {
		r.failed = append(r.failed, p.Node)
	}
	r.problems = append(r.problems, r.fleet.problems...)
	r.fleet.problems = nil
}

// groups are the specs that new workers follow: the wanted ones, not those of an
// older document.
func (r *run) groups() map[string]cluster.GroupSpec {
	var d cluster.Document
	roster.SetTemplates(&d, r.req.Spec)
	return d.Groups
}
