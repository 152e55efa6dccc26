package cluster

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// placementModel is the part of a configuration about where and on what a node is
// made.
type placementModel struct {
	Networks         types.List   `tfsdk:"networks"`
	ClusterNetwork   types.String `tfsdk:"cluster_network"`
	AvailabilityZone types.String `tfsdk:"availability_zone"`
	BootVolume       types.Object `tfsdk:"boot_volume"`
	Metadata         types.Map    `tfsdk:"metadata"`
	ConfigDrive      types.Bool   `tfsdk:"config_drive"`
}

// groupPlacementModel is the part of it that only a group of workers has.
type groupPlacementModel struct {
	AvailabilityZones types.List   `tfsdk:"availability_zones"`
	ServerGroup       types.Object `tfsdk:"server_group"`
}

// frontEndPlacementModel is the part of it that only a front-end has.
type frontEndPlacementModel struct {
	FixedIP types.String `tfsdk:"fixed_ip"`
	Port    types.String `tfsdk:"port"`
}

type bootVolumeModel struct {
	Size                whole.Number `tfsdk:"size"`
	Type                types.String `tfsdk:"type"`
	DeleteOnTermination types.Bool   `tfsdk:"delete_on_termination"`
}

var (
	stringList      = types.ListType{ElemType: types.StringType}
	bootVolumeTypes = map[string]attr.Type{"size": whole.Type{}, "type": types.StringType, "delete_on_termination": types.BoolType}
	placementTypes  = map[string]attr.Type{
		"networks": stringList, "cluster_network": types.StringType,
		"availability_zone": types.StringType, "boot_volume": types.ObjectType{AttrTypes: bootVolumeTypes},
		"metadata": stringMap, "config_drive": types.BoolType,
	}
	serverGroupTypes       = map[string]attr.Type{"policy": types.StringType}
	groupPlacementTypes    = map[string]attr.Type{"availability_zones": stringList, "server_group": types.ObjectType{AttrTypes: serverGroupTypes}}
	frontEndPlacementTypes = map[string]attr.Type{"fixed_ip": types.StringType, "port": types.StringType}
)

func withAll(m, more map[string]attr.Type) map[string]attr.Type {
	out := maps.Clone(m)
	maps.Copy(out, more)
	return out
}

// noPlacement returns a placement with nothing set.
func noPlacement() placementModel {
	return placementModel{Networks: types.ListNull(types.StringType), BootVolume: types.ObjectNull(bootVolumeTypes), Metadata: types.MapNull(types.StringType)}
}

func noGroupPlacement() groupPlacementModel {
	return groupPlacementModel{AvailabilityZones: types.ListNull(types.StringType), ServerGroup: types.ObjectNull(serverGroupTypes)}
}

// placement translates the configuration.
func (m placementModel) placement() cluster.Placement {
	p := cluster.Placement{ConfigDrive: m.ConfigDrive.ValueBool(), Metadata: textMap(m.Metadata)}
	if zone := m.AvailabilityZone.ValueString(); zone != "" {
		p.Zones = []string{zone}
	}
	if v, ok := m.bootVolume(); ok {
		p.BootVolume = &cluster.BootVolume{
			Size: int(v.Size.ValueInt64()), Type: v.Type.ValueString(),
			DeleteOnTermination: v.DeleteOnTermination.IsNull() || v.DeleteOnTermination.ValueBool(),
		}
	}
	return p
}

func (m placementModel) bootVolume() (bootVolumeModel, bool) {
	// The object has the schema's own type.
	parts := m.BootVolume.Attributes()
	size, hasSize := parts["size"].(whole.Number)
	kind, hasKind := parts["type"].(types.String)
	ends, hasEnds := parts["delete_on_termination"].(types.Bool)
	return bootVolumeModel{Size: size, Type: kind, DeleteOnTermination: ends}, hasSize && hasKind && hasEnds
}

func (m groupPlacementModel) apply(p *cluster.Placement) {
	if !m.AvailabilityZones.IsNull() {
		p.Zones = orderedTexts(m.AvailabilityZones.Elements())
	}
	if policy, ok := m.ServerGroup.Attributes()["policy"].(types.String); ok {
		p.ServerGroup = policy.ValueString()
	}
}

// placementOf is the reverse of placement: a configuration that stands for p.
func placementOf(p cluster.Placement) placementModel {
	m := noPlacement()
	if len(p.Zones) == 1 {
		m.AvailabilityZone = types.StringValue(p.Zones[0])
	}
	if p.ConfigDrive {
		m.ConfigDrive = types.BoolValue(true)
	}
	if len(p.Metadata) > 0 {
		m.Metadata = resolution(p.Metadata).value()
	}
	if v := p.BootVolume; v != nil {
		keep := types.BoolNull()
		if !v.DeleteOnTermination {
			keep = types.BoolValue(false)
		}
		m.BootVolume = types.ObjectValueMust(bootVolumeTypes, map[string]attr.Value{
			"size": whole.Value(int64(v.Size)), "type": orNull(v.Type), "delete_on_termination": keep,
		})
	}
	return m
}

func groupPlacementOf(p cluster.Placement) groupPlacementModel {
	m := noGroupPlacement()
	if len(p.Zones) > 1 {
		m.AvailabilityZones = stringListOf(p.Zones)
	}
	if p.ServerGroup != "" {
		m.ServerGroup = types.ObjectValueMust(serverGroupTypes, map[string]attr.Value{"policy": types.StringValue(p.ServerGroup)})
	}
	return m
}

// textMap returns the known strings of a map; nil if there is none.
func textMap(m types.Map) map[string]string {
	if out := resolutionOf(m); len(out) > 0 {
		return out
	}
	return nil
}

// orderedTexts returns the known strings among values in their order.
func orderedTexts(values []attr.Value) []string {
	var out []string
	for _, v := range values {
		if s, ok := v.(types.String); ok && !s.IsNull() && !s.IsUnknown() {
			out = append(out, s.ValueString())
		}
	}
	return out
}

func stringListOf(ss []string) types.List {
	values := make([]attr.Value, 0, len(ss))
	for _, s := range ss {
		values = append(values, types.StringValue(s))
	}
	return types.ListValueMust(types.StringType, values)
}
