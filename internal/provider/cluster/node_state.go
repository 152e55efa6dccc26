package cluster

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

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

var nodeStateType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"id": types.StringType, "role": types.StringType, "group": types.StringType, "address": types.StringType,
	"status": types.StringType, "image": types.StringType, "created": types.StringType, "spec": types.StringType,
}}

// fields returns the attributes by name. The library's own conversion reads the tags of
// the struct anew for each value, which is half the work of a plan's nodes.
func (s *nodeState) fields() map[string]*types.String {
	return map[string]*types.String{
		"id": &s.ID, "role": &s.Role, "group": &s.Group, "address": &s.Address,
		"status": &s.Status, "image": &s.Image, "created": &s.Created, "spec": &s.Spec,
	}
}

// object returns the entry's value.
func (s nodeState) object() types.Object {
	attributes := make(map[string]attr.Value, len(nodeStateType.AttrTypes))
	for name, field := range s.fields() {
		attributes[name] = *field
	}
	return types.ObjectValueMust(nodeStateType.AttrTypes, attributes)
}

// nodeStateOf returns the entry that a value holds.
func nodeStateOf(o types.Object) nodeState {
	var s nodeState
	fields := s.fields()
	for name, value := range o.Attributes() {
		if text, ok := value.(types.String); ok && fields[name] != nil {
			*fields[name] = text
		}
	}
	return s
}

// nodeStates reads a `nodes` map; an unknown one has no entries.
func nodeStates(ctx context.Context, nodes types.Map) (map[string]nodeState, diag.Diagnostics) {
	out := map[string]nodeState{}
	if nodes.IsNull() || nodes.IsUnknown() {
		return out, nil
	}
	var diags diag.Diagnostics
	for name, element := range nodes.Elements() {
		entry, ok := element.(types.Object)
		if !ok || entry.IsUnknown() {
			out[name] = unknownNode()
			continue
		}
		s := nodeStateOf(entry)
		if entry.IsNull() {
			diags.Append(entry.As(ctx, &s, basetypes.ObjectAsOptions{})...) // the library's words
		}
		out[name] = s
	}
	return out, diags
}

// nodesValue returns the attribute `nodes`. An entry of which nothing is known is an
// unknown object, for which a plan prints one line.
func nodesValue(states map[string]nodeState) types.Map {
	elements := make(map[string]attr.Value, len(states))
	for name, s := range states {
		if s == unknownNode() {
			elements[name] = types.ObjectUnknown(nodeStateType.AttrTypes)
			continue
		}
		elements[name] = s.object()
	}
	return types.MapValueMust(nodeStateType, elements)
}

// unknownNode returns the planned entry of a node of which only the name is known.
func unknownNode() nodeState {
	open := types.StringUnknown()
	return nodeState{ID: open, Role: open, Group: open, Address: open, Status: open, Image: open, Created: open, Spec: open}
}
