package cluster

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// coordinatorAttribute says how a front-end learns of changes.
func coordinatorAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		Default:       stringdefault.StaticString(cluster.CoordinatorFrontEnd),
		Validators:    []validator.String{stringvalidator.OneOf(cluster.CoordinatorFrontEnd, cluster.CoordinatorLastWorker)},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		MarkdownDescription: "How a change of the roster reaches the front-end, which distributes it. `front_end` (default): it reads it in the metadata service. " +
			"`last_worker`: for clouds without a metadata service. All nodes get a config drive, and the last new worker of a growth takes the new roster to the front-end; " +
			"reports come by the front-end's console log. There nobody can tell the front-end of a removal: it learns of it with the next worker that is added (a warning says so), " +
			"and workers are not drained. Not together with `scaling` or a rolling `replacement`. Another value makes another cluster.",
	}
}

// checkCoordinator refuses what a front-end that can be told of nothing can't do.
func (m model) checkCoordinator(p parts) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.Coordinator.ValueString() != cluster.CoordinatorLastWorker {
		return nil
	}
	const why = "With `coordinator = \"last_worker\"` the front-end is told of changes by new workers of Terraform's only, so %s."
	if m.rolls() {
		diags.AddAttributeError(path.Root("replacement"), "Not with last_worker", fmt.Sprintf(why, "it can't drain workers for a rolling replacement"))
	}
	for _, name := range p.groupNames() {
		if !p.groups[name].Scaling.IsNull() {
			diags.AddAttributeError(path.Root("workers").AtMapKey(name).AtName("scaling"), "Not with last_worker", fmt.Sprintf(why, "a scaler can't add any"))
		}
	}
	return diags
}

// checkTelling refuses, on a cloud without a metadata service, a change that
// nobody could bring to the front-end.
func (c change) checkTelling(p private) diag.Diagnostics {
	if c.was == nil || c.nodes.FrontEnd || c.wanted.Coordinator != cluster.CoordinatorLastWorker {
		return nil
	}
	var diags diag.Diagnostics
	switch {
	case c.rotates && !c.makes():
		diags.AddAttributeError(path.Root("ssh_ca_private_key_wo_version"), "Nobody brings the new CA to the nodes",
			"With `coordinator = \"last_worker\"` a new CA comes with a new worker: raise a `count` in the same apply.")
	case c.makes() && !p.keyOpen && !provision.CanSign(p.last, p.keys(p.given)...):
		diags.AddAttributeError(path.Root("workers"), "Nobody brings the new roster to the front-end",
			"A new worker needs a certificate of the CA that the front-end trusts, and that CA's key is not at hand. Give it as `ssh_ca_private_key_wo`.")
	}
	return diags
}
