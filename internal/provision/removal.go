package provision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// A run asks for deletions as soon as nothing forbids them, and goes on. Each list that it
// reads shows what has become of them. It waits for those only whose end it needs.

// send asks for the deletion of servers and returns when the cloud has answered.
func (v *inventory) send(ctx context.Context, doomed cluster.Nodes) {
	if len(doomed) == 0 {
		return
	}
	if v.deletion == nil {
		v.deletion = newDeletion(v.p, v.clusterID)
	}
	v.deletion.begin(ctx, nil, doomed)
	v.servers = v.deletion.marked(v.servers)
	if v.batch != nil {
		v.batch.Remove(doomed)
	}
	if hasID(doomed, v.frontEnd.ID) {
		v.frontEnd = cluster.Node{}
	}
}

// lookAtDeletion takes over what the last list shows of the servers that are being deleted.
func (v *inventory) lookAtDeletion(ctx context.Context, nodes cluster.Nodes) {
	if v.deletion == nil {
		return
	}
	before := v.deletion.gone()
	v.deletion.look(ctx, nodes, v.asked)
	gone := v.deletion.gone()
	news := slices.DeleteFunc(slices.Clone(gone), func(n cluster.Node) bool { return hasID(before, n.ID) })
	if len(news) > 0 {
		v.p.opts.Log(ctx, fmt.Sprintf("deleted %d of %d", len(gone), len(v.deletion.servers)), "nodes", news.Names())
	}
}

// awaitGone waits until none of those servers is listed that were sent.
func (v *inventory) awaitGone(ctx context.Context, which func(cluster.Node) bool) error {
	if v.deletion == nil {
		return nil
	}
	err := v.deletion.await(ctx, which, func(ctx context.Context) error {
		_, err := v.list(ctx)
		if err == nil {
			v.changed()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete servers: %w", err)
	}
	return nil
}

// remove deletes servers and waits until none of them is listed.
func (v *inventory) remove(ctx context.Context, doomed cluster.Nodes) error {
	v.send(ctx, doomed)
	return v.awaitGone(ctx, func(n cluster.Node) bool { return hasID(doomed, n.ID) })
}

// waiting are the new workers that wait for deletions.
func (v *inventory) waiting() batch.Waiting { return batch.Waiting{Batch: v.batch} }

// making makes the workers of an inventory's batch, beside deletions.
type making struct{ *inventory }

// makeBatch makes the workers of the batch. Those of adds whose names other servers still have
// are made when these are gone. One for which the cloud has no room while servers are being
// deleted is asked for once more when these are gone. hurried says that workers whose create
// calls take long are not to hold up the front-end, see hurry.
func (v making) makeBatch(ctx context.Context, adds []string, hurried bool) error {
	taken := slices.DeleteFunc(slices.Clone(adds), func(name string) bool { return !v.deletion.stands(withName(name)) })
	v.waiting().Hold(taken)
	if v.frees || v.deletion.underWay(every) {
		v.waiting().ForRoom()
		hurried = false
	}
	if hurried && len(taken) == 0 {
		return v.hurry(ctx)
	}
	if err := v.batch.Launch(ctx); err != nil {
		return err
	}
	begun := v.batch.Begun
	if len(taken) > 0 {
		if err := v.awaitNames(ctx, taken); err != nil {
			return err
		}
		begun = time.Now()
		if err := v.waiting().Release(ctx, taken); err != nil {
			return err
		}
	}
	v.begin(begun)
	if len(v.waiting().Names()) == 0 || v.frees {
		return nil
	}
	bounded, cancel := wait.Share(ctx, 2)
	defer cancel()
	if err := v.awaitGone(bounded, every); err != nil && ctx.Err() == nil {
		v.p.opts.Log(ctx, "going on beside servers that are still there", "error", err.Error())
	}
	return v.makeWaiting(ctx)
}

// slowCalls is how long the create calls of many workers may take until the front-end does not
// wait for the last of them: a busy Nova answers some of them a minute after the others.
const slowCalls = 15 * time.Second

// hurry makes the workers of the batch. Where that takes long, it looks once at those whose
// create calls are answered, half of them at least. If one has an address the front-end can
// be asked for, and the other calls are left to go on until settle.
func (v making) hurry(ctx context.Context) error {
	v.calls = batch.Begin(ctx, v.batch)
	all := v.calls.Await(func(answered, of int) bool {
		return 2*answered >= of && time.Since(v.batch.Begun) >= slowCalls
	})
	if !all {
		if nodes, err := v.list(ctx); err == nil {
			_ = v.batch.Observe(ctx, nodes) // its error is the context's
		}
		if met, _ := v.batch.Progress(hasAddress); met > 0 {
			return context.Cause(ctx)
		}
	}
	v.settle()
	return context.Cause(ctx)
}

// settle waits for the answers to create calls that hurry has left.
func (v making) settle() {
	if v.calls != nil {
		v.calls.Await(nil)
		v.calls = nil
		v.begin(v.batch.Begun)
	}
}

// awaitNames waits until no server has one of those names that a new worker is to have, for
// half of the time left. A worker whose name is not free then is given up.
func (v making) awaitNames(ctx context.Context, names []string) error {
	bounded, cancel := wait.Share(ctx, 2)
	defer cancel()
	err := v.awaitGone(bounded, withName(names...))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, n := range v.deletion.left {
		if err != nil && slices.Contains(names, n.Name) {
			v.batch.GiveUp(n.Name, cluster.Problem{Kind: cluster.KindOf(err), Summary: "was not created",
				Detail: "the server that had its name before is still there: " + err.Error()})
		}
	}
	return nil
}

// makeWhereRoomIs makes the workers that wait for room, once no deletion is under way.
func (v making) makeWhereRoomIs(ctx context.Context) error {
	if v.frees || v.deletion.underWay(every) {
		return nil
	}
	return v.makeWaiting(ctx)
}

// makeWaiting makes the workers that wait for room. Those for which there is none are given
// up.
func (v making) makeWaiting(ctx context.Context) error {
	some, err := v.waiting().RoomIsFree(ctx)
	if some {
		v.begin(time.Now())
	}
	return err
}

// withName returns the function that reports whether a node has one of those names.
func withName(names ...string) func(cluster.Node) bool {
	return func(n cluster.Node) bool { return slices.Contains(names, n.Name) }
}
