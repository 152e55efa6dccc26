package cluster

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

func countAttribute() schema.Attribute {
	return schema.Int64Attribute{
		CustomType: whole.Type{},
		Optional:   true, Computed: true,
		Validators: []validator.Int64{whole.Between(0, MostWorkers)},
		MarkdownDescription: "How many workers the group has; exactly one of `count` and `scaling` is to be set. " +
			"A refresh writes the number that really works, so a lost worker shows as `3 -> 4` and is made anew. With `scaling` it is the present number.",
	}
}

func scalingAttribute() schema.Attribute {
	bound := func(required bool, description string) schema.Attribute {
		return schema.Int64Attribute{
			CustomType: whole.Type{},
			Required:   required, Optional: !required,
			Validators:          []validator.Int64{whole.Between(0, MostWorkers)},
			MarkdownDescription: description,
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"min":     bound(true, "How many workers the group has at least. If fewer work, the plan makes the missing ones."),
			"max":     bound(true, "How many workers the scaler may bring the group to. If there are more, the plan warns; none is deleted."),
			"initial": bound(false, "How many workers the group begins with (default `min`). It counts only when the group is made."),
		},
		MarkdownDescription: "In place of `count`: the scaler owns the group's number of workers, inside these bounds. " +
			"While the number is inside them there is no difference in the plan, whether Terraform or the scaler made the workers; a destroy takes all of them. " +
			"The scaler reads the bounds from the cluster. Going from `count` to `scaling` and back touches no node.",
	}
}

func minReadyAttribute() schema.Attribute {
	return schema.Int64Attribute{
		CustomType: whole.Type{},
		Optional:   true,
		Validators: []validator.Int64{whole.Between(0, MostWorkers)},
		MarkdownDescription: "How many of the group's workers must work for an apply to succeed (default 0). " +
			"With fewer the apply ends in an error in place of a warning; Terraform then replaces a cluster that was just being made, and mends one that was there.",
	}
}

func replacementAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"strategy": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{rule.OneOf(strategyRolling, strategyNew)},
				MarkdownDescription: "`rolling`: workers that were made from something else are made anew under their names, a batch at a time: " +
					"drained, deleted, created, joined, before the next batch begins. The plan shows which. " +
					"If a worker does not come up, the others are left as they work, and the next apply goes on; so it does after an apply that was cut short. " +
					"`new_nodes_only`, which holds without this attribute: present workers stay as they are.",
			},
			"max_unavailable": schema.Int64Attribute{
				CustomType:          whole.Type{},
				Optional:            true,
				Validators:          []validator.Int64{whole.Between(1, MostWorkers)},
				MarkdownDescription: "How many workers are out of service at a time (default 1).",
			},
			"drain_timeout": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{drainTime()},
				MarkdownDescription: "How long a worker that is replaced may finish its jobs (default: the cluster's `drain_timeout`). After that it is deleted. " +
					"`timeouts.update` has to leave time for all batches; an apply that runs out of it deletes no worker whose time is not over.",
			},
		},
		MarkdownDescription: "How present workers follow a new image, flavor, `cloud_config`, `files` or another change of what they are made of.",
	}
}
