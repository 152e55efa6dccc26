package cluster

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
)

// shapes look flavors and images up. That costs no call where the plan makes nodes:
// their names have just been looked up. One that only lets a group grow further
// asks for them here.
func (c change) shapes(ctx context.Context, s inventory) (map[string]preflight.Shape, diag.Diagnostics) {
	out := map[string]preflight.Shape{}
	var diags diag.Diagnostics
	add := func(group string, n nodeModel, spec cluster.NodeSpec) {
		shape := preflight.Shape{Networks: networksTaken(spec), Metadata: len(spec.Metadata) + spec.OwnMetadata()}
		if spec.FixedIP != "" {
			shape.Fixed = spec.Network
		}
		if flavor, ok := c.flavor(ctx, s, n.Flavor); ok {
			shape.VCPUs, shape.RAM, shape.Disk = flavor.VCPUs, flavor.RAM, flavor.Disk
			old := c.flavorBefore(ctx, s, group, flavor)
			shape.OldVCPUs, shape.OldRAM = old.VCPUs, old.RAM
			if image := either(n.Image, c.want.Image); !image.IsUnknown() {
				if i, err := s.ResolveImage(ctx, image.ValueString()); err == nil {
					shape.MinRAM, shape.MinDisk = i.MinRAM, i.MinDisk
				}
			}
		}
		if spec.BootVolume != nil {
			shape.BootVolume = spec.BootVolume.Size
			if !s.HasVolumes() {
				diags.AddAttributeWarning(placeOf(group).AtName("boot_volume"), "No block-storage service",
					"The cloud's catalog lists no block-storage service, so volumes probably can't be made. Leave `boot_volume` out, or check the region.")
			}
		}
		out[group] = c.grouped(shape, group, spec.ServerGroup)
	}
	add(cluster.FrontEndGroup, c.want.frontEnd.nodeModel, c.spec.FrontEnd)
	frontEnd := out[cluster.FrontEndGroup]
	frontEnd.Metadata += c.documentItems
	out[cluster.FrontEndGroup] = frontEnd
	for _, name := range c.want.groupNames() {
		add(name, c.want.groups[name].nodeModel, c.spec.Groups[name].NodeSpec)
	}
	return out, diags
}

func (c change) flavor(ctx context.Context, s inventory, name types.String) (openstack.Flavor, bool) {
	if name.IsUnknown() || name.IsNull() {
		return openstack.Flavor{}, false
	}
	flavor, err := s.ResolveFlavor(ctx, name.ValueString())
	return flavor, err == nil
}

// flavorBefore is what the group's nodes had until now. One that can't be told is
// taken for the same.
func (c change) flavorBefore(ctx context.Context, s inventory, group string, now openstack.Flavor) openstack.Flavor {
	before := c.was.spec.Groups[group].Flavor
	if group == cluster.FrontEndGroup {
		before = c.was.spec.FrontEnd.Flavor
	}
	if before == "" || before == now.ID {
		return now
	}
	if old, err := s.ResolveFlavor(ctx, before); err == nil {
		return old
	}
	return now
}

// grouped says what there is of the group's server group: whether it stands, and
// who stays in it. Only who was made in one is a member, and of its policy only.
func (c change) grouped(shape preflight.Shape, group, policy string) preflight.Shape {
	if policy == "" {
		return shape
	}
	shape.ServerGroup = true
	g := c.nodes.Groups[group]
	for _, w := range c.was.nodes.Workers(group) {
		if c.kept.serverGroups[w.Name] != policy {
			continue
		}
		shape.Standing = true
		if slices.Contains(g.Keep, w.Name) && !slices.Contains(g.Roll, w.Name) {
			shape.Members++
		}
	}
	return shape
}

// networksTaken are those on which a node gets a new port.
func networksTaken(spec cluster.NodeSpec) []string {
	all := spec.Networks
	if len(all) == 0 {
		all = []string{spec.Network}
	}
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == "" || id == spec.Network && spec.Port != "" })
}
