package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// How long AddWorkers waits for Nova to hand out addresses.
const addressTimeout = 3 * time.Minute

// Read returns a cluster's nodes, document and the front-end's latest report.
// Known are the nodes that an earlier Read returned; one that the cloud does not
// tell about now is an error.
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
	text, err := p.report(ctx, v.Document, fe.ID)
	if err != nil {
		return v, fmt.Errorf("read the front-end's report: %w", err)
	}
	report, there, err := cluster.ParseReport(text)
	switch {
	case err != nil:
		// Any program of root's on that server may write there; what is no report
		// is cleared as one that is not settled.
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
	if err := p.clearReport(ctx, v.Document, fe.ID); err != nil {
		return v, fmt.Errorf("clear the front-end's report: %w", err)
	}
	return v, nil
}

// settled tells that the report is of the document's generation and nothing that
// it speaks of is still on its way.
func settled(v View) bool {
	drained, err := cluster.UnfoldNames(v.Document.Name, v.Report.Drained)
	return err == nil && v.Report.Generation >= v.Document.Generation && v.Report.Pending == 0 && max(len(drained), v.Report.DrainedCount) == roster.Leaving(v.Document)
}

// AddWorkers makes n more workers of a group, exactly as the provider would, and
// writes those that have an address into the roster. It returns their names;
// with an error too, when only some came about: then a cluster.NotMadeError in it
// names the others.
func (p *Provisioner) AddWorkers(ctx context.Context, clusterID, group string, n int) ([]string, error) {
	return p.AddWorkersOutside(ctx, clusterID, group, n, nil)
}

