package cluster

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func frontEndAttribute() schema.Attribute {
	attributes := addAttributes(nodeAttributes("the front-end"), frontEndPlacementAttributes())
	attributes["external_network"] = optionalString("External network, by name or ID, from which the front-end gets a floating IP. Without it there is none.")
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
	attributes["retire"] = schema.SetAttribute{
		Optional: true, ElementType: types.StringType,
		Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
		MarkdownDescription: "Names of workers that leave first when `count` falls, as in `[\"astro-cpu-3\"]`; names that the group does not have are passed over. " +
			"After them go those that are leaving already, and then the newest.",
	}
	return schema.MapNestedAttribute{
		Optional: true,
		Validators: []validator.Map{
			mapvalidator.KeysAre(nameValidator{cluster.CheckGroupName}),
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
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "Flavor of " + whose + ", by name or ID.",
		},
		"image":   optionalString("Image of " + whose + ", by name or ID; the cluster's `image` if left out."),
		"network": optionalString("Network of " + whose + ", by name or ID; the cluster's `network` if left out."),
		"security_groups": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Security groups of " + whose + ", by name or ID; the cluster's `security_groups` if left out.",
		},
		"cloud_config": optionalString("Your own cloud-config for " + whose + " (YAML that begins with `#cloud-config`), merged after the cluster's."),
		"files": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			Validators:          []validator.Map{mapvalidator.KeysAre(absolutePath())},
			MarkdownDescription: "Files to write on " + whose + " at the first boot: absolute path → content. No secrets: user data can be read in the cloud.",
		},
	}
}
