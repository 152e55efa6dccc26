// Package whole holds the type of the number attributes that take whole numbers only.
// The framework's own type can't hold a fraction or a number beyond 64 bits, and calls
// such a configuration a fault of the provider. This type holds them, and refuses them
// as the mistake that they are.
package whole

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Type is the type of a whole number of 64 bits, as the CustomType of an
// Int64Attribute.
type Type struct{ basetypes.Int64Type }

var _ basetypes.Int64Typable = Type{}

// Equal reports whether o is this type.
func (Type) Equal(o attr.Type) bool {
	_, ok := o.(Type)
	return ok
}

func (Type) String() string { return "whole.Type" }

// ValueType returns a Number.
func (Type) ValueType(context.Context) attr.Value { return Number{} }

// Validate refuses nothing: a Number does that itself.
func (Type) Validate(context.Context, tftypes.Value, path.Path) diag.Diagnostics { return nil }

// ValueFromInt64 returns the same number as a Number.
func (Type) ValueFromInt64(_ context.Context, v basetypes.Int64Value) (basetypes.Int64Valuable, diag.Diagnostics) {
	return Number{Int64Value: v}, nil
}

// ValueFromTerraform reads any number, a wrong one too.
func (t Type) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	if in.IsKnown() && !in.IsNull() {
		var n *big.Float
		if err := in.As(&n); err != nil {
			return nil, err
		}
		if _, exact := n.Int64(); !n.IsInt() || exact != big.Exact {
			return Number{Int64Value: types.Int64Null(), wrong: n}, nil
		}
	}
	v, err := t.Int64Type.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	n, ok := v.(basetypes.Int64Value)
	if !ok {
		return nil, fmt.Errorf("%s is no number", v)
	}
	return Number{Int64Value: n}, nil
}

// Number is a whole number, or another one that is refused. For a wrong number
// ValueInt64 is 0, and validators of the attribute are not asked.
type Number struct {
	basetypes.Int64Value
	wrong *big.Float // nil for a right one
}

var (
	_ basetypes.Int64Valuable     = Number{}
	_ xattr.ValidateableAttribute = Number{}
)

// Value returns the number n.
func Value(n int64) Number { return Number{Int64Value: types.Int64Value(n)} }

// Null returns no number.
func Null() Number { return Number{Int64Value: types.Int64Null()} }

// Unknown returns a number that is not known yet.
func Unknown() Number { return Number{Int64Value: types.Int64Unknown()} }

// Type returns the type Type.
func (Number) Type(context.Context) attr.Type { return Type{} }

// IsNull reports whether there is no number; a wrong one is one.
func (n Number) IsNull() bool { return n.wrong == nil && n.Int64Value.IsNull() }

// Equal reports whether o is the same number.
func (n Number) Equal(o attr.Value) bool {
	other, ok := o.(Number)
	if !ok {
		return false
	}
	if n.wrong != nil && other.wrong != nil {
		return n.wrong.Cmp(other.wrong) == 0
	}
	return n.wrong == other.wrong && n.Int64Value.Equal(other.Int64Value)
}

func (n Number) String() string {
	if n.wrong != nil {
		return text(n.wrong)
	}
	return n.Int64Value.String()
}

// ToTerraformValue returns the number as Terraform has it, a wrong one unchanged.
func (n Number) ToTerraformValue(ctx context.Context) (tftypes.Value, error) {
	if n.wrong != nil {
		return tftypes.NewValue(tftypes.Number, n.wrong), nil
	}
	return n.Int64Value.ToTerraformValue(ctx)
}

// ValidateAttribute refuses a wrong number.
func (n Number) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if n.wrong == nil {
		return
	}
	why := "Not a whole number."
	if n.wrong.IsInt() || n.wrong.IsInf() {
		why = "Too large a number."
		if n.wrong.Sign() < 0 {
			why = "Too small a number."
		}
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid number", why)
}

// text writes a number in at most 20 digits.
func text(n *big.Float) string { return n.Text('g', 20) }
