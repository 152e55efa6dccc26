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

// mayRoll limits a rolling replacement to what the plan has shown.
func (req Request) mayRoll() func(string) bool {
	if req.Planned == nil {
		return nil
	}
	return func(name string) bool { return slices.Contains(req.Roll, name) }
}

// rolling are the workers that are to be made anew a batch at a time.
func (r *run) rolling() map[string]bool {
	out := map[string]bool{}
	for _, w := range r.plan.each(func(g GroupPlan) []string { return g.Roll }) {
		out[w.name] = true
	}
	return out
}

// roll makes those workers anew that were made from another spec: each batch is
// drained by the front-end, deleted, made under the same names, and joined before
// the next one begins. Nothing is remembered between runs: what a server was made
// from stands in its metadata, so a run that is cut short is carried on by the
// next. It stops where a worker does not come up: those left work.
func (r *run) roll(ctx context.Context) error {
	r.endFleet()
	todo := r.outdated()
	total := len(todo)
	for len(todo) > 0 {
		if len(r.failed) > 0 {
			r.putOff(ctx, todo)
			return nil
		}
		batch := todo[:min(max(r.req.Replacement.MaxUnavailable, 1), len(todo))]
		if err := r.replace(ctx, batch, todo); err != nil {
			return fmt.Errorf("replace %s: %w", strings.Join(batch.Names(), ", "), err)
		}
		todo = todo[len(batch):]
		r.p.opts.Log(ctx, "workers replaced", "done", total-len(todo), "of", total)
	}
	return nil
}

// outdated are the servers that still have to be made anew. Those that an
// interrupted run has drained come first: they run nothing.
func (r *run) outdated() cluster.Nodes {
	rolling := r.rolling()
	todo := slices.DeleteFunc(r.nodes(), func(n cluster.Node) bool {
		return n.Role != cluster.RoleWorker || !rolling[n.Name] || n.SpecHash == r.req.Spec.Groups[n.Group].Hash()
	})
	waiting := func(n cluster.Node) int {
		if m, _ := r.doc.Member(n.Name); m.Leaving == cluster.LeaveJobsOK {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(todo, func(a, b cluster.Node) int { return cmp.Compare(waiting(a), waiting(b)) })
	return todo
}

// putOff says that workers were left as they are.
func (r *run) putOff(ctx context.Context, left cluster.Nodes) {
	names := strings.Join(left.Names(), ", ")
	r.p.opts.Log(ctx, "the rolling replacement stops", "failed", r.failed, "left", names)
	r.problems = append(r.problems, Problem{
		Node: left[0].Name, Kind: cluster.FaultOther, Heals: true,
		Summary: "was not replaced",
		Detail: fmt.Sprintf("the rolling replacement stopped because %s did not come up; %s work as they were made. Mend the cause, and the next apply goes on",
			strings.Join(r.failed, ", "), names),
	})
}

// replace makes one batch anew. Workers of todo that are not in it are outdated
// too: whether they have the newest roster is no matter here.
func (r *run) replace(ctx context.Context, batch, todo cluster.Nodes) error {
	var adds []worker
	for _, n := range batch {
		adds = append(adds, worker{name: n.Name, group: n.Group})
	}
	names := batch.Names()
	spared := func(name string) bool { return slices.Contains(todo.Names(), name) && !slices.Contains(names, name) }
	if err := r.drain(ctx, names, spared); err != nil || len(r.failed) > 0 {
		return err
	}
	r.p.opts.Log(ctx, "deleting workers that are made anew", "nodes", names)
	if err := r.deleteNodes(ctx, batch); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	if err := r.launch(bounded, adds, r.have); err != nil {
		return err
	}
	before := r.doc
	doc, err := r.p.store(r.frontEnd.ID).Change(ctx, nil, func(d *cluster.Document) error {
		enrolled := r.fleet.enroll(d)
		if !roster.Forget(d, func(m cluster.Member) bool { return r.gone(before, m) }) && !enrolled {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	r.doc = doc
	r.fleet.yield(ctx)
	if err := r.waitFleet(bounded, isActive, 1, "is not active"); err != nil {
		return err
	}
	r.endFleet()
	if r.req.Wait != WaitJoined {
		return nil
	}
	return r.await(ctx, &joinWait{r: r, generation: doc.Generation, joinEnd: time.Now().Add(joinPatience), spared: spared})
}

// drain has the front-end take a batch out of service and waits until it runs
// nothing, at most for the replacement's time to drain. Meanwhile those come up
// that an interrupted run has made anew.
func (r *run) drain(ctx context.Context, names []string, spared func(string) bool) error {
	timeout := r.req.Replacement.DrainTimeout
	if timeout <= 0 || r.req.Wait != WaitJoined || r.doc.BatchSystem == cluster.BatchNone {
		return nil
	}
	r.p.opts.Log(ctx, "draining workers that are made anew", "nodes", names)
	doc, err := r.p.store(r.frontEnd.ID).Change(ctx, nil, func(d *cluster.Document) error {
		marked := roster.SetLeaving(d, func(m cluster.Member) cluster.Leaving {
			if slices.Contains(names, m.Name) {
				return cluster.LeaveJobsOK
			}
			return m.Leaving
		})
		if !marked {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	r.doc = doc
	now := time.Now()
	return r.await(ctx, &joinWait{
		r: r, generation: doc.Generation, drained: names, drainEnd: now.Add(timeout), joinEnd: now.Add(joinPatience), spared: spared,
	})
}
