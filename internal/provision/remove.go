package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// removeVictims deletes drained workers and has the front-end forget them.
func (r *run) removeVictims(ctx context.Context, victims map[string]bool) error {
	if err := r.deleteVictims(ctx, victims); err != nil {
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

func (r *run) deleteVictims(ctx context.Context, victims map[string]bool) error {
	var doomed cluster.Nodes
	for _, n := range r.nodes() {
		if n.Role == cluster.RoleWorker && victims[n.Name] {
			doomed = append(doomed, n)
		}
	}
	if len(doomed) == 0 {
		return nil
	}
	r.p.opts.Log(ctx, "deleting workers", "nodes", doomed.Names())
	return r.deleteNodes(ctx, doomed)
}

// forgetWorkers writes a document without the members for which gone is true.
func (p *Provisioner) forgetWorkers(ctx context.Context, frontEnd string, gone func(cluster.Member) bool) (cluster.Document, error) {
	return p.store(frontEnd).Change(ctx, nil, func(d *cluster.Document) error {
		if !roster.Forget(d, gone) {
			return roster.ErrNoChange
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
	r.buried = append(r.buried, doomed...)
	r.p.opts.Log(ctx, fmt.Sprintf("deleted %d of %d", len(doomed), len(doomed)), "nodes", doomed.Names())
	return nil
}

// askAgain is after how many reads of the list, some 100 s, a server that is
// still there is asked to go once more: a busy Nova needs a minute for many.
const askAgain = 8

// LeftError names servers that are still there although they were to be deleted.
type LeftError struct {
	Servers cluster.Nodes
	Err     error // why: what the cloud said, or that the time was over
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%s still there: %s", strings.Join(e.Servers.Names(), ", "), e.Err)
}

// Unwrap returns the reason.
func (e *LeftError) Unwrap() error { return e.Err }

// deleteAll asks for the deletion of the given servers and reads the cluster's
// list until none of them is there. One that Nova failed to delete is asked for
// again. seen is told each list. What can't be deleted does not keep the others:
// a LeftError names it when those are gone.
func (p *Provisioner) deleteAll(ctx context.Context, id string, doomed cluster.Nodes, seen func(cluster.Nodes)) error {
	if len(doomed) == 0 {
		return nil
	}
	d := deletion{p: p, cluster: id, servers: doomed}
	d.request(ctx, doomed)
	return d.await(ctx, seen)
}

// deletion is servers on their way out.
type deletion struct {
	p       *Provisioner
	cluster string // ID
	servers cluster.Nodes

	mu      sync.Mutex
	said    map[string]error // by server ID: what the last refusal said
	refused map[string]bool  // by server ID: asking again changes nothing
}

// request asks for the deletion of some of the servers. One that Nova is busy with
// answers with a conflict and is asked again later; one that is locked stays until
// somebody unlocks it.
func (d *deletion) request(ctx context.Context, servers cluster.Nodes) {
	var g errgroup.Group
	g.SetLimit(d.p.opts.Concurrency)
	for _, n := range servers {
		g.Go(func() error {
			if err := d.p.cloud.DeleteNode(ctx, n.ID); err != nil {
				d.refuse(n, err)
			}
			return nil
		})
	}
	_ = g.Wait() // what was said is kept by server
}

func (d *deletion) refuse(n cluster.Node, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.said == nil {
		d.said, d.refused = map[string]error{}, map[string]bool{}
	}
	d.said[n.ID] = fmt.Errorf("delete %s: %w", n.Name, err)
	// nova: "Instance … is locked", by compute/api.py check_instance_lock
	d.refused[n.ID] = !cluster.IsKind(err, cluster.FaultConflict) || strings.Contains(err.Error(), "is locked")
}

func (d *deletion) await(ctx context.Context, seen func(cluster.Nodes)) error {
	left := d.servers
	pace := wait.ForServers(len(d.servers))
	for round := 1; ; round++ {
		going := slices.DeleteFunc(slices.Clone(left), func(n cluster.Node) bool { return d.refused[n.ID] })
		if len(going) == 0 {
			return d.outcome(left, nil)
		}
		if err := pace.Wait(ctx); err != nil {
			return d.outcome(left, fmt.Errorf("wait until servers are gone: %w", err))
		}
		nodes, err := d.p.cloud.Nodes(ctx, cluster.IDTag(d.cluster))
		if err != nil {
			d.p.opts.Log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
			continue
		}
		if seen != nil {
			seen(nodes)
		}
		left = slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool {
			return n.Gone() || !slices.ContainsFunc(d.servers, func(s cluster.Node) bool { return s.ID == n.ID })
		})
		stuck := slices.DeleteFunc(slices.Clone(left), func(n cluster.Node) bool {
			return d.refused[n.ID] || !n.Broken() && round%askAgain != 0
		})
		d.request(ctx, stuck)
	}
}

// outcome is nil when nothing is left.
func (d *deletion) outcome(left cluster.Nodes, err error) error {
	if len(left) == 0 {
		return nil
	}
	why := []error{err}
	for _, n := range left {
		why = append(why, d.said[n.ID])
	}
	return &LeftError{Servers: left, Err: errors.Join(why...)}
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
		view, err := cluster.ViewOf(nodes)
		if err != nil {
			p.opts.Log(ctx, "the cluster document can't be read", "error", err.Error()) // what the servers tell has to do
		}
		if err := p.dropServerGroups(ctx, id, view); err != nil {
			return err
		}
		p.opts.Log(ctx, "deleting servers", "count", len(nodes))
		d := deletion{p: p, cluster: id, servers: nodes}
		d.request(ctx, first)
		d.request(ctx, then)
		if err := d.await(ctx, nil); err != nil {
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

// FloatingIP returns the address of the cluster's floating IP, "" if it has none.
func (p *Provisioner) FloatingIP(ctx context.Context, id string) (string, error) {
	ips, err := p.cloud.FloatingIPs(ctx, id)
	if err != nil {
		return "", fmt.Errorf("list the floating IPs of cluster %s: %w", id, err)
	}
	for _, ip := range slices.Sorted(maps.Keys(ips)) {
		return ips[ip], nil
	}
	return "", nil
}