// AddWorkersOutside is AddWorkers that leaves availability zones out, as far as the
// group has others.
func (p *Provisioner) AddWorkersOutside(ctx context.Context, clusterID, group string, n int, avoid []string) ([]string, error) {
	view, fe, err := p.open(ctx, clusterID)
	if err != nil {
		return nil, err
	}
	if _, ok := view.Document.Groups[group]; !ok {
		return nil, fmt.Errorf("add workers: the cluster has no group %q", group)
	}
	taken := view.Nodes.Names()
	for _, m := range view.Document.Workers {
		taken = append(taken, m.Name)
	}
	var adds []worker
	for _, name := range cluster.NextNames(view.Document.Name, group, n, taken) {
		adds = append(adds, worker{name: name, group: group})
	}
	doc := view.Document
	report := p.keys(ctx, doc, fe)
	roster.TakeKeys(&doc, fe, report)
	fleet, err := p.newFleet(doc, adds, nil)
	if err != nil {
		return nil, err
	}
	fleet.avoid = avoid
	fleet.spread(view.Nodes)
	fleet.joinServerGroups(ctx, view.Nodes)
	if err := fleet.launch(ctx); err != nil {
		return nil, err
	}
	if err := p.waitAddresses(ctx, clusterID, fleet); err != nil {
		return nil, err
	}
	_, err = p.store(fe.ID).Change(ctx, nil, func(d *cluster.Document) error {
		roster.TakeKeys(d, fe, report)
		if !fleet.enroll(d) {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return nil, err
	}
	fleet.yield(ctx)
	return fleet.outcome()
}

func (p *Provisioner) waitAddresses(ctx context.Context, clusterID string, f *fleet) error {
	waiting, cancel := context.WithTimeout(ctx, addressTimeout)
	defer cancel()
	pace := wait.NewPoll(2*time.Second, 10*time.Second)
	for !f.every(hasAddress) {
		if err := pace.Wait(waiting); err != nil {
			return ctx.Err() // our own limit: who has an address is enrolled, the join timeout deals with the rest
		}
		nodes, err := p.cloud.Nodes(waiting, cluster.IDTag(clusterID))
		if err != nil {
			p.opts.Log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
			continue
		}
		if err := f.observe(waiting, nodes); err != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (f *fleet) outcome() ([]string, error) {
	names := f.nodes().Names()
	if len(f.problems) == 0 {
		return names, nil
	}
	first := f.problems[0]
	var lost cluster.NotMadeError
	for _, problem := range f.problems {
		lost = append(lost, cluster.NotMade{Name: problem.Node, Zones: problem.zones, Kind: problem.Kind, Message: problem.Summary + ": " + problem.Detail})
	}
	return names, &cluster.CloudError{
		Kind: first.Kind, Op: fmt.Sprintf("add workers: %d of %d were made", len(names), len(f.members)),
		Message: first.Node + " " + first.Summary + ": " + first.Detail, Err: lost,
	}
}

// SetLeaving marks members to leave, or to stay after all. Names without an
// entry in the roster are passed over.
func (p *Provisioner) SetLeaving(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error {
	_, fe, err := p.open(ctx, clusterID)
	if err != nil {
		return err
	}
	_, err = p.store(fe.ID).Change(ctx, nil, func(d *cluster.Document) error {
		changed := roster.SetLeaving(d, func(m cluster.Member) cluster.Leaving {
			if want, ok := marks[m.Name]; ok {
				return want
			}
			return m.Leaving
		})
		if !changed {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	return err
}

// removeWait is how long RemoveWorkers waits for its servers to be gone. A scaler
// has more to do than to wait for one that hangs.
const removeWait = 90 * time.Second

// RemoveWorkers deletes workers' servers and takes those that are gone from the
// roster; a LeftError names the others. It does not drain: who calls it has seen
// that they run nothing. Of some it was seen because they were drained: such a one
// stays if it is not marked to leave any more. Somebody has called it back, and it
// may have got a job since.
func (p *Provisioner) RemoveWorkers(ctx context.Context, clusterID string, names, drained []string) error {
	view, fe, err := p.open(ctx, clusterID)
	if err != nil {
		return err
	}
	doomed := map[string]bool{}
	for _, name := range names {
		doomed[name] = true
	}
	for _, name := range drained {
		if m, listed := view.Document.Member(name); doomed[name] && listed && m.Leaving == cluster.Stays {
			p.opts.Log(ctx, "not deleting a worker that was called back", "node", name)
			delete(doomed, name)
		}
	}
	var servers cluster.Nodes
	for _, n := range view.Nodes.Workers("") {
		_, listed := view.Document.Member(n.Name)
		switch {
		case !doomed[n.Name]:
		case listed && !view.Document.Enrolled(n):
			delete(doomed, n.Name) // the one that was meant is gone, and another is being made in its place
		default:
			servers = append(servers, n)
		}
	}
	if len(doomed) == 0 {
		return nil
	}
	p.opts.Log(ctx, "deleting workers", "nodes", slices.Sorted(maps.Keys(doomed)))
	waiting, cancel := context.WithTimeout(ctx, removeWait)
	defer cancel()
	err = p.deleteAll(waiting, clusterID, servers, nil)
	var left *LeftError
	if err != nil && (!errors.As(err, &left) || ctx.Err() != nil) {
		return err
	}
	if left != nil {
		for _, n := range left.Servers {
			delete(doomed, n.Name)
		}
		servers = slices.DeleteFunc(servers, func(n cluster.Node) bool { return !doomed[n.Name] })
	}
	doc, err := p.forgetWorkers(ctx, fe.ID, func(m cluster.Member) bool { return doomed[m.Name] })
	if err != nil {
		return err
	}
	p.tidyServerGroups(ctx, heldGroups(cluster.Document{}, servers), servers, doc)
	if left != nil {
		return left
	}
	return nil
}

func (p *Provisioner) open(ctx context.Context, clusterID string) (View, cluster.Node, error) {
	view, err := p.Refresh(ctx, clusterID, nil)
	if err != nil {
		return view, cluster.Node{}, err
	}
	fe, ok := view.Nodes.FrontEnd()
	if !ok || !view.HasDocument {
		return view, fe, fmt.Errorf("open cluster %s: %w", clusterID, ErrNoFrontEnd)
	}
	if byLastWorker(view.Document) {
		return view, fe, fmt.Errorf("open cluster %s: %w", clusterID, ErrGrowsByTerraform)
	}
	return view, fe, nil
}
