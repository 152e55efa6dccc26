package nameset

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// For Terraform it is a set of strings, and a value comes back as it was.
func TestAsTerraformHasIt(t *testing.T) {
	as := types.SetType{ElemType: types.StringType}
	if !(Type{}).TerraformType(t.Context()).Equal(as.TerraformType(t.Context())) {
		t.Fatal("Terraform has it as something else")
	}
	for _, s := range []Set{{}, {state: unknown}, Of(), Of("b", "a", "b")} {
		v, err := s.ToTerraformValue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		plain, err := as.ValueFromTerraform(t.Context(), v)
		if err != nil || plain.IsNull() != s.IsNull() || plain.IsUnknown() != s.IsUnknown() {
			t.Errorf("%s is for Terraform %s, %v", s, plain, err)
		}
		back, err := (Type{}).ValueFromTerraform(t.Context(), v)
		if err != nil || !back.Equal(s) {
			t.Errorf("%s came back as %s, %v", s, back, err)
		}
	}
	if got := Of("b", "a", "b").Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("names %v", got)
	}
}

func TestEqual(t *testing.T) {
	for _, row := range []struct {
		a, b attr.Value
		want bool
	}{
		{Of("a", "b"), Of("b", "a"), true}, {Of("a"), Of("b"), false}, {Of(), Set{}, false}, {Set{}, Set{state: unknown}, false},
		{Of("a"), types.SetValueMust(types.StringType, []attr.Value{types.StringValue("a")}), false},
	} {
		if row.a.Equal(row.b) != row.want {
			t.Errorf("%s and %s: equal %v", row.a, row.b, !row.want)
		}
	}
}

func TestWrongValues(t *testing.T) {
	list := tftypes.List{ElementType: tftypes.String}
	if v, err := (Type{}).ValueFromTerraform(t.Context(), tftypes.NewValue(list, []tftypes.Value{})); err == nil {
		t.Errorf("a list is read as %s", v)
	}
	open := tftypes.NewValue(terraformType, []tftypes.Value{tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
	if v, err := (Type{}).ValueFromTerraform(t.Context(), open); err != nil || !v.IsUnknown() {
		t.Errorf("a set with an unknown name is %s, %v", v, err)
	}
	null := tftypes.NewValue(terraformType, []tftypes.Value{tftypes.NewValue(tftypes.String, nil)})
	if v, err := (Type{}).ValueFromTerraform(t.Context(), null); err == nil && !slices.Equal(v.(Set).Names(), []string{""}) {
		t.Errorf("a set with a null is %s", v)
	}
	if v, err := (Type{}).ApplyTerraform5AttributePathStep(tftypes.ElementKeyInt(0)); err == nil {
		t.Errorf("an index leads to %v", v)
	}
}

// The framework compares all pairs of elements of what it takes for a set.
func TestTheFrameworkTakesItForNoSet(t *testing.T) {
	var v any = Of("a")
	if _, ok := v.(basetypes.SetValuable); ok {
		t.Error("a set of names is compared element by element")
	}
}
