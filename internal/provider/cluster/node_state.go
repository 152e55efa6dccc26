package cluster

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/packed"
)

// Nodes is the computed attribute `nodes` of the resource and of the data source, which the
// plugin framework knows as one text.
var Nodes = packed.Attribute{Name: "nodes", Fields: []packed.Field{
	{Name: "id", Description: "ID of the server; null for a worker that could not be made."},
	{Name: "role", Description: "`front_end` or `worker`."},
	{Name: "group", Description: "Worker group; null for the front-end."},
	{Name: "address", Description: "First fixed address."},
	{Name: "status", Description: "The server's status in Nova's words, `MISSING` for a worker that could not be made, " +
		"`DELETING` for one that Nova is deleting, or `NOT_JOINED` for one that is ACTIVE, older than `timeouts.create`, and has never joined, as the front-end says (not with `coordinator = \"last_worker\"`). " +
		"Workers in `ERROR`, `SHUTOFF`, `DELETING` and `NOT_JOINED` are made anew by the next apply; those in any other status are kept."},
	{Name: "image", Description: "ID of the image that the node was made from."},
	{Name: "created", Description: "When the server was made (RFC 3339)."},
	{Name: "spec", Description: "Fingerprint of what the node was made of: workers of a group with another one were made before a change of image, flavor, `cloud_config` or the like."},
}}

// nodeState is an entry of `nodes`.
type nodeState struct {
	ID      types.String
	Role    types.String
	Group   types.String
	Address types.String
	Status  types.String
	Image   types.String
	Created types.String
	Spec    types.String
}

var nodeStateType = Nodes.Element()

// fields returns the attributes by name.
func (s *nodeState) fields() map[string]*types.String {
	return map[string]*types.String{
		"id": &s.ID, "role": &s.Role, "group": &s.Group, "address": &s.Address,
		"status": &s.Status, "image": &s.Image, "created": &s.Created, "spec": &s.Spec,
	}
}

// object returns the entry's value.
func (s nodeState) object() tftypes.Value {
	attributes := make(map[string]tftypes.Value, len(Nodes.Fields))
	for name, field := range s.fields() {
		attributes[name] = textValue(*field)
	}
	return tftypes.NewValue(nodeStateType, attributes)
}

func textValue(s types.String) tftypes.Value {
	switch {
	case s.IsUnknown():
		return tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	case s.IsNull():
		return tftypes.NewValue(tftypes.String, nil)
	}
	return tftypes.NewValue(tftypes.String, s.ValueString())
}

// nodeStateOf returns the entry that a value holds.
func nodeStateOf(object tftypes.Value) (nodeState, error) {
	if !object.IsKnown() {
		return unknownNode(), nil
	}
	var s nodeState
	var attributes map[string]tftypes.Value
	if err := object.As(&attributes); err != nil {
		return s, err
	}
	for name, field := range s.fields() {
		v := attributes[name]
		if !v.IsKnown() {
			*field = types.StringUnknown()
			continue
		}
		var text *string
		if err := v.As(&text); err != nil {
			return s, err
		}
		*field = types.StringPointerValue(text)
	}
	return s, nil
}

// nodeStates reads the attribute `nodes`; an unknown one has no entries.
func nodeStates(nodes types.String) (map[string]nodeState, diag.Diagnostics) {
	out := map[string]nodeState{}
	if nodes.IsNull() || nodes.IsUnknown() {
		return out, nil
	}
	objects, err := Nodes.Unpack(nodes.ValueString())
	for name, object := range objects {
		if err == nil {
			out[name], err = nodeStateOf(object)
		}
	}
	if err != nil {
		return out, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("nodes"), "The nodes can't be read", err.Error()+".")}
	}
	return out, nil
}

// nodesValue returns the attribute `nodes`. An entry of which nothing is known is an
// unknown object, for which a plan prints one line.
func nodesValue(states map[string]nodeState) types.String {
	objects := make(map[string]tftypes.Value, len(states))
	for name, s := range states {
		if s == unknownNode() {
			objects[name] = tftypes.NewValue(nodeStateType, tftypes.UnknownValue)
			continue
		}
		objects[name] = s.object()
	}
	return types.StringValue(Nodes.Pack(objects))
}

// unknownNode returns the planned entry of a node of which only the name is known.
func unknownNode() nodeState {
	open := types.StringUnknown()
	return nodeState{ID: open, Role: open, Group: open, Address: open, Status: open, Image: open, Created: open, Spec: open}
}
