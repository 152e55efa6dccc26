package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// askAgain is how long after a request the deletion of a server that is still there is
// asked for once more: a busy Nova needs a minute for many.
const askAgain = 100 * time.Second

// LeftError names servers that are still there although their deletion was asked for.
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
// list until none of them is there. Where Nova failed to delete one it asks again.
// seen is called with each list. A server that can't be deleted does not hold up the
// others: a LeftError names it when those are gone.
func deleteAll(ctx context.Context, p *Provisioner, id string, doomed cluster.Nodes, seen func(cluster.Nodes)) error {
	if len(doomed) == 0 {
		return nil
	}
	d := newDeletion(p, id, doomed)
	d.request(ctx, doomed)
	return d.await(ctx, seen)
}

// deletion deletes some servers of one cluster.
type deletion struct {
	p         *Provisioner
	clusterID string
	servers   cluster.Nodes
	pace      *wait.Pace

	mu      sync.Mutex
	said    map[string]error // by server ID: the last refusal
	refused map[string]bool  // by server ID: asking again is in vain
}

func newDeletion(p *Provisioner, id string, servers cluster.Nodes) *deletion {
	return &deletion{p: p, clusterID: id, servers: servers, pace: wait.NewPace(time.Now(), len(servers))}
}

// request asks for the deletion of some of the servers. For a server that Nova is
// busy with the answer is a conflict, and the deletion is asked for again later; a
// locked server stays until its owner unlocks it.
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
	_ = g.Wait() // refusals are kept by server
}

func (d *deletion) refuse(n cluster.Node, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.said == nil {
		d.said, d.refused = map[string]error{}, map[string]bool{}
	}
	d.said[n.ID] = fmt.Errorf("delete %s: %w", n.Name, err)
	d.refused[n.ID] = !cluster.IsKind(err, cluster.FaultConflict) || isLocked(err)
}

// await reads the list until no server is left whose deletion can succeed.
func (d *deletion) await(ctx context.Context, seen func(cluster.Nodes)) error {
	left := d.servers
	count, asked := counter{log: d.p.opts.Log}, time.Now()
	for {
		going := slices.DeleteFunc(slices.Clone(left), func(n cluster.Node) bool { return d.refused[n.ID] })
		if len(going) == 0 {
			return d.outcome(left, nil)
		}
		if err := d.pace.Wait(ctx); err != nil {
			return d.outcome(left, fmt.Errorf("wait until servers are gone: %w", err))
		}
		nodes, err := d.p.cloud.Nodes(ctx, cluster.IDTag(d.clusterID))
		if err != nil {
			d.p.opts.Log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
			continue
		}
		if seen != nil {
			seen(nodes)
		}
		left = slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool {
			return n.Gone() || !hasID(d.servers, n.ID)
		})
		gone := len(d.servers) - len(left)
		count.say(ctx, "servers deleted", gone, len(d.servers))
		d.pace.LookAtRate(gone, len(d.servers))
		again := time.Since(asked) >= askAgain
		if again {
			asked = time.Now()
		}
		stuck := slices.DeleteFunc(slices.Clone(left), func(n cluster.Node) bool {
			return d.refused[n.ID] || !n.Broken() && !again
		})
		d.request(ctx, stuck)
	}
}

// outcome returns a LeftError for the servers that are left, nil where there are none.
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
