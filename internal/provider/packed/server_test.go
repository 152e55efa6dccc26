package packed

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var nodes = Attribute{Name: "nodes", Fields: []Field{
	{Name: "id", Description: "ID of the server."}, {Name: "status", Description: "The server's status."},
}}

var workers = Attribute{Name: "workers", Of: tftypes.Set{ElementType: tftypes.String}}

// known are both.
var known = attributes{"nodes": nodes, "workers": workers}

// The object as the command line and as the framework know it.
var (
	wholeType  = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"name": tftypes.String, "nodes": nodes.typ(), "workers": workers.typ()}}
	packedType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"name": tftypes.String, "nodes": tftypes.String, "workers": tftypes.String}}
)

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func node(id, status any) tftypes.Value {
	return tftypes.NewValue(nodes.Element(), map[string]tftypes.Value{
		"id": tftypes.NewValue(tftypes.String, id), "status": tftypes.NewValue(tftypes.String, status),
	})
}

func cluster(value any) tftypes.Value { return clusterOf(value, nil) }

func clusterOf(nodeValue, workerValue any) tftypes.Value {
	return tftypes.NewValue(wholeType, map[string]tftypes.Value{
		"name": text("astro"), "nodes": tftypes.NewValue(nodes.typ(), nodeValue), "workers": tftypes.NewValue(workers.typ(), workerValue),
	})
}

func names(of ...string) tftypes.Value {
	out := []tftypes.Value{}
	for _, name := range of {
		out = append(out, text(name))
	}
	return tftypes.NewValue(workers.Of, out)
}

func wire(t *testing.T, typ tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	out, err := tfprotov6.NewDynamicValue(typ, v)
	if err != nil {
		t.Fatal(err)
	}
	return &out
}

func unknown() any { return tftypes.UnknownValue }

// What the command line sends and gets, whatever is known of it.
var rows = map[string]tftypes.Value{
	"no cluster":              tftypes.NewValue(wholeType, nil),
	"an unknown cluster":      tftypes.NewValue(wholeType, tftypes.UnknownValue),
	"nodes of a new cluster":  cluster(nil),
	"nodes that are open":     cluster(unknown()),
	"no node":                 cluster(map[string]tftypes.Value{}),
	"nodes":                   cluster(map[string]tftypes.Value{"astro-cpu-1": node("4e3b", "ACTIVE"), "astro-frontend": node("77aa", nil)}),
	"worker names":            clusterOf(nil, map[string]tftypes.Value{"cpu": names("astro-cpu-1", "astro-cpu-2"), "gpu": names()}),
	"a group that is open":    clusterOf(map[string]tftypes.Value{}, map[string]tftypes.Value{"cpu": tftypes.NewValue(workers.Of, tftypes.UnknownValue)}),
	"a node that comes":       cluster(map[string]tftypes.Value{"astro-cpu-1": tftypes.NewValue(nodes.Element(), tftypes.UnknownValue)}),
	"a node that is replaced": cluster(map[string]tftypes.Value{"astro-cpu-1": node(tftypes.UnknownValue, "ACTIVE")}),
}

// echo is a framework that answers with what it was asked about. It keeps what it saw.
type echo struct {
	Answerer
	seen []*tfprotov6.DynamicValue
}

func (e *echo) saw(values ...*tfprotov6.DynamicValue) *tfprotov6.DynamicValue {
	e.seen = append(e.seen, values...)
	return values[0]
}

func (e *echo) ValidateResourceConfig(_ context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	e.saw(r.Config)
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (e *echo) ReadResource(_ context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: e.saw(r.CurrentState)}, nil
}

func (e *echo) PlanResourceChange(_ context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: e.saw(r.ProposedNewState, r.PriorState, r.Config)}, nil
}

func (e *echo) ApplyResourceChange(_ context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return &tfprotov6.ApplyResourceChangeResponse{NewState: e.saw(r.PlannedState, r.PriorState, r.Config)}, nil
}

func (e *echo) GenerateResourceConfig(_ context.Context, r *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return &tfprotov6.GenerateResourceConfigResponse{Config: e.saw(r.State)}, nil
}

