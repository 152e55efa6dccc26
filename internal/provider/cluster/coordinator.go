package cluster

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
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
