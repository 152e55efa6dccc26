package cluster

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// model is the resource in Terraform's types. Nested values stay in Terraform's own
// types, because a plan may know them in part only; see config.
type model struct {
	Name           types.String   `tfsdk:"name"`
	Image          types.String   `tfsdk:"image"`
	Network        types.String   `tfsdk:"network"`
	Networks       types.List     `tfsdk:"networks"`
	ClusterNetwork types.String   `tfsdk:"cluster_network"`
	KeyPair        types.String   `tfsdk:"key_pair"`
	SecurityGroups types.Set      `tfsdk:"security_groups"`
	LoginUser      types.String   `tfsdk:"login_user"`
	LoginUID       whole.Number   `tfsdk:"login_uid"`
	FrontEnd       types.Object   `tfsdk:"front_end"`
	Workers        types.Map      `tfsdk:"workers"`
	BatchSystem    types.Object   `tfsdk:"batch_system"`
	Coordinator    types.String   `tfsdk:"coordinator"`
	WaitFor        types.String   `tfsdk:"wait_for"`
	DrainTimeout   types.String   `tfsdk:"drain_timeout"`
	Replacement    types.Object   `tfsdk:"replacement"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`

	CAKey        types.String `tfsdk:"ssh_ca_private_key_wo"` // never has a value; see readKeys
	CAKeyVersion whole.Number `tfsdk:"ssh_ca_private_key_wo_version"`
	FormerCAKey  types.String `tfsdk:"ssh_ca_former_private_key_wo"` // never has a value either
	Signing      types.Bool   `tfsdk:"document_signing"`

	ID              types.String `tfsdk:"id"`
	Nodes           types.String `tfsdk:"nodes"`        // packed, see Nodes
	WorkerNames     types.String `tfsdk:"worker_names"` // packed, see WorkerNames
	FrontEndAddress types.String `tfsdk:"front_end_address"`
	HostsFile       types.String `tfsdk:"hosts_file"`
	SSHConfig       types.String `tfsdk:"ssh_config"`
	KnownHosts      types.String `tfsdk:"known_hosts"`
	Generation      types.Int64  `tfsdk:"generation"`
	Resolved        types.Map    `tfsdk:"resolved"`
}

// nodeModel is what the configurations of the front-end and of a group have in
// common.
type nodeModel struct {
	Flavor         types.String `tfsdk:"flavor"`
	Image          types.String `tfsdk:"image"`
	Network        types.String `tfsdk:"network"`
	SecurityGroups types.Set    `tfsdk:"security_groups"`
	CloudConfig    types.String `tfsdk:"cloud_config"`
	Files          types.Map    `tfsdk:"files"`
	placementModel
}

type frontEndModel struct {
	nodeModel
	frontEndPlacementModel
	ExternalNetwork types.String `tfsdk:"external_network"`
	ReplaceOnChange types.Bool   `tfsdk:"replace_on_change"`
}

type groupModel struct {
	nodeModel
	groupPlacementModel
	Count   whole.Number `tfsdk:"count"`
	Scaling types.Object `tfsdk:"scaling"`
	Retire  types.Set    `tfsdk:"retire"`

	MinReady whole.Number `tfsdk:"min_ready"`
	GPUs     whole.Number `tfsdk:"gpus"`
}

type batchSystemModel struct {
	Type        types.String `tfsdk:"type"`
	Config      types.String `tfsdk:"config"`
	StateVolume types.String `tfsdk:"state_volume"`
	Install     types.Bool   `tfsdk:"install"`
}

// value returns the attribute `batch_system`.
func (b batchSystemModel) value() types.Object {
	return types.ObjectValueMust(batchSystemTypes, map[string]attr.Value{
		"type": b.Type, "config": b.Config, "state_volume": b.StateVolume, "install": types.BoolValue(b.Install.ValueBool()),
	})
}

var (
	stringSet = types.SetType{ElemType: types.StringType}
	stringMap = types.MapType{ElemType: types.StringType}

	batchSystemTypes = map[string]attr.Type{"type": types.StringType, "config": types.StringType, "state_volume": types.StringType, "install": types.BoolType}
	nodeTypes        = withAll(map[string]attr.Type{
		"flavor": types.StringType, "image": types.StringType, "network": types.StringType,
		"security_groups": stringSet, "cloud_config": types.StringType, "files": stringMap,
	}, placementTypes)
	frontEndTypes = withAll(with(with(nodeTypes, "external_network", types.StringType), "replace_on_change", types.BoolType), frontEndPlacementTypes)
	groupTypes    = withAll(withAll(nodeTypes, groupPlacementTypes), map[string]attr.Type{
		"count": whole.Type{}, "scaling": scalingType, "retire": stringSet, "min_ready": whole.Type{}, "gpus": whole.Type{},
	})
	groupType = types.ObjectType{AttrTypes: groupTypes}
)

func with(m map[string]attr.Type, name string, t attr.Type) map[string]attr.Type {
	out := maps.Clone(m)
	out[name] = t
	return out
}

func either(own, common types.String) types.String {
	if own.IsNull() {
		return common
	}
	return own
}

// texts returns the known strings among values, sorted.
func texts(values []attr.Value) []string {
	var out []string
	for _, v := range values {
		if s, ok := v.(types.String); ok && !s.IsNull() && !s.IsUnknown() {
			out = append(out, s.ValueString())
		}
	}
	slices.Sort(out)
	return out
}

// orNull returns the text, or null for the empty one.
func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