func (e *echo) ValidateDataResourceConfig(_ context.Context, r *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	e.saw(r.Config)
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (e *echo) ReadDataSource(_ context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return &tfprotov6.ReadDataSourceResponse{State: e.saw(r.Config)}, nil
}

// What the framework makes of its own accord: a state that it has not been given.
func (e *echo) ImportResourceState(context.Context, *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return &tfprotov6.ImportResourceStateResponse{ImportedResources: []*tfprotov6.ImportedResource{{State: e.seen[0]}}}, nil
}

func (e *echo) MoveResourceState(context.Context, *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return &tfprotov6.MoveResourceStateResponse{TargetState: e.seen[0]}, nil
}

func (e *echo) ListResource(context.Context, *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	return &tfprotov6.ListResourceServerStream{Results: slices.Values([]tfprotov6.ListResourceResult{{Resource: e.seen[0]}, {DisplayName: "without a resource"}})}, nil
}

// turned are the methods that carry a resource or data source. Each hands v to the
// framework in every place that there is, and returns what comes back.
var turned = map[string]func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error){
	"ValidateResourceConfig": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		_, err := s.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{Config: v})
		return v, err
	},
	"ReadResource": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		r, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{CurrentState: v})
		return r.NewState, err
	},
	"PlanResourceChange": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		r, err := s.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{PriorState: v, ProposedNewState: v, Config: v})
		return r.PlannedState, err
	},
	"ApplyResourceChange": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		r, err := s.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{PriorState: v, PlannedState: v, Config: v})
		return r.NewState, err
	},
	"GenerateResourceConfig": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		r, err := s.GenerateResourceConfig(ctx, &tfprotov6.GenerateResourceConfigRequest{State: v})
		return r.Config, err
	},
	"ValidateDataResourceConfig": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		_, err := s.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{Config: v})
		return v, err
	},
	"ReadDataSource": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		r, err := s.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{Config: v})
		return r.State, err
	},
	"ImportResourceState": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		if _, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{CurrentState: v}); err != nil {
			return nil, err
		}
		r, err := s.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{})
		return r.ImportedResources[0].State, err
	},
	"MoveResourceState": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		if _, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{CurrentState: v}); err != nil {
			return nil, err
		}
		r, err := s.MoveResourceState(ctx, &tfprotov6.MoveResourceStateRequest{})
		return r.TargetState, err
	},
	"ListResource": func(ctx context.Context, s Answerer, v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
		if _, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{CurrentState: v}); err != nil {
			return nil, err
		}
		stream, err := s.ListResource(ctx, &tfprotov6.ListResourceRequest{})
		results := slices.Collect(stream.Results)
		if len(results) != 2 || results[1].Resource != nil {
			return nil, err
		}
		return results[0].Resource, err
	},
}

func TestTheFrameworkSeesOneText(t *testing.T) {
	for method, call := range turned {
		for name, value := range rows {
			t.Run(method+"/"+name, func(t *testing.T) {
				inner := &echo{}
				sent := wire(t, wholeType, value)
				before := slices.Clone(sent.MsgPack)
				back, err := call(t.Context(), Server(inner, nodes, workers), sent)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := back.Unmarshal(wholeType); err != nil || !got.Equal(value) {
					t.Errorf("%s came back as %s, %v", value, got, err)
				}
				if !slices.Equal(sent.MsgPack, before) {
					t.Error("the request was changed")
				}
				for _, seen := range inner.seen {
					expectPacked(t, seen, value)
				}
				if len(inner.seen) == 0 {
					t.Error("the framework was not asked")
				}
			})
		}
	}
}

// expectPacked wants an object that the framework can read, with the same name and nodes.
func expectPacked(t *testing.T, seen *tfprotov6.DynamicValue, want tftypes.Value) {
	t.Helper()
	got, err := seen.Unmarshal(packedType)
	if err != nil {
		t.Fatalf("the framework can't read %x: %v", seen.MsgPack, err)
	}
	if want.IsNull() || !want.IsKnown() {
		if got.IsNull() != want.IsNull() || got.IsKnown() != want.IsKnown() {
			t.Errorf("the framework saw %s", got)
		}
		return
	}
	var was, now map[string]tftypes.Value
	if err := want.As(&was); err != nil {
		t.Fatal(err)
	}
	if err := got.As(&now); err != nil {
		t.Fatal(err)
	}
	if !now["name"].Equal(was["name"]) {
		t.Errorf("the framework saw %s", got)
	}
	for name, a := range known {
		expectText(t, a, now[name], was[name])
	}
}

