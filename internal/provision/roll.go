package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// joinPatience is how long a worker that was made anew may take to come up before
// the next ones are left as they are.
const joinPatience = 15 * time.Minute

// roll makes those workers anew that were made from another spec: each batch is
// drained by the front-end, deleted, made under the same names, and joined before
// the next one begins. Nothing is remembered between runs: what a server was made
// from stands in its metadata, so the next run goes on where one was cut short. It
// stops where a worker does not come up: the workers that are left then work.
func (r *run) roll(ctx context.Context) error {
	r.tally.take(r.inv.batch)
	todo := r.outdated()
	total := len(todo)
	for len(todo) > 0 {
		if len(r.tally.failed) > 0 {
			r.putOff(ctx, todo)
			return nil
		}
		next := todo[:min(max(r.req.Replacement.MaxUnavailable, 1), len(todo))]
		if err := (replacement{r, next, todo}).carryOut(ctx); err != nil {
			return fmt.Errorf("replace %s: %w", strings.Join(next.Names(), ", "), err)
		}
		todo = todo[len(next):]
		r.p.opts.Log(ctx, "workers replaced", "done", total-len(todo), "of", total)
	}
	return nil
}

// outdated returns the servers that still have to be made anew. Those that an
// interrupted run has drained come first: they run nothing.
func (r *run) outdated() cluster.Nodes {
	rolls := r.plan.Rolls()
	todo := slices.DeleteFunc(r.inv.nodes(), func(n cluster.Node) bool {
		return n.Role != cluster.RoleWorker || !slices.Contains(rolls, n.Name) || n.SpecHash == r.req.Spec.Groups[n.Group].Hash()
	})
	rank := func(n cluster.Node) int {
		if m, _ := r.doc.Member(n.Name); m.Leaving == cluster.LeaveJobsOK {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(todo, func(a, b cluster.Node) int { return cmp.Compare(rank(a), rank(b)) })
	return todo
}

// putOff adds the problem that workers were left as they are.
func (r *run) putOff(ctx context.Context, left cluster.Nodes) {
	names := strings.Join(left.Names(), ", ")
	r.p.opts.Log(ctx, "the rolling replacement stops", "failed", r.tally.failed, "left", names)
	r.tally.problems = append(r.tally.problems, cluster.Problem{
		Node: left[0].Name, Kind: cluster.FaultOther, Heals: true,
		Summary: "was not replaced",
		Detail: fmt.Sprintf("the rolling replacement stopped because %s did not come up; %s work as they were made. Mend the cause, and the next apply goes on",
			strings.Join(r.tally.failed, ", "), names),
	})
}

// replacement makes a few workers anew, the first of those that are outdated.
type replacement struct {
	r        *run
	workers  cluster.Nodes
	outdated cluster.Nodes
}

// spared reports whether it does not matter here if a worker has the newest roster:
// it is made anew itself, later.
func (p replacement) spared(name string) bool {
	is := func(n cluster.Node) bool { return n.Name == name }
	return slices.ContainsFunc(p.outdated, is) && !slices.ContainsFunc(p.workers, is)
}

func (p replacement) carryOut(ctx context.Context) error {
	r, names := p.r, p.workers.Names()
	if err := p.drain(ctx); err != nil || len(r.tally.failed) > 0 {
		return err
	}
	r.p.opts.Log(ctx, "deleting workers that are made anew", "nodes", names)
	if err := r.inv.remove(ctx, p.workers); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	if err := r.launch(bounded, names, nil, r.inv.servers); err != nil {
		return err
	}
	if err := p.enrol(ctx); err != nil {
		return err
	}
	if err := r.inv.waitBatch(bounded, beActive, 1); err != nil {
		return err
	}
	r.tally.take(r.inv.batch)
	if r.req.Wait != WaitJoined {
		return nil
	}
	return (&joinWait{r: r, generation: r.doc.Generation, joinEnd: time.Now().Add(joinPatience), spared: p.spared}).await(ctx)
}

// enrol writes the new workers into the document, and removes those without a
// server.
func (p replacement) enrol(ctx context.Context) error {
	r, before := p.r, p.r.doc
	doc, err := r.p.store(r.inv.frontEnd.ID).Change(ctx, nil, func(d *cluster.Document) error {
		enrolled := enrolment{r}.write(d)
		nodes := r.inv.nodes()
		if !roster.Forget(d, func(m cluster.Member) bool { return vanished(before, nodes, m) }) && !enrolled {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	r.doc = doc
	r.inv.batch.Yield(ctx)
	return nil
}

// drain has the front-end take the workers out of service and waits until they run
// nothing, at most for the replacement's time to drain. Workers that an interrupted
// run has made anew come up meanwhile.
func (p replacement) drain(ctx context.Context) error {
	r, names := p.r, p.workers.Names()
	timeout := r.req.Replacement.DrainTimeout
	if timeout <= 0 || r.req.Wait != WaitJoined || r.doc.BatchSystem == cluster.BatchNone {
		return nil
	}
	r.p.opts.Log(ctx, "draining workers that are made anew", "nodes", names)
	doc, err := r.p.store(r.inv.frontEnd.ID).SetLeaving(ctx, func(m cluster.Member) cluster.Leaving {
		if slices.Contains(names, m.Name) {
			return cluster.LeaveJobsOK
		}
		return m.Leaving
	})
	if err != nil {
		return err
	}
	r.doc = doc
	now := time.Now()
	w := joinWait{r: r, generation: doc.Generation, drained: names, drainEnd: now.Add(timeout), joinEnd: now.Add(joinPatience), spared: p.spared}
	return w.await(ctx)
}
