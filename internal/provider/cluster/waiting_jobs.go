package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

// waitingJobs warns of the waiting jobs that only a removed group can run. A plan that
// removes no group asks nothing. Any other asks the front-end for a new report, if the batch
// system's module looks for such jobs.
func (r *clusterResource) waitingJobs(ctx context.Context, c change) diag.Diagnostics {
	var diags diag.Diagnostics
	groups, fe := c.removedGroups(), c.was.states[c.nodes.FrontEndName]
	working := !c.nodes.FrontEnd && cluster.Status(fe.Status.ValueString()) == cluster.StatusActive
	if len(groups) == 0 || !working || !node.KnowsWaiting(string(c.spec.BatchSystem)) {
		return nil
	}
	prov, err := r.session.Provisioner(ctx)
	if errors.Is(err, ErrUnknownConfig) {
		return nil
	}
	var waits cluster.Waits
	known := false
	if err == nil {
		waits, known = prov.Waits(ctx, c.kept.last, fe.ID.ValueString())
	}
	if !known {
		diags.AddAttributeWarning(path.Root("workers"), "Jobs may wait for a removed group", fmt.Sprintf(
			"Removed: %s. The front-end has not reported whether jobs wait that no other group can run: no report came in time, or it could not read the queue. Look at the queue before you apply: without the group such jobs wait for ever, or are held.",
			strings.Join(groups, ", ")))
	}
	for _, group := range groups {
		if jobs, there := waits[group]; there {
			diags.AddAttributeWarning(path.Root("workers"), fmt.Sprintf("Jobs wait for the removed group %q", group), waitingText(jobs))
		}
	}
	return diags
}

// removedGroups returns the names of the groups that the configuration has no longer.
func (c change) removedGroups() []string {
	var out []string
	for _, group := range c.was.spec.GroupNames() {
		if _, stays := c.spec.Groups[group]; !stays {
			out = append(out, group)
		}
	}
	return out
}

// waitingText says which jobs wait and what to do.
func waitingText(jobs cluster.Waiting) string {
	count := fmt.Sprintf("%d waiting jobs", jobs.Count)
	if jobs.Count == 1 {
		count = "1 waiting job"
	}
	named := ""
	if len(jobs.IDs) > 0 {
		named = ": " + strings.Join(jobs.IDs, ", ")
		if more := jobs.Count - len(jobs.IDs); more > 0 {
			named += fmt.Sprintf(" and %d more", more)
		}
	}
	return count + " can run on no other group's workers" + named + ". Without the group such jobs wait for ever, or are held. " +
		"Cancel them, or let them run first: apply this change when none of them waits any more."
}
