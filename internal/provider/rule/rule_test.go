package rule

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// said returns the places and reasons of diagnostics, in order.
func said(diags diag.Diagnostics) string {
	var out []string
	for _, d := range diags {
		at := ""
		if p, ok := d.(diag.DiagnosticWithPath); ok {
			at = p.Path().String()
		}
		out = append(out, at+": "+d.Detail())
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// Each row: a rule for a text, the text, and what is said of it.
func TestTexts(t *testing.T) {
	odd := Text("must be odd", "Odd", func(s string) error {
		if len(s)%2 == 0 {
			return errors.New("is even.")
		}
		return nil
	})
	for _, row := range []struct {
		rule validator.String
		text types.String
		says string
	}{
		{NotEmpty(), types.StringValue(""), "must not be empty."},
		{NotEmpty(), types.StringValue("x"), ""},
		{NotEmpty(), types.StringNull(), ""},
		{NotEmpty(), types.StringUnknown(), ""},
		{OneOf("a"), types.StringValue("b"), `must be "a".`},
		{OneOf("a", "b", "c"), types.StringValue("d"), `must be "a", "b" or "c".`},
		{OneOf("a", "b"), types.StringValue("b"), ""},
		{Matches(regexp.MustCompile(`^a`), "must begin with a"), types.StringValue("b"), "must begin with a."},
		{AtMost(2), types.StringValue("äöü"), "has 3 characters, at most 2 are possible."},
		{AtMost(3), types.StringValue("äöü"), ""},
		{odd, types.StringValue("ab"), "is even."},
	} {
		var resp validator.StringResponse
		row.rule.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("a"), ConfigValue: row.text}, &resp)
		want := ""
		if row.says != "" {
			want = "a: " + row.says
		}
		if got := said(resp.Diagnostics); got != want {
			t.Errorf("%s of %s: %s", row.rule.Description(t.Context()), row.text, got)
		}
	}
}

func TestCollections(t *testing.T) {
	texts := func(ss ...string) []attr.Value {
		out := make([]attr.Value, 0, len(ss))
		for _, s := range ss {
			out = append(out, types.StringValue(s))
		}
		return out
	}
	list := func(r validator.List, v types.List) string {
		var resp validator.ListResponse
		r.ValidateList(t.Context(), validator.ListRequest{Path: path.Root("a"), ConfigValue: v}, &resp)
		return said(resp.Diagnostics)
	}
	of := func(vs ...attr.Value) types.List { return types.ListValueMust(types.StringType, vs) }
	var set validator.SetResponse
	Values(NotEmpty()).ValidateSet(t.Context(), validator.SetRequest{Path: path.Root("a"), ConfigValue: types.SetValueMust(types.StringType, texts("", "x"))}, &set)
	var values, keys validator.MapResponse
	m := types.MapValueMust(types.StringType, map[string]attr.Value{"k": types.StringValue(""), "kk": types.StringNull()})
	Values(NotEmpty()).ValidateMap(t.Context(), validator.MapRequest{Path: path.Root("a"), ConfigValue: m}, &values)
	Keys(AtMost(1)).ValidateMap(t.Context(), validator.MapRequest{Path: path.Root("a"), ConfigValue: m}, &keys)
	var nulls validator.MapResponse
	NoNulls().ValidateMap(t.Context(), validator.MapRequest{Path: path.Root("a"), ConfigValue: m}, &nulls)
	for _, row := range []struct{ got, want string }{
		{said(nulls.Diagnostics), `a["kk"]: Must not be null: leave it out, or describe it.`},
		{list(Values(NotEmpty()), of(append(texts("x", ""), types.StringNull(), types.StringUnknown())...)), "a[1]: must not be empty.\na[2]: Must not be null."},
		{list(Values(NotEmpty()), types.ListNull(types.StringType)), ""},
		{said(set.Diagnostics), `a[Value("")]: must not be empty.`},
		{said(values.Diagnostics), `a["k"]: must not be empty.` + "\n" + `a["kk"]: Must not be null.`},
		{said(keys.Diagnostics), `a["kk"]: has 2 characters, at most 1 are possible.`},
		{list(Some(), of()), "a: Must not be empty: leave it out, or name at least one."},
		{list(Some(), types.ListNull(types.StringType)), ""},
		{list(Unique(), of(texts("x", "y", "x")...)), `a: Names "x" twice.`},
		{list(Unique(), of(types.StringUnknown(), types.StringUnknown())), ""},
	} {
		if row.got != row.want {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

// Each row: a rule for a beside its neighbor b, their values, and what is said.
func TestTogether(t *testing.T) {
	both := schema.Schema{Attributes: map[string]schema.Attribute{"a": schema.StringAttribute{Optional: true}, "b": schema.StringAttribute{Optional: true}}}
	typ := both.Type().TerraformType(t.Context())
	const null, unknown = "null", "unknown"
	raw := func(s string) tftypes.Value {
		switch s {
		case null:
			return tftypes.NewValue(tftypes.String, nil)
		case unknown:
			return tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
		}
		return tftypes.NewValue(tftypes.String, s)
	}
	for _, row := range []struct {
		rule       validator.String
		a, b, says string
	}{
		{NotWith("b"), "x", "y", "a: Not together with `b`: remove one of them."},
		{NotWith("b"), "x", null, ""},
		{NotWith("b"), null, "y", ""},
		{NotWith("b"), "x", unknown, ""},
		{With("b"), "x", null, "a: Set `b` too."},
		{With("b"), "x", "y", ""},
		{With("b"), null, null, ""},
		{InPlaceOf("b"), null, null, "a: Set it, or `b`."},
		{InPlaceOf("b"), "x", "y", "a: Not together with `b`: remove one of them."},
		{InPlaceOf("b"), "x", null, ""},
		{InPlaceOf("b"), unknown, null, ""},
	} {
		config := tfsdk.Config{Schema: both, Raw: tftypes.NewValue(typ, map[string]tftypes.Value{"a": raw(row.a), "b": raw(row.b)})}
		var value types.String
		if diags := config.GetAttribute(t.Context(), path.Root("a"), &value); diags.HasError() {
			t.Fatal(diags)
		}
		var resp validator.StringResponse
		row.rule.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("a"), ConfigValue: value, Config: config}, &resp)
		if got := said(resp.Diagnostics); got != row.says {
			t.Errorf("%s, %s beside %s: %q", row.rule.Description(t.Context()), row.a, row.b, got)
		}
	}
}
