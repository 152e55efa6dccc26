package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Counts sums up what an Apply did and what there is then.
type Counts struct {
	Made, Deleted int // workers
	Ready, Wanted int // workers: those that came up, and all
}

func (c Counts) String() string {
	return fmt.Sprintf("%d of %d workers work; %d were made, %d deleted", c.Ready, c.Wanted, c.Made, c.Deleted)
}

// NotReadyError says that a group has fewer workers than it must have.
type NotReadyError struct {
	Group       string
	Ready, Want int
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("%d workers of group %s work, and min_ready is %d", e.Ready, e.Group, e.Want)
}

// ready tells whether a worker can be counted on: it is up in Nova, and has come
// up as this run has seen it.
func (r *run) ready(n cluster.Node) bool {
	return n.Role == cluster.RoleWorker && isActive(n) && !slices.Contains(r.failed, n.Name)
}

// enough is an error where a group has too few workers that work.
func (r *run) enough() error {
	for _, name := range r.req.Spec.GroupNames() {
		ready := 0
		for _, n := range r.nodes().Workers(name) {
			if r.ready(n) {
				ready++
			}
		}
		if want := r.req.Spec.Groups[name].MinReady; ready < want {
			return &NotReadyError{Group: name, Ready: ready, Want: want}
		}
	}
	return nil
}

// count sums up, and says so in the log.
func (r *run) count(ctx context.Context) Counts {
	c := Counts{Made: r.made, Deleted: r.deleted, Wanted: len(r.plan.each(func(g GroupPlan) []string { return slices.Concat(g.Keep, g.Add) }))}
	for _, n := range r.nodes() {
		if r.ready(n) {
			c.Ready++
		}
	}
	r.p.opts.Log(ctx, c.String(), "cluster", r.req.Spec.Name, "generation", r.doc.Generation)
	return c
}
