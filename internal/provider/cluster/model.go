package cluster

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// model is the resource as Terraform holds it. Nested parts stay in
// Terraform's own types, because a plan may know them in part only.
type model struct {
	Name           types.String   `tfsdk:"name"`
	Image          types.String   `tfsdk:"image"`
	Network        types.String   `tfsdk:"network"`
	Networks       types.List     `tfsdk:"networks"`
	ClusterNetwork types.String   `tfsdk:"cluster_network"`
	KeyPair        types.String   `tfsdk:"key_pair"`
	SecurityGroups types.Set      `tfsdk:"security_groups"`
	LoginUser      types.String   `tfsdk:"login_user"`
	LoginUID       types.Int64    `tfsdk:"login_uid"`
	FrontEnd       types.Object   `tfsdk:"front_end"`
	Workers        types.Map      `tfsdk:"workers"`
	BatchSystem    types.Object   `tfsdk:"batch_system"`
	Coordinator    types.String   `tfsdk:"coordinator"`
	WaitFor        types.String   `tfsdk:"wait_for"`
	DrainTimeout   types.String   `tfsdk:"drain_timeout"`
	Replacement    types.Object   `tfsdk:"replacement"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`

	CAKey        types.String `tfsdk:"ssh_ca_private_key_wo"` // never has a value; see givenCA
	CAKeyVersion types.Int64  `tfsdk:"ssh_ca_private_key_wo_version"`

	ID              types.String `tfsdk:"id"`
	Nodes           types.Map    `tfsdk:"nodes"`
	FrontEndAddress types.String `tfsdk:"front_end_address"`
	HostsFile       types.String `tfsdk:"hosts_file"`
	SSHConfig       types.String `tfsdk:"ssh_config"`
	Generation      types.Int64  `tfsdk:"generation"`
	Resolved        types.Map    `tfsdk:"resolved"`
}

// nodeModel is what the front-end and a group have in common.
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
	Count   types.Int64  `tfsdk:"count"`
	Scaling types.Object `tfsdk:"scaling"`
	Retire  types.Set    `tfsdk:"retire"`

	MinReady types.Int64 `tfsdk:"min_ready"`
}

type batchSystemModel struct {
	Type types.String `tfsdk:"type"`
}

// nodeState is an entry of the computed map `nodes`.
type nodeState struct {
	ID      types.String `tfsdk:"id"`
	Role    types.String `tfsdk:"role"`
	Group   types.String `tfsdk:"group"`
	Address types.String `tfsdk:"address"`
	Status  types.String `tfsdk:"status"`
	Image   types.String `tfsdk:"image"`
	Created types.String `tfsdk:"created"`
	Spec    types.String `tfsdk:"spec"`
}

var (
	stringSet = types.SetType{ElemType: types.StringType}
	stringMap = types.MapType{ElemType: types.StringType}

	batchSystemTypes = map[string]attr.Type{"type": types.StringType}
	nodeTypes        = withAll(map[string]attr.Type{
		"flavor": types.StringType, "image": types.StringType, "network": types.StringType,
		"security_groups": stringSet, "cloud_config": types.StringType, "files": stringMap,
	}, placementTypes)
	frontEndTypes = withAll(with(with(nodeTypes, "external_network", types.StringType), "replace_on_change", types.BoolType), frontEndPlacementTypes)
	groupTypes    = with(withAll(with(with(with(nodeTypes, "count", types.Int64Type), "scaling", scalingType), "retire", stringSet), groupPlacementTypes), "min_ready", types.Int64Type)
	groupType     = types.ObjectType{AttrTypes: groupTypes}
	nodeStateType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "role": types.StringType, "group": types.StringType, "address": types.StringType,
		"status": types.StringType, "image": types.StringType, "created": types.StringType, "spec": types.StringType,
	}}
)

func with(m map[string]attr.Type, name string, t attr.Type) map[string]attr.Type {
	out := maps.Clone(m)
	out[name] = t
	return out
}

// parts are the nested values of a model, read out.
type parts struct {
	frontEnd frontEndModel
	groups   map[string]groupModel
	batch    batchSystemModel
}

// parts reads the nested values. ok is false while one of them as a whole is
// unknown; inside, single attributes may still be.
func (m model) parts(ctx context.Context) (p parts, ok bool, diags diag.Diagnostics) {
	if m.FrontEnd.IsUnknown() || m.Workers.IsUnknown() || m.BatchSystem.IsUnknown() {
		return p, false, nil
	}
	for _, group := range m.Workers.Elements() {
		if group.IsUnknown() {
			return p, false, nil
		}
	}
	p.groups = map[string]groupModel{}
	if !m.FrontEnd.IsNull() {
		diags.Append(m.FrontEnd.As(ctx, &p.frontEnd, basetypes.ObjectAsOptions{})...)
	}
	if !m.Workers.IsNull() {
		diags.Append(m.Workers.ElementsAs(ctx, &p.groups, false)...)
	}
	if !m.BatchSystem.IsNull() {
		diags.Append(m.BatchSystem.As(ctx, &p.batch, basetypes.ObjectAsOptions{})...)
	}
	return p, !diags.HasError(), diags
}

