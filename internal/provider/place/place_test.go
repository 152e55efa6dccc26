package place

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	groupType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"image": tftypes.String, "count": tftypes.Number, "networks": tftypes.List{ElementType: tftypes.String},
		"groups": tftypes.Set{ElementType: tftypes.String}, "files": tftypes.Map{ElementType: tftypes.String}, "key": tftypes.String,
	}}
	schema = &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
		{Name: "image", Type: tftypes.String},
		{Name: "networks", Type: tftypes.List{ElementType: tftypes.String}},
		{Name: "workers", NestedType: &tfprotov6.SchemaObject{Nesting: tfprotov6.SchemaObjectNestingModeMap, Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "image", Type: tftypes.String}, {Name: "count", Type: tftypes.Number},
			{Name: "networks", Type: tftypes.List{ElementType: tftypes.String}}, {Name: "groups", Type: tftypes.Set{ElementType: tftypes.String}},
			{Name: "files", Type: tftypes.Map{ElementType: tftypes.String}}, {Name: "key", Type: tftypes.String, Sensitive: true},
		}}},
	}}}
)

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// example returns a configuration with one group, gpu, of that image.
func example(t *testing.T, image tftypes.Value) configuration {
	t.Helper()
	list := func(typ tftypes.Type) tftypes.Value {
		return tftypes.NewValue(typ, []tftypes.Value{text("a"), text("b")})
	}
	group := tftypes.NewValue(groupType, map[string]tftypes.Value{
		"image": image, "count": tftypes.NewValue(tftypes.Number, 2), "networks": list(groupType.AttributeTypes["networks"]),
		"groups": list(groupType.AttributeTypes["groups"]), "key": text("secret"),
		"files": tftypes.NewValue(groupType.AttributeTypes["files"], map[string]tftypes.Value{"/x": text("content")}),
	})
	whole := schema.ValueType().(tftypes.Object)
	config, err := tfprotov6.NewDynamicValue(whole, tftypes.NewValue(whole, map[string]tftypes.Value{
		"image": text("debian"), "networks": tftypes.NewValue(whole.AttributeTypes["networks"], nil),
		"workers": tftypes.NewValue(whole.AttributeTypes["workers"], map[string]tftypes.Value{"gpu": group}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	return configuration{schema, &config}
}

// Each row: where the provider puts a diagnostic, where the CLI gets it, and how its
// text begins.
func TestPlaces(t *testing.T) {
	root := tftypes.NewAttributePath().WithAttributeName
	gpu := root("workers").WithElementKeyString("gpu")
	c := example(t, text("nope"))
	for _, row := range []struct {
		at, want *tftypes.AttributePath
		begins   string
	}{
		{root("image"), root("image"), `image = "debian": no such thing`},
		{root("networks").WithElementKeyInt(1), root("networks").WithElementKeyInt(1), `networks[1]: no such thing`},
		{root("networks"), root("networks"), `networks: no such thing`},
		{gpu, gpu, `workers["gpu"]: no such thing`},
		{gpu.WithAttributeName("image"), gpu, `workers["gpu"].image = "nope": no such thing`},
		{gpu.WithAttributeName("count"), gpu, `workers["gpu"].count = 2: no such thing`},
		{gpu.WithAttributeName("networks"), gpu, `workers["gpu"].networks = ["a", "b"]: no such thing`},
		{gpu.WithAttributeName("networks").WithElementKeyInt(0), gpu, `workers["gpu"].networks[0] = "a": no such thing`},
		{gpu.WithAttributeName("groups").WithElementKeyValue(text("a")), gpu, `workers["gpu"].groups has "a": no such thing`},
		{gpu.WithAttributeName("files").WithElementKeyString("/x"), gpu, `workers["gpu"].files["/x"]: no such thing`},
		{gpu.WithAttributeName("key"), gpu, `workers["gpu"].key: no such thing`},
		{root("front_end").WithAttributeName("image"), root("front_end"), `front_end.image: no such thing`},
		{root("workers").WithElementKeyString("other").WithAttributeName("image"), root("workers").WithElementKeyString("other"), `workers["other"].image: no such thing`},
	} {
		got := c.place([]*tfprotov6.Diagnostic{{Summary: "Wrong", Detail: "No such thing.", Attribute: row.at}})
		if len(got) != 1 || !got[0].Attribute.Equal(row.want) || got[0].Detail != row.begins+"." {
			t.Errorf("%s: %+v", row.at, got[0])
		}
	}
}

func TestValuesThatAreNotShown(t *testing.T) {
	at := tftypes.NewAttributePath().WithAttributeName("workers").WithElementKeyString("gpu").WithAttributeName("image")
	for name, image := range map[string]tftypes.Value{
		"unknown": tftypes.NewValue(tftypes.String, tftypes.UnknownValue), "null": tftypes.NewValue(tftypes.String, nil),
		"long": text(strings.Repeat("x", 61)), "of two lines": text("a\nb"),
	} {
		if v := example(t, image).value(at); v != "" {
			t.Errorf("%s: %s", name, v)
		}
	}
	if v := (configuration{}).value(at); v != "" {
		t.Error(v)
	}
}

func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"No image.": "no image.", "Nova got no port.": "Nova got no port.", "Nova's list.": "Nova's list.", "Nodes[\"a1\"] is.": "nodes[\"a1\"] is.", "IPv6 is.": "IPv6 is.", "TLS is on.": "TLS is on.", "A port.": "a port.",
		"`count` is 1.": "`count` is 1.", `"x" is none.`: `"x" is none.`, "": "", "Über": "über",
	} {
		if got := lowered(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// A diagnostic that has begun with its attribute already stays as it is, and one that
// the framework says twice is said once.
func TestNothingIsSaidTwice(t *testing.T) {
	at := tftypes.NewAttributePath().WithAttributeName("image")
	d := &tfprotov6.Diagnostic{Summary: "Wrong", Detail: `image = "debian": no.`, Attribute: at}
	bare := &tfprotov6.Diagnostic{Summary: "Wrong", Detail: "No.", Attribute: at}
	got := example(t, text("x")).place([]*tfprotov6.Diagnostic{d, bare, nil, bare})
	if len(got) != 1 || got[0].Detail != d.Detail {
		t.Errorf("%v", got)
	}
}

// The framework's own words are for its developers.
func TestWordsOfTheFramework(t *testing.T) {
	at := tftypes.NewAttributePath().WithAttributeName("workers").WithElementKeyString("gpu").WithAttributeName("image")
	c := example(t, tftypes.NewValue(tftypes.String, nil))
	for summary, want := range map[string]string{
		missingRequired: `Missing image: workers["gpu"].image: it has to be set, and must not be null.`,
		setReadOnly:     `Invalid image: workers["gpu"].image: it can't be set: the provider fills it. Remove it.`,
	} {
		got := c.place([]*tfprotov6.Diagnostic{{Summary: summary, Detail: "Ask the provider developers.", Attribute: at}})
		if text := got[0].Summary + ": " + got[0].Detail; text != want {
			t.Error(text)
		}
	}
	if got := c.place([]*tfprotov6.Diagnostic{{Summary: missingRequired, Attribute: at.WithAttributeName("name")}}); len(got) != 0 {
		t.Errorf("of a part of null: %v", got[0])
	}
}

// Every answer that can hold a diagnostic about a configuration passes place.
func TestAllAnswersArePlaced(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "server.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, d := range parsed.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
			own = append(own, fn.Name.Name)
		}
	}
	noConfiguration := []string{"GetMetadata", "GetProviderSchema", "GetResourceIdentitySchemas", "UpgradeResourceState", "UpgradeResourceIdentity",
		"MoveResourceState", "GenerateResourceConfig", "GetFunctions",
		"ValidateEphemeralResourceConfig", "OpenEphemeralResource", "RenewEphemeralResource", "CloseEphemeralResource"} // the provider has none
	all := reflect.TypeFor[Answerer]()
	for i := range all.NumMethod() {
		m := all.Method(i)
		answer := m.Type.Out(0).Elem()
		_, says := answer.FieldByName("Diagnostics")
		if says && !slices.Contains(own, m.Name) && !slices.Contains(noConfiguration, m.Name) {
			t.Errorf("%s does not pass place", m.Name)
		}
	}
}

// answering is a server whose validation and functions answer as given.
type answering struct {
	Answerer
	diagnostic *tfprotov6.Diagnostic
}

func (a answering) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{ResourceSchemas: map[string]*tfprotov6.Schema{"x": schema}}, nil
}

func (a answering) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: []*tfprotov6.Diagnostic{a.diagnostic}}, nil
}

func (a answering) CallFunction(context.Context, *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return &tfprotov6.CallFunctionResponse{Error: &tfprotov6.FunctionError{Text: "An object is needed."}}, nil
}

func TestServer(t *testing.T) {
	at := tftypes.NewAttributePath().WithAttributeName("workers").WithElementKeyString("gpu").WithAttributeName("image")
	s := Server(answering{diagnostic: &tfprotov6.Diagnostic{Detail: "No image.", Attribute: at}})
	resp, err := s.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "x", Config: example(t, text("nope")).config})
	if err != nil || resp.Diagnostics[0].Detail != `workers["gpu"].image = "nope": no image.` {
		t.Errorf("%v, %v", resp.Diagnostics[0], err)
	}
	called, err := s.CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{})
	if err != nil || called.Error.Text != "an object is needed" {
		t.Errorf("%v, %v", called.Error, err)
	}
}
