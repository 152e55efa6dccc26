package cluster

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

func resourceSchema(t *testing.T) schema.Schema {
	t.Helper()
	var resp resource.SchemaResponse
	NewResource().Schema(t.Context(), resource.SchemaRequest{}, &resp)
	if resp.Diagnostics.HasError() {
		t.Fatal(resp.Diagnostics)
	}
	return resp.Schema
}

func TestSchemaIsValid(t *testing.T) {
	ctx := t.Context()
	if diags := resourceSchema(t).ValidateImplementation(ctx); diags.HasError() {
		t.Error(diags)
	}
}

// Every attribute's description is its page in the registry.
func TestEveryAttributeIsDescribed(t *testing.T) {
	var walk func(prefix string, attributes map[string]schema.Attribute)
	walk = func(prefix string, attributes map[string]schema.Attribute) {
		for name, a := range attributes {
			at := prefix + name
			if strings.HasPrefix(at, "timeouts") {
				continue // a library's
			}
			if text := a.GetMarkdownDescription(); !strings.HasSuffix(text, ".") {
				t.Errorf("%s: description %q is no sentence", at, text)
			}
			switch a := a.(type) {
			case schema.SingleNestedAttribute:
				walk(at+".", a.Attributes)
			case schema.MapNestedAttribute:
				walk(at+".", a.NestedObject.Attributes)
			}
		}
	}
	walk("", resourceSchema(t).Attributes)
	for _, f := range Nodes.Fields {
		if !strings.HasSuffix(f.Description, ".") {
			t.Errorf("nodes.%s: description %q is no sentence", f.Name, f.Description)
		}
	}
}

// An entry of nodes has the attributes that the command line knows.
func TestNodeStateFitsTheAttribute(t *testing.T) {
	var s nodeState
	fields := s.fields()
	for _, f := range Nodes.Fields {
		if fields[f.Name] == nil {
			t.Errorf("no field of %T is %s", s, f.Name)
		}
	}
	if n := reflect.TypeFor[nodeState]().NumField(); n != len(fields) || n != len(Nodes.Fields) {
		t.Errorf("%d fields, %d by name, %d attributes", n, len(fields), len(Nodes.Fields))
	}
}

// The model and the schema name the same attributes with the same types.
func TestModelFitsSchema(t *testing.T) {
	ctx := context.Background()
	s := resourceSchema(t)
	state := tfsdk.State{Schema: s, Raw: tftypes.NewValue(s.Type().TerraformType(ctx), nil)}
	m := testModel(t)
	if diags := state.Set(ctx, &m); diags.HasError() {
		t.Fatal(diags)
	}
	var back model
	if diags := state.Get(ctx, &back); diags.HasError() {
		t.Fatal(diags)
	}
	if !back.Workers.Equal(m.Workers) || !back.FrontEnd.Equal(m.FrontEnd) {
		t.Error("nested values changed on the way through the state")
	}
}

// Every number that a configuration can hold is refused in our words where it is none.
func TestNumbersOfConfigurationsAreWhole(t *testing.T) {
	seen := 0
	var walk func(prefix string, attributes map[string]schema.Attribute)
	walk = func(prefix string, attributes map[string]schema.Attribute) {
		for name, a := range attributes {
			switch a := a.(type) {
			case schema.Int64Attribute:
				_, ours := a.GetType().(whole.Type)
				if a.Optional || a.Required {
					seen++
				}
				if (a.Optional || a.Required) && !ours {
					t.Errorf("%s%s: its type is not whole.Type", prefix, name)
				}
			case schema.NumberAttribute, schema.Float64Attribute, schema.Int32Attribute, schema.Float32Attribute:
				t.Errorf("%s%s: a number of another kind", prefix, name)
			case schema.SingleNestedAttribute:
				walk(prefix+name+".", a.Attributes)
			case schema.MapNestedAttribute:
				walk(prefix+name+".", a.NestedObject.Attributes)
			}
		}
	}
	walk("", resourceSchema(t).Attributes)
	if seen < 8 {
		t.Errorf("only %d numbers found", seen)
	}
}
