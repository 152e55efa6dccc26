package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// deletion deletes some servers of one cluster, in one or several waves.
type deletion struct {
	p         *Provisioner
	clusterID string
	servers   cluster.Nodes // whose deletion was asked for
	left      cluster.Nodes // those of them that the last list showed, and those asked for since
	pace      *wait.Pace    // since the last wave
	before    int           // servers that were gone by then
	due       time.Time     // when the next look is
	asked     time.Time     // when the last wave, or all that was left, was asked for
	last      time.Time     // when the last request of the last wave was answered
	count     counter

	mu      sync.Mutex
	said    map[string]error     // by server ID: the refusal of the last request
	refused map[string]bool      // by server ID: asking again is in vain
	answers map[string]time.Time // by server ID: when the last request was answered
}

func newDeletion(p *Provisioner, id string) *deletion {
	return &deletion{p: p, clusterID: id, count: counter{log: p.opts.Log}, said: map[string]error{}, refused: map[string]bool{}, answers: map[string]time.Time{}}
}

// headStart is how long the deletions that are to come first are under way alone at most: a
// busy Nova takes a second to accept one.
const headStart = 25 * time.Millisecond

// begin asks for the deletion of some servers, those in first before the others.
func (d *deletion) begin(ctx context.Context, first, others cluster.Nodes) {
	wave := slices.Concat(first, others)
	d.before = len(d.servers) - len(d.left)
	d.servers, d.left = append(d.servers, wave...), append(d.left, wave...)
	d.pace = wait.NewPace(time.Now(), len(d.left))
	d.requestFirst(ctx, first, others)
	d.asked = time.Now()
	d.last = d.asked
	d.due = d.asked.Add(d.pace.Least())
}

// requestFirst is request for those in first, and a moment later for the others.
func (d *deletion) requestFirst(ctx context.Context, first, others cluster.Nodes) {
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		d.request(ctx, first)
	}()
	select {
	case <-answered:
	case <-time.After(headStart):
	}
	d.request(ctx, others)
	<-answered
}

// request asks for the deletion of some of the servers. For a server that Nova is
// busy with the answer is a conflict, and the deletion is asked for again later; a
// locked server stays until its owner unlocks it.
func (d *deletion) request(ctx context.Context, servers cluster.Nodes) {
	var g errgroup.Group
	g.SetLimit(d.p.opts.Concurrency)
	for _, n := range servers {
		g.Go(func() error {
			d.answered(n, d.p.cloud.DeleteNode(ctx, n.ID))
			return nil
		})
	}
	_ = g.Wait() // refusals are kept by server
}

// answered notes the answer to a request.
func (d *deletion) answered(n cluster.Node, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.said, n.ID)
	delete(d.refused, n.ID)
	d.answers[n.ID] = time.Now()
	if err != nil {
		d.said[n.ID] = fmt.Errorf("delete %s: %w", n.Name, err)
		d.refused[n.ID] = !cluster.IsKind(err, cluster.FaultConflict) || isLocked(err)
	}
}

// has reports whether the deletion of the server was asked for.
func (d *deletion) has(id string) bool { return d != nil && hasID(d.servers, id) }

// accepted reports whether the cloud has accepted to delete the server.
func (d *deletion) accepted(id string) bool {
	return d.has(id) && d.said[id] == nil
}

// underWay reports whether a server is left whose deletion can succeed.
func (d *deletion) underWay(which func(cluster.Node) bool) bool {
	return d != nil && slices.ContainsFunc(d.left, func(n cluster.Node) bool { return which(n) && !d.refused[n.ID] })
}

// stands reports whether such a server is left.
func (d *deletion) stands(which func(cluster.Node) bool) bool {
	return d != nil && slices.ContainsFunc(d.left, which)
}

// marked returns the nodes with StatusDeleting where the cloud has accepted a deletion: it
// may show that late.
func (d *deletion) marked(nodes cluster.Nodes) cluster.Nodes {
	out := slices.Clone(nodes)
	for i, n := range out {
		if d.accepted(n.ID) && !n.Gone() {
			out[i].Status = cluster.StatusDeleting
		}
	}
	return out
}

// gone returns the servers that a list has lacked since their deletion was asked for.
func (d *deletion) gone() cluster.Nodes {
	if d == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.servers), func(n cluster.Node) bool { return hasID(d.left, n.ID) })
}

// look takes over what a list shows that was asked for so. Where Nova failed to delete a
// server, or has taken long, look asks again.
func (d *deletion) look(ctx context.Context, nodes cluster.Nodes, asked wait.Asked) {
	d.left = slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool {
		return n.Gone() || !hasID(d.servers, n.ID)
	})
	gone := len(d.servers) - len(d.left)
	d.count.say(ctx, "servers deleted", gone, len(d.servers))
	d.pace.LookAtRate(d.paced(asked.At), gone-d.before, len(d.servers)-d.before, d.paced(d.last), d.reached(gone))
	again := time.Since(d.asked) >= askAgain
	if again {
		d.asked = time.Now()
	}
	d.request(ctx, slices.DeleteFunc(slices.Clone(d.left), func(n cluster.Node) bool {
		return d.refused[n.ID] || !n.Broken() && !again
	}))
	d.due = d.pace.Due(asked)
}

// reached returns when as many requests were answered as servers are gone, or the first of
// the last wave was, by the pace's time.
func (d *deletion) reached(gone int) time.Duration {
	answers := slices.SortedFunc(maps.Values(d.answers), time.Time.Compare)
	if len(answers) == 0 {
		return 0
	}
	return d.paced(answers[min(max(gone, d.before+1), len(answers))-1])
}

// paced returns a moment by the pace's time.
func (d *deletion) paced(at time.Time) time.Duration { return d.pace.Waited() - time.Since(at) }

// await reads lists until none of those servers is left whose deletion can succeed. A
// server that can't be deleted does not hold up the others: a LeftError names it when those
// are gone. list hands what it reads to look; its error means that it is to be tried again.
func (d *deletion) await(ctx context.Context, which func(cluster.Node) bool, list func(context.Context) error) error {
	for d.underWay(which) {
		if err := wait.Sleep(ctx, time.Until(d.due)); err != nil {
			return d.outcome(which, fmt.Errorf("wait until servers are gone: %w", err))
		}
		if list(ctx) != nil {
			d.due = time.Now().Add(d.pace.Interval(d.pace.Waited()))
		}
	}
	return d.outcome(which, nil)
}

// outcome returns a LeftError for those servers that are left, nil where there are none.
func (d *deletion) outcome(which func(cluster.Node) bool, err error) error {
	left := slices.DeleteFunc(slices.Clone(d.left), func(n cluster.Node) bool { return !which(n) })
	if len(left) == 0 {
		return nil
	}
	why := []error{err}
	for _, n := range left {
		why = append(why, d.said[n.ID])
	}
	return &LeftError{Servers: left, Err: errors.Join(why...)}
}

// every is each server of a deletion.
func every(cluster.Node) bool { return true }
