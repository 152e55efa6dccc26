package cluster

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// Strategies of a replacement.
const (
	strategyRolling = "rolling"
	strategyNew     = "new_nodes_only"
)

var replacementTypes = map[string]attr.Type{
	"strategy": types.StringType, "max_unavailable": types.Int64Type, "drain_timeout": types.StringType,
}

func replacementAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"strategy": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{stringvalidator.OneOf(strategyRolling, strategyNew)},
				MarkdownDescription: "`rolling`: workers that were made from something else are made anew under their names, a batch at a time: " +
					"drained, deleted, created, joined, before the next batch begins. The plan shows who. " +
					"If a worker does not come up, the others are left as they work, and the next apply goes on; so it does after an apply that was cut short. " +
					"`new_nodes_only`, which holds without this attribute: present workers stay as they are.",
			},
			"max_unavailable": schema.Int64Attribute{
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(1, mostWorkers)},
				MarkdownDescription: "How many workers are out of service at a time (default 1).",
			},
			"drain_timeout": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{durationValidator{}},
				MarkdownDescription: "How long a worker that is replaced may finish its jobs (default: the cluster's `drain_timeout`). Then it is deleted all the same. " +
					"`timeouts.update` has to leave time for all batches; an apply that runs out of it deletes nobody whose time is not over.",
			},
		},
		MarkdownDescription: "How present workers follow a new image, flavor, `cloud_config`, `files` or another change of what they are made of.",
	}
}

// rolls reports whether present workers follow a change.
func (m model) rolls() bool {
	strategy, _ := m.Replacement.Attributes()["strategy"].(types.String)
	return strategy.ValueString() == strategyRolling
}

// rollsOpen reports whether the strategy is known during the apply only.
func (m model) rollsOpen() bool {
	strategy, _ := m.Replacement.Attributes()["strategy"].(types.String)
	return m.Replacement.IsUnknown() || strategy.IsUnknown()
}

func (m model) replaces() provision.Replacement {
	unavailable, _ := m.Replacement.Attributes()["max_unavailable"].(types.Int64)
	drain, _ := m.Replacement.Attributes()["drain_timeout"].(types.String)
	r := provision.Replacement{Rolling: m.rolls(), MaxUnavailable: int(unavailable.ValueInt64()), DrainTimeout: m.drainTimeout()}
	if d, err := time.ParseDuration(drain.ValueString()); err == nil {
		r.DrainTimeout = d
	}
	return r
}