// expectText wants the text of an attribute.
func expectText(t *testing.T, a Attribute, got, want tftypes.Value) {
	t.Helper()
	if want.IsNull() || !want.IsKnown() {
		if got.IsNull() != want.IsNull() || got.IsKnown() != want.IsKnown() {
			t.Errorf("the framework saw %s", got)
		}
		return
	}
	var packed string
	if err := got.As(&packed); err != nil {
		t.Fatal(err)
	}
	elements, err := a.Unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked := tftypes.NewValue(a.typ(), elements); !unpacked.Equal(want) {
		t.Errorf("the framework unpacks %s, want %s", unpacked, want)
	}
	again, err := a.Unpack(a.Pack(elements))
	if err != nil || !tftypes.NewValue(a.typ(), again).Equal(want) {
		t.Errorf("packed again: %v, %v", again, err)
	}
}

// The methods that carry no resource and no data source.
var others = []string{
	"GetMetadata", "GetProviderSchema", "GetResourceIdentitySchemas", "ValidateProviderConfig", "ConfigureProvider", "StopProvider",
	"UpgradeResourceState", // a test of its own
	"UpgradeResourceIdentity", "CallFunction", "GetFunctions", "ValidateListResourceConfig",
	"ValidateEphemeralResourceConfig", "OpenEphemeralResource", "RenewEphemeralResource", "CloseEphemeralResource",
}

// A new version of the protocol brings new methods; each has to be thought about here.
func TestEveryMethodOfTheProtocolIsKnown(t *testing.T) {
	protocol := reflect.TypeFor[Answerer]()
	for i := range protocol.NumMethod() {
		name := protocol.Method(i).Name
		_, turns := turned[name]
		if turns == slices.Contains(others, name) {
			t.Errorf("%s: is it turned (%v) or has it nothing to turn?", name, turns)
		}
	}
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for name, raw := range map[string]string{
		"a text": "\xa5nodes", "half a map": "\x82\xa4name\xa5astro", "a name that is none": "\x81\x93\x01\x02\x03", "half a value": "\x81\xa5nodes\x81",
	} {
		inner := &echo{}
		if _, err := Server(inner, nodes, workers).ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{CurrentState: &tfprotov6.DynamicValue{MsgPack: []byte(raw)}}); err == nil || len(inner.seen) > 0 {
			t.Errorf("%s: error %v, the framework saw %d values", name, err, len(inner.seen))
		}
	}
}

// framework answers with the schema and the upgraded state that it is given.
type framework struct {
	Answerer
	upgraded *tfprotov6.DynamicValue
	saved    *tfprotov6.RawState
}

func (f *framework) UpgradeResourceState(_ context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	f.saved = r.RawState
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: f.upgraded}, nil
}

func (f *framework) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	schemas := func(attribute string) map[string]*tfprotov6.Schema {
		return map[string]*tfprotov6.Schema{"cluster": {Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "name", Type: tftypes.String, Required: true}, {Name: attribute, Type: tftypes.String, Computed: true, Description: "All nodes."},
			{Name: "workers", Type: tftypes.String, Computed: true},
		}}}}
	}
	return &tfprotov6.GetProviderSchemaResponse{ResourceSchemas: schemas("nodes"), DataSourceSchemas: schemas("nodes"), ListResourceSchemas: schemas("filter")}, nil
}

