package loop

import (
	"context"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// remainsTogether is the number of gone servers whose remains are looked for at the same
// time.
const remainsTogether = 4

// collected is what came of looking for one gone server's remains.
type collected struct {
	of    decide.Remains
	found []string
	err   error
}

// collect begins to delete what deleted servers left, beside the rounds. A later round
// takes the results.
func (a *actions) collect(ctx context.Context, gone []decide.Remains) {
	if a.Remains == nil || a.DryRun || a.state.warned.has(remainsForbidden) {
		return
	}
	for _, g := range gone {
		if ctx.Err() != nil {
			return
		}
		a.state.remains.begin(ctx, g.Server, func(ctx context.Context) collected {
			ctx, release := a.guard(ctx)
			defer release()
			found, err := a.Remains.CollectRemains(ctx, g.Server, g.Volumes)
			return collected{g, found, err}
		})
	}
}

// takeRemains notes what was collected since the last round. A failure is tried again
// later; no round has failed by it.
func (r *round) takeRemains() {
	all := []collected{}
	for _, c := range r.state.remains.take() {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b collected) int { return strings.Compare(a.of.Server, b.of.Server) })
	for _, c := range all {
		now := r.state.follow(r.now())
		r.state.memory = r.state.memory.Collected(c.of.Server, c.err, now)
		if len(c.found) > 0 {
			r.record.Collected = append(r.record.Collected, c.found...)
			r.Log.Warn("what a deleted server had left is deleted", "worker", c.of.Worker, "server", c.of.Server, "what", strings.Join(c.found, ", "))
		}
		switch {
		case cluster.IsKind(c.err, cluster.FaultForbidden):
			if r.state.warned.begin(remainsForbidden, "") {
				r.Log.Error("ports and volumes that deleted servers leave stay: the credential has no right to look for them", "error", c.err)
			}
		case c.err != nil:
			r.Log.Warn("what a deleted server left could not be deleted; the scaler tries again later", "worker", c.of.Worker, "server", c.of.Server, "error", c.err)
		}
	}
}
