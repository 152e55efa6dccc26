package cluster

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

func frontEndAttribute() schema.Attribute {
	attributes := addAttributes(nodeAttributes("the front-end"), frontEndPlacementAttributes())
	attributes["external_network"] = optionalName("External network, by name or ID, from which the front-end gets a floating IP. Without it there is none.")
	attributes["replace_on_change"] = replaceOnChangeAttribute()
	return schema.SingleNestedAttribute{
		Required:   true,
		Attributes: attributes,
		MarkdownDescription: "The front-end: it distributes the roster and runs the batch system's central daemons. " +
			"A change of its flavor, image or user data takes effect when it is next made; see `replace_on_change`. " +
			"One that is lost or in ERROR is made anew by the next apply, and the workers join it.",
	}
}

func workersAttribute() schema.Attribute {
	attributes := addAttributes(nodeAttributes("the group's workers"), groupPlacementAttributes())
	attributes["count"] = countAttribute()
	attributes["scaling"] = scalingAttribute()
	attributes["min_ready"] = minReadyAttribute()
	attributes["gpus"] = schema.Int64Attribute{
		CustomType: whole.Type{},
		Optional:   true,
		Validators: []validator.Int64{whole.Between(0, cluster.MaxGPUs)},
		MarkdownDescription: "How many GPUs each worker of the group has (default 0), for batch systems that have to be told; flavors do not say it. " +
			"The image has to have their driver. A change is applied in place.",
	}
	attributes["retire"] = schema.SetAttribute{
		Optional: true, ElementType: types.StringType,
		Validators: []validator.Set{rule.Values(nameOrID())},
		MarkdownDescription: "Names of workers that leave first when `count` falls, as in `[\"astro-cpu-3\"]`; a plan warns of a name that no worker has. " +
			"After them go those that are leaving already, and then the newest.",
	}
	return schema.MapNestedAttribute{
		Optional: true,
		Validators: []validator.Map{
			rule.Keys(hostName(cluster.CheckGroupName)), rule.NoNulls(),
		},
		NestedObject:        schema.NestedAttributeObject{Attributes: attributes},
		MarkdownDescription: "The worker groups by name (DNS labels of at most 20 characters); the workers of a group are all alike. Workers that leave are drained first, see `drain_timeout`.",
	}
}

// nodeAttributes are what a front-end and a group have in common.
func nodeAttributes(whose string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"flavor": schema.StringAttribute{
			Required:            true,
			Validators:          []validator.String{nameOrID()},
			MarkdownDescription: "Flavor of " + whose + ", by name or ID.",
		},
		"image":   optionalName("Image of " + whose + ", by name or ID; the cluster's `image` if left out."),
		"network": optionalName("Network of " + whose + ", by name or ID; the cluster's `network` if left out."),
		"security_groups": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: groupNames(),
			MarkdownDescription: "Security groups of " + whose + ", by name or ID; the cluster's `security_groups` if left out.",
		},
		"cloud_config": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{rule.Text("must not be empty", "", checkNotEmpty)},
			MarkdownDescription: "Your own cloud-config for " + whose + " (YAML that begins with `#cloud-config`), merged after the cluster's: its lists follow ours. " +
				"It can't set the node's name, `manage_etc_hosts`, `ssh_keys`, `power_state`, cloud-init's lists of modules or how parts are merged, nor write a file of the provider's.",
		},
		"files": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			Validators: []validator.Map{rule.Values()},
			MarkdownDescription: "Files to write on " + whose + " at the first boot: absolute path → content, owned by root and readable by all. No secrets: user data can be read in the cloud. " +
				"Files by which the provider or the system decides who gets in (`/etc/hosts`, host keys, accounts, sudoers, `.ssh`) are refused.",
		},
	}
}

// groupNames are the validators of a set of security groups.
func groupNames() []validator.Set {
	return []validator.Set{rule.Some(), rule.Values(nameOrID())}
}
