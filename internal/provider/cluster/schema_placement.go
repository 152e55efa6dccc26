package cluster

import (
	"maps"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// placementAttributes are those of a front-end and of a group about where and on
// what their nodes are made.
func placementAttributes(whose string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"networks": networksAttribute("Networks of "+whose+", by name or ID, where there are several, in the order of their interfaces; in place of `network`.", "network"),
		"cluster_network": optionalName("Which of several networks is for the cluster's traffic, written as in `networks`: the roster, `/etc/hosts` and SSH use its addresses. " +
			"The cluster's `cluster_network` if left out, else the first."),
		"availability_zone": optionalName("Availability zone of " + whose + "; the cloud's choice if left out."),
		"boot_volume":       bootVolumeAttribute(whose),
		"metadata": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			Validators: []validator.Map{
				rule.Keys(metadataKey()),
				rule.Values(rule.Text("must be a value of metadata", "", checkMetadataValue)),
			},
			MarkdownDescription: "Your own server metadata of " + whose + ": at most 255 characters a key and a value; keys that begin with `vmcluster_` are the provider's. " +
				"A server has 128 items, or fewer by the project's quota, and the front-end keeps the cluster document in most of its own.",
		},
		"config_drive": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether user data reaches " + whose + " on a config drive too, for images or networks to which Nova's metadata service is no use at boot.",
		},
	}
}

// networksAttribute is a list of networks in place of the one called single.
func networksAttribute(description, single string) schema.Attribute {
	return schema.ListAttribute{
		Optional: true, ElementType: types.StringType,
		Validators: []validator.List{
			rule.Some(), rule.Unique(), rule.Values(nameOrID()), rule.NotWith(single),
		},
		MarkdownDescription: description,
	}
}

// frontEndPlacementAttributes are what only a front-end can have.
func frontEndPlacementAttributes() map[string]schema.Attribute {
	out := placementAttributes("the front-end")
	out["fixed_ip"] = schema.StringAttribute{
		Optional:   true,
		Validators: []validator.String{rule.Text("must be an IP address", "", CheckAddress)},
		MarkdownDescription: "Fixed address of the front-end on the network for the cluster's traffic. It must be a free address of one of its subnets: choose one outside the subnet's allocation pools, " +
			"because workers are made first and are given any address of those.",
	}
	out["port"] = schema.StringAttribute{
		Optional: true,
		Validators: []validator.String{
			nameOrID(),
			rule.NotWith("fixed_ip"),
		},
		MarkdownDescription: "Port that you made beforehand, by name or ID, for the front-end's interface on the network for the cluster's traffic; so its address outlives the front-end. " +
			"Its security groups are its own, and a destroy leaves it as it was.",
	}
	return out
}

// groupPlacementAttributes are what only a group of workers can have.
func groupPlacementAttributes() map[string]schema.Attribute {
	out := placementAttributes("the group's workers")
	out["server_group"] = schema.SingleNestedAttribute{
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"policy": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{rule.OneOf("anti-affinity", "soft-anti-affinity", "affinity", "soft-affinity")},
				MarkdownDescription: "`anti-affinity` (each worker on a hypervisor of its own; where there is none left, the worker is not made), `soft-anti-affinity` (as far as possible), " +
					"`affinity` or `soft-affinity` (together). Present workers stay in the server group that they were made in.",
			},
		},
		MarkdownDescription: "Nova server group for the group's workers. It is named `<cluster>-<group>`, made with the first worker and deleted with the cluster or the group. " +
			"The project's quota limits its members. It needs compute microversion 2.64 (Rocky).",
	}
	out["availability_zones"] = schema.ListAttribute{
		Optional: true, ElementType: types.StringType,
		Validators: []validator.List{
			rule.Some(), rule.Unique(), rule.Values(nameOrID()), rule.NotWith("availability_zone"),
		},
		MarkdownDescription: "Availability zones over which the group's workers are spread: a new worker goes where the fewest of the group are, among equals to the first in this list. " +
			"In place of `availability_zone`.",
	}
	return out
}

func bootVolumeAttribute(whose string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"size": schema.Int64Attribute{
				CustomType:          whole.Type{},
				Required:            true,
				Validators:          []validator.Int64{whole.Between(1, math.MaxInt32)},
				MarkdownDescription: "Size in GiB; at least the image's `min_disk`.",
			},
			"type": optionalName("Volume type; the cloud's default if left out. It needs compute microversion 2.67 (Stein)."),
			"delete_on_termination": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether a volume goes with its server (default `true`). With `false` it is left behind by every worker that leaves, by a replacement and by `terraform destroy`: " +
					"you find and delete it in the block-storage service.",
			},
		},
		MarkdownDescription: "Volume, made from the image, in place of the flavor's disk for " + whose + " to boot from. Each node has its own.",
	}
}

// addAttributes returns the attributes of both maps.
func addAttributes(a, b map[string]schema.Attribute) map[string]schema.Attribute {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
