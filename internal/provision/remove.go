package provision

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// removeVictims deletes drained workers and has the front-end forget them.
func (r *run) removeVictims(ctx context.Context, victims map[string]bool) error {
	var doomed cluster.Nodes
	for _, n := range r.nodes() {
		if n.Role == cluster.RoleWorker && victims[n.Name] {
			doomed = append(doomed, n)
		}
	}
	r.p.opts.Log(ctx, "deleting workers", "nodes", doomed.Names())
	if err := r.deleteNodes(ctx, doomed); err != nil {
		return err
	}
	doc, err := r.p.forgetWorkers(ctx, r.frontEnd.ID, func(m cluster.Member) bool { return victims[m.Name] })
	if err != nil {
		return err
	}
	moved := doc.Generation > r.doc.Generation
	r.doc = doc
	if moved && r.req.Wait == WaitJoined {
		_, err = r.waitReport(ctx, doc.Generation, nil)
	}
	return err
}

// forgetWorkers writes a document without the members for which gone is true.
func (p *Provisioner) forgetWorkers(ctx context.Context, frontEnd string, gone func(cluster.Member) bool) (cluster.Document, error) {
	return p.changeDocument(ctx, frontEnd, nil, func(d *cluster.Document) error {
		if !forget(d, gone) {
			return errNoChange
		}
		d.Generation++
		return nil
	})
}

// deleteNodes deletes servers and waits until none of them is listed.
func (r *run) deleteNodes(ctx context.Context, doomed cluster.Nodes) error {
	err := r.p.deleteAll(ctx, r.req.Spec.ID, doomed, func(left cluster.Nodes) {
		r.have = r.retain(ctx, left, doomed)
		if r.fleet != nil {
			// What is deleted is no member of the new workers' list.
			for _, n := range doomed {
				for _, m := range r.fleet.members {
					if m.id == n.ID {
						m.lost = true
					}
				}
			}
		}
		if slices.ContainsFunc(doomed, func(n cluster.Node) bool { return n.ID == r.frontEnd.ID }) {
			r.frontEnd = cluster.Node{}
		}
		r.changed()
	})
	if err != nil {
		return fmt.Errorf("delete servers: %w", err)
	}
	r.deleted += len(doomed)
	r.p.opts.Log(ctx, fmt.Sprintf("deleted %d of %d", len(doomed), len(doomed)), "nodes", doomed.Names())
	return nil
}

// askAgain is after how many reads of the list, some 100 s, a server that is
// still there is asked to go once more: a busy Nova needs a minute for many.
const askAgain = 8

// deleteAll asks for the deletion of the given servers and reads the cluster's
// list until none of them is there. One that Nova failed to delete is asked for
// again. seen is told each list.
func (p *Provisioner) deleteAll(ctx context.Context, id string, doomed cluster.Nodes, seen func(cluster.Nodes)) error {
	if len(doomed) == 0 {
		return nil
	}
	if err := p.requestDeletion(ctx, doomed); err != nil {
		return err
	}
	return p.awaitGone(ctx, id, doomed, seen)
}

func (p *Provisioner) awaitGone(ctx context.Context, id string, doomed cluster.Nodes, seen func(cluster.Nodes)) error {
	ids := map[string]bool{}
	for _, n := range doomed {
		ids[n.ID] = true
	}
	pace := newServerPoll(len(doomed))
	for round := 1; ; round++ {
		if err := pace.wait(ctx); err != nil {
			return fmt.Errorf("wait until servers are gone: %w", err)
		}
		nodes, err := p.cloud.Nodes(ctx, cluster.IDTag(id))
		if err != nil {
			p.opts.Log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
			continue
		}
		if seen != nil {
			seen(nodes)
		}
		left := slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool { return !ids[n.ID] || n.Gone() })
		if len(left) == 0 {
			return nil
		}
		stuck := slices.DeleteFunc(left, func(n cluster.Node) bool { return !n.Broken() && round%askAgain != 0 })
		if err := p.requestDeletion(ctx, stuck); err != nil {
			return err
		}
	}
}

func (p *Provisioner) requestDeletion(ctx context.Context, doomed cluster.Nodes) error {
	var g errgroup.Group
	g.SetLimit(p.opts.Concurrency)
	for _, n := range doomed {
		g.Go(func() error {
			if err := p.cloud.DeleteNode(ctx, n.ID); err != nil && !cluster.IsKind(err, cluster.FaultConflict) {
				return fmt.Errorf("delete %s: %w", n.Name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// Destroy deletes everything that carries the cluster's tag, whoever made it: the
// floating IPs before the servers, because a cluster is known by its servers and
// whoever is cut short must find it again; of the servers the front-end first, so
// that a scaler beside it stops. It reads the list until nothing is left.
//
// A known server that the cloud does not tell about ends it before anything is
// deleted: nobody would remember the server, and it would stay.
func (p *Provisioner) Destroy(ctx context.Context, id string, known cluster.Nodes) error {
	for released := false; ; {
		listed, err := p.cloud.Nodes(ctx, cluster.IDTag(id))
		if err != nil {
			return fmt.Errorf("list the servers of cluster %s: %w", id, err)
		}
		nodes, err := p.complete(ctx, id, listed, known)
		if err != nil {
			return fmt.Errorf("list the servers of cluster %s: %w", id, err)
		}
		// From here on those count whose deletion no list will show.
		known = nodes[len(listed):]
		if !released {
			if err := p.releaseFloatingIPs(ctx, id); err != nil {
				return err
			}
			released = true
		}
		if len(nodes) == 0 {
			return nil
		}
		var first, then cluster.Nodes
		for _, n := range nodes {
			if n.Role == cluster.RoleFrontEnd {
				first = append(first, n)
			} else {
				then = append(then, n)
			}
		}
		view, err := viewOf(nodes)
		if err != nil {
			p.opts.Log(ctx, "the cluster document can't be read", "error", err.Error()) // what the servers tell has to do
		}
		if err := p.dropServerGroups(ctx, view); err != nil {
			return err
		}
		p.opts.Log(ctx, "deleting servers", "count", len(nodes))
		if err := p.requestDeletion(ctx, first); err != nil {
			return err
		}
		if err := p.requestDeletion(ctx, then); err != nil {
			return err
		}
		if err := p.awaitGone(ctx, id, nodes, nil); err != nil {
			return err
		}
	}
}

func (p *Provisioner) releaseFloatingIPs(ctx context.Context, id string) error {
	ips, err := p.cloud.FloatingIPs(ctx, id)
	if err != nil {
		return fmt.Errorf("list the floating IPs of cluster %s: %w", id, err)
	}
	for ip, address := range ips {
		if err := p.cloud.DeleteFloatingIP(ctx, ip); err != nil {
			return fmt.Errorf("release floating IP %s: %w", address, err)
		}
	}
	return nil
}

// HasFloatingIP tells whether a floating IP of the cluster is there.
func (p *Provisioner) HasFloatingIP(ctx context.Context, id string) (bool, error) {
	ips, err := p.cloud.FloatingIPs(ctx, id)
	if err != nil {
		return false, fmt.Errorf("list the floating IPs of cluster %s: %w", id, err)
	}
	return len(ips) > 0, nil
}