func TestSavedStateIsUpgraded(t *testing.T) {
	two := map[string]tftypes.Value{"astro-cpu-1": node("4e3b", "ACTIVE"), "astro-frontend": node("77aa", nil)}
	for _, row := range []struct {
		name, saved string
		framework   string // what it gets
		want        any    // the nodes that come back
		names       any    // and the names
	}{
		{"nodes", `{"name":"astro","nodes":{"astro-cpu-1":{"id":"4e3b","status":"ACTIVE"},"astro-frontend":{"id":"77aa","status":null}}}`, `{"name":"astro"}`, two, nil},
		{"an attribute of a node that is no more", `{"nodes":{"astro-cpu-1":{"id":"4e3b","status":"ACTIVE","disk":"8"},"astro-frontend":{"id":"77aa","status":null}}}`, `{}`, two, nil},
		{"an attribute of a node that was not yet", `{"nodes":{"astro-cpu-1":{"id":"4e3b","status":"ACTIVE"},"astro-frontend":{"id":"77aa"}}}`, `{}`, two, nil},
		{"no nodes yet", `{"name":"astro","nodes":null}`, `{"name":"astro"}`, nil, nil},
		{"a state without the attribute", `{"name":"astro"}`, `{"name":"astro"}`, nil, nil},
		{"a number keeps its digits", `{"generation":12345678901234567890.5,"nodes":{}}`, `{"generation":12345678901234567890.5}`, map[string]tftypes.Value{}, nil},
		{"both", `{"workers":{"cpu":["b","a"]},"nodes":{}}`, `{}`, map[string]tftypes.Value{}, map[string]tftypes.Value{"cpu": names("a", "b")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			inner := &framework{upgraded: wire(t, wholeType, cluster(nil))}
			resp, err := Server(inner, nodes, workers).UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{RawState: &tfprotov6.RawState{JSON: []byte(row.saved)}})
			if err != nil {
				t.Fatal(err)
			}
			if string(inner.saved.JSON) != row.framework {
				t.Errorf("the framework got %s", inner.saved.JSON)
			}
			if got, err := resp.UpgradedState.Unmarshal(wholeType); err != nil || !got.Equal(clusterOf(row.want, row.names)) {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	for _, saved := range []string{`{"nodes":["astro-cpu-1"]}`, `{"workers":{"cpu":"astro-cpu-1"}}`, `7`, `{"nodes":`} {
		inner := &framework{}
		if _, err := Server(inner, nodes, workers).UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{RawState: &tfprotov6.RawState{JSON: []byte(saved)}}); err == nil || inner.saved != nil {
			t.Errorf("%s: error %v, the framework got %v", saved, err, inner.saved)
		}
	}
	inner, old := &framework{}, &tfprotov6.RawState{Flatmap: map[string]string{"name": "astro"}}
	if _, err := Server(inner, nodes, workers).UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{RawState: old}); err != nil || inner.saved != old {
		t.Errorf("a state that is no JSON: error %v, the framework got %v", err, inner.saved)
	}
}

func TestTheCommandLineKnowsTheWholeSchema(t *testing.T) {
	resp, err := Server(&framework{}, nodes, workers).GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{"resource": resp.ResourceSchemas, "data source": resp.DataSourceSchemas} {
		if got := schemas["cluster"].ValueType(); !got.Equal(wholeType) {
			t.Errorf("%s: %s", kind, got)
		}
		a := schemas["cluster"].Block.Attributes[1]
		if fields := a.NestedType.Attributes; a.Description != "All nodes." || !a.Computed || len(fields) != 2 || fields[0].Description != "ID of the server." || !fields[0].Computed {
			t.Errorf("%s: %+v", kind, a)
		}
	}
	if a := resp.ListResourceSchemas["cluster"].Block.Attributes[1]; a.NestedType != nil {
		t.Errorf("a list's own attribute became %+v", a)
	}
}

func TestAResultThatCannotBeUnpackedIsNamed(t *testing.T) {
	inner := &echo{seen: []*tfprotov6.DynamicValue{{MsgPack: []byte("\x81\xa5nodes\x07")}}} // a number
	stream, err := Server(inner, nodes, workers).ListResource(t.Context(), &tfprotov6.ListResourceRequest{})
	if err != nil {
		t.Fatal(err)
	}
	results := slices.Collect(stream.Results)
	if len(results) != 2 || results[0].Resource != nil || len(results[0].Diagnostics) != 1 || len(results[1].Diagnostics) != 0 {
		t.Errorf("%+v", results)
	}
}

func TestUnpackRefusesWhatIsNoAttribute(t *testing.T) {
	for _, text := range []string{"", "\xc1", "\x81\xa1a", nodes.Pack(map[string]tftypes.Value{"a": node("x", "y")})[:8]} {
		if objects, err := nodes.Unpack(text); err == nil {
			t.Errorf("%x: %v", text, objects)
		}
	}
}

func TestEqualObjectsHaveEqualTexts(t *testing.T) {
	objects := map[string]tftypes.Value{}
	for _, name := range []string{"d", "b", "a", "c", "f", "e"} {
		objects[name] = node(name, "ACTIVE")
	}
	first := nodes.Pack(objects)
	for range 20 {
		if again := nodes.Pack(objects); again != first {
			t.Fatalf("%x\n%x", first, again)
		}
	}
}
