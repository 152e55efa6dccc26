package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// retireWarnings names the entries of retire that no worker has, where they are new or
// the group shrinks: another worker leaves in place of one whose name is misspelt. An
// entry that has done its work may stay in the configuration.
func retireWarnings(c change) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, group := range c.want.groupNames() {
		g, plan := c.want.groups[group], c.nodes.Groups[group]
		at := path.Root("workers").AtMapKey(group).AtName("retire")
		wanted := texts(g.Retire.Elements())
		if _, scaled := g.scaling(); scaled {
			if len(wanted) > 0 {
				diags.AddAttributeWarning(at, "Without effect", "With `scaling` the scaler chooses the workers that leave. Remove `retire`.")
			}
			continue
		}
		before := texts(c.was.config.groups[group].Retire.Elements())
		for _, name := range wanted {
			exists := slices.Contains(plan.Keep, name) || slices.Contains(plan.Add, name) || slices.Contains(plan.Remove, name)
			if isNew := !slices.Contains(before, name); !exists && (isNew || len(plan.Remove) > 0) {
				diags.AddAttributeWarning(at.AtSetValue(types.StringValue(name)), "No such worker",
					"The group has no worker of this name"+present(slices.Concat(plan.Keep, plan.Remove))+". Correct the name, or remove it.")
			}
		}
	}
	return diags
}

// present names workers in a clause; "" where there are none.
func present(names []string) string {
	if len(names) == 0 {
		return ""
	}
	names = slices.Clone(names)
	cluster.SortNames(names)
	return "; it has " + firstOf(slices.Compact(names))
}

// drainWarnings names times to drain that are longer than an apply may take: no worker
// that still runs a job leaves in such an apply.
func drainWarnings(ctx context.Context, c change) diag.Diagnostics {
	var diags diag.Diagnostics
	drains := c.spec.BatchSystem != cluster.BatchNone && c.spec.Coordinator != cluster.CoordinatorLastWorker && c.want.WaitFor.ValueString() == string(provision.WaitJoined)
	whole, more := c.want.Timeouts.Update(ctx, defaultUpdateTimeout)
	if !drains || more.HasError() || !isKnown(ctx, c.want.Timeouts, c.want.DrainTimeout, c.want.Replacement) {
		return nil
	}
	check := func(drain attr.Value, at path.Path) {
		span, ok := drain.(types.String)
		d, err := time.ParseDuration(span.ValueString())
		if span.ValueString() == defaultDrainTimeout { // what is configured is the other one
			at = path.Root("timeouts").AtName("update")
		}
		if ok && err == nil && d > whole {
			diags.AddAttributeWarning(at, "Longer than an apply", fmt.Sprintf(
				"A worker that leaves may finish its jobs for %s, and an update ends after %s: a worker that still runs a job then stays until a later apply. Raise `timeouts.update`, or lower `drain_timeout`.", text.Duration(d), text.Duration(whole)))
		}
	}
	check(c.want.DrainTimeout, path.Root("drain_timeout"))
	if c.want.rolls() {
		check(c.want.Replacement.Attributes()["drain_timeout"], path.Root("replacement").AtName("drain_timeout"))
	}
	return diags
}
