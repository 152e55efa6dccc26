package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// addressTimeout is how long AddWorkers waits for Nova to hand out addresses.
const addressTimeout = 3 * time.Minute

// open reads a cluster that is to be changed without its CA's key.
func (p *Provisioner) open(ctx context.Context, ref cluster.Ref) (cluster.View, cluster.Node, error) {
	view, err := p.Refresh(ctx, ref, nil)
	if err != nil {
		return view, cluster.Node{}, err
	}
	fe, ok := view.Nodes.FrontEnd()
	if !ok || !view.HasDocument {
		return view, fe, fmt.Errorf("open cluster %s: %w", ref.ID, ErrNoFrontEnd)
	}
	if view.Document.WithoutMetadataService() {
		return view, fe, fmt.Errorf("open cluster %s: %w", ref.ID, ErrGrowsByTerraform)
	}
	return view, fe, nil
}

// AddWorkers makes n more workers of a group, exactly as the provider would, and
// writes those that have an address into the roster. It returns their names; with
// an error too, where only some came about: then a cluster.NotMadeError in it names
// the others.
func (p *Provisioner) AddWorkers(ctx context.Context, clusterID, group string, n int) ([]string, error) {
	return p.AddWorkersOutside(ctx, clusterID, group, n, nil)
}

// AddWorkersOutside is AddWorkers that leaves availability zones out, as far as the
// group has others.
func (p *Provisioner) AddWorkersOutside(ctx context.Context, clusterID, group string, n int, avoid []string) ([]string, error) {
	view, fe, err := p.open(ctx, cluster.Ref{ID: clusterID})
	if err != nil {
		return nil, err
	}
	if _, ok := view.Document.Groups[group]; !ok {
		return nil, fmt.Errorf("add workers: the cluster has no group %q", group)
	}
	doc := view.Document
	report := p.reporter().keys(ctx, doc, fe)
	roster.TakeKeys(&doc, fe, report)
	b, err := batch.New(p.maker(), p.opts.Concurrency, doc, plan.More(view, group, n), madeAt(fe))
	if err != nil {
		return nil, err
	}
	b.Spread(view.Nodes, map[string][]string{group: avoid})
	b.JoinServerGroups(ctx, view.Nodes)
	if err := b.Launch(ctx); err != nil {
		return nil, err
	}
	if err := waitAddresses(ctx, p.cloud, p.opts.Log, clusterID, b); err != nil {
		return nil, err
	}
	_, err = p.store(fe.ID).Change(ctx, nil, func(d *cluster.Document) error {
		roster.TakeKeys(d, fe, report)
		if !b.Enrol(d) {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.Yield(ctx)
	return outcome(b)
}

// waitAddresses reads the list until every worker has an address, for at most
// addressTimeout. The error is the context's only.
func waitAddresses(ctx context.Context, cloud batch.Cloud, log logFunc, clusterID string, b *batch.Batch) error {
	waiting, cancel := context.WithTimeout(ctx, addressTimeout)
	defer cancel()
	pace := wait.NewPoll(2*time.Second, 10*time.Second)
	for !b.Every(hasAddress) {
		if err := pace.Wait(waiting); err != nil {
			return ctx.Err() // after our own limit workers with an address are enrolled, the join timeout deals with the rest
		}
		nodes, err := cloud.Nodes(waiting, cluster.IDTag(clusterID))
		if err != nil {
			log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
			continue
		}
		if err := b.Observe(waiting, nodes); err != nil {
			return ctx.Err()
		}
	}
	return nil
}

// outcome returns the names of the workers that were made, and an error that names
// the others.
func outcome(b *batch.Batch) ([]string, error) {
	names, problems := b.Nodes().Names(), b.Problems.All()
	if len(problems) == 0 {
		return names, nil
	}
	first := problems[0]
	var lost cluster.NotMadeError
	for _, problem := range problems {
		lost = append(lost, cluster.NotMade{Name: problem.Node, Zones: problem.Zones, Kind: problem.Kind, Message: problem.Summary + ": " + problem.Detail})
	}
	return names, &cluster.CloudError{
		Kind: first.Kind, Op: fmt.Sprintf("add workers: %d of %d were made", len(names), b.Size()),
		Message: first.Node + " " + first.Summary + ": " + first.Detail, Err: lost,
	}
}

// SetLeaving marks members to leave, or to stay after all. Names without an entry
// in the roster are passed over.
func (p *Provisioner) SetLeaving(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error {
	_, fe, err := p.open(ctx, cluster.Ref{ID: clusterID})
	if err != nil {
		return err
	}
	_, err = p.store(fe.ID).SetLeaving(ctx, func(m cluster.Member) cluster.Leaving {
		if want, ok := marks[m.Name]; ok {
			return want
		}
		return m.Leaving
	})
	return err
}

// removeWait is how long RemoveWorkers waits for its servers to be gone. A scaler
// has more to do than to wait for one that hangs.
const removeWait = 90 * time.Second

// RemoveWorkers deletes workers' servers and takes those that are gone from the
// roster; a LeftError names the others. It does not drain: the caller has seen that
// the workers run nothing. Of those in drained the caller has seen it because they
// were drained: such a worker stays if it is not marked to leave any more. Someone
// has called it back, and it may have got a job since.
func (p *Provisioner) RemoveWorkers(ctx context.Context, clusterID string, names, drained []string) error {
	view, fe, err := p.open(ctx, cluster.Ref{ID: clusterID})
	if err != nil {
		return err
	}
	doomed, calledBack := stillWanted(view, names, drained)
	if len(calledBack) > 0 {
		p.opts.Log(ctx, "not deleting workers that were called back", "nodes", calledBack)
	}
	servers := serversOf(view, doomed)
	if len(doomed) == 0 {
		return nil
	}
	p.opts.Log(ctx, "deleting workers", "nodes", slices.Sorted(maps.Keys(doomed)))
	waiting, cancel := context.WithTimeout(ctx, removeWait)
	defer cancel()
	err = deleteAll(waiting, p, clusterID, servers, nil)
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
	doc, err := p.store(fe.ID).Forget(ctx, func(m cluster.Member) bool { return doomed[m.Name] })
	if err != nil {
		return err
	}
	batch.ServerGroups{Maker: p.maker()}.Tidy(ctx, batch.HeldBy(cluster.Document{}, servers), servers, doc)
	if left != nil {
		return left
	}
	return nil
}

// stillWanted returns which of the named workers are to be removed, and those that
// were called back: they are in drained, and no longer marked to leave.
func stillWanted(view cluster.View, names, drained []string) (doomed map[string]bool, calledBack []string) {
	doomed = map[string]bool{}
	for _, name := range names {
		doomed[name] = true
	}
	for _, name := range drained {
		if m, listed := view.Document.Member(name); doomed[name] && listed && m.Leaving == cluster.Stays {
			delete(doomed, name)
			calledBack = append(calledBack, name)
		}
	}
	return doomed, calledBack
}

// serversOf returns the servers of the doomed workers. A worker whose server is gone,
// and in whose place another is being made, is taken out of doomed.
func serversOf(view cluster.View, doomed map[string]bool) cluster.Nodes {
	var servers cluster.Nodes
	for _, n := range view.Nodes.Workers("") {
		_, listed := view.Document.Member(n.Name)
		switch {
		case !doomed[n.Name]:
		case listed && !view.Document.Enrolled(n):
			delete(doomed, n.Name)
		default:
			servers = append(servers, n)
		}
	}
	return servers
}