func (p parts) groupNames() []string { return slices.Sorted(maps.Keys(p.groups)) }

// spec translates the model. Names stand for what resolved says; one that it
// does not have gives the empty text, which planning takes as "not known yet".
func (m model) spec(p parts, resolved resolution) cluster.Spec {
	s := cluster.Spec{
		ID:          m.ID.ValueString(),
		Name:        m.Name.ValueString(),
		LoginUser:   m.LoginUser.ValueString(),
		LoginUID:    int(m.LoginUID.ValueInt64()),
		KeyPair:     m.KeyPair.ValueString(),
		OperatorKey: resolved.get(kindKeyPair, m.KeyPair),
		BatchSystem: cluster.BatchSystem(p.batch.Type.ValueString()),
		Coordinator: m.Coordinator.ValueString(),
		FrontEnd:    m.nodeSpec(p.frontEnd.nodeModel, resolved),
		Groups:      make(map[string]cluster.GroupSpec, len(p.groups)),
	}
	if s.BatchSystem == "" {
		s.BatchSystem = cluster.BatchNone
	}
	s.FrontEnd.FixedIP = p.frontEnd.FixedIP.ValueString()
	s.FrontEnd.Port = resolved.get(kindPort, p.frontEnd.Port)
	s.FrontEnd.ExternalNetworkID = resolved.get(kindExternalNetwork, p.frontEnd.ExternalNetwork)
	for name, g := range p.groups {
		node := m.nodeSpec(g.nodeModel, resolved)
		g.apply(&node.Placement)
		s.Groups[name] = cluster.GroupSpec{
			NodeSpec: node,
			Count:    g.count(),
			Scaling:  g.bounds(),
			Retire:   texts(g.Retire.Elements()),
			MinReady: int(g.MinReady.ValueInt64()),
		}
	}
	return s
}

func (m model) nodeSpec(n nodeModel, resolved resolution) cluster.NodeSpec {
	spec := cluster.NodeSpec{
		Image:       resolved.get(kindImage, either(n.Image, m.Image)),
		Flavor:      resolved.get(kindFlavor, n.Flavor),
		CloudConfig: n.CloudConfig.ValueString(),
		Placement:   n.placement(),
	}
	m.networking(n, path.Empty()).apply(&spec, resolved)
	for _, group := range m.securityGroups(n) {
		spec.SecurityGroups = append(spec.SecurityGroups, resolved.get(kindSecurityGroup, types.StringValue(group)))
	}
	for path, content := range n.Files.Elements() {
		if s, ok := content.(types.String); ok {
			if spec.Files == nil {
				spec.Files = map[string]string{}
			}
			spec.Files[path] = s.ValueString()
		}
	}
	return spec
}

func (m model) securityGroups(n nodeModel) []string {
	if n.SecurityGroups.IsNull() {
		return texts(m.SecurityGroups.Elements())
	}
	return texts(n.SecurityGroups.Elements())
}

func (m model) drainTimeout() time.Duration {
	d, err := time.ParseDuration(m.DrainTimeout.ValueString())
	if err != nil {
		d, _ = time.ParseDuration(defaultDrainTimeout) // a constant of ours
	}
	return d
}

// nodeStates reads a `nodes` map; an unknown one gives none.
func nodeStates(ctx context.Context, nodes types.Map) (map[string]nodeState, diag.Diagnostics) {
	out := map[string]nodeState{}
	if nodes.IsNull() || nodes.IsUnknown() {
		return out, nil
	}
	diags := nodes.ElementsAs(ctx, &out, false)
	return out, diags
}

// nodesOf translates what the state remembers of the nodes into the domain's
// words, so that a plan needs no further list.
func nodesOf(states map[string]nodeState) cluster.Nodes {
	var out cluster.Nodes
	for name, s := range states {
		if s.ID.ValueString() == "" {
			continue // never came about
		}
		created, _ := time.Parse(time.RFC3339, s.Created.ValueString()) // the zero time counts as the oldest
		out = append(out, cluster.Node{
			ID: s.ID.ValueString(), Name: name, Role: cluster.Role(s.Role.ValueString()), Group: s.Group.ValueString(),
			Address: s.Address.ValueString(), Status: cluster.Status(s.Status.ValueString()),
			Image: s.Image.ValueString(), Created: created, SpecHash: s.Spec.ValueString(),
		})
	}
	slices.SortFunc(out, func(a, b cluster.Node) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

func either(own, common types.String) types.String {
	if own.IsNull() {
		return common
	}
	return own
}

// texts returns the known strings among values, in order.
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

// orNull is the text, or null for the empty one.
func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
