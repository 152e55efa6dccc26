package whole

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func number(t *testing.T, text string) *big.Float {
	t.Helper()
	f, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// read reads a number as the framework does.
func read(t *testing.T, in tftypes.Value) Number {
	t.Helper()
	v, err := Type{}.ValueFromTerraform(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	n, ok := v.(Number)
	if !ok {
		t.Fatalf("%T", v)
	}
	return n
}

// Each row: a number, and what is wrong with it; "" is nothing.
func TestNumber(t *testing.T) {
	for text, says := range map[string]string{
		"0": "", "-1": "", "10000": "", "9223372036854775807": "", "-9223372036854775808": "", "1e3": "", "2.0": "",
		"9223372036854775808": "Too large a number.", "-9223372036854775809": "Too small a number.",
		"1e400": "Too large a number.", "2.5": "Not a whole number.", "-0.1": "Not a whole number.", "1e-400": "Not a whole number.",
		"9007199254740993.5": "Not a whole number.",
	} {
		in := tftypes.NewValue(tftypes.Number, number(t, text))
		n := read(t, in)
		var resp xattr.ValidateAttributeResponse
		n.ValidateAttribute(t.Context(), xattr.ValidateAttributeRequest{Path: path.Root("count")}, &resp)
		if says == "" != (len(resp.Diagnostics) == 0) || says != "" && !strings.HasSuffix(resp.Diagnostics[0].Detail(), says) {
			t.Errorf("%s: %v, want %q", text, resp.Diagnostics, says)
		}
		if n.IsNull() || n.IsUnknown() {
			t.Errorf("%s counts as null or unknown", text)
		}
		back, err := n.ToTerraformValue(t.Context())
		if err != nil || !back.Equal(in) {
			t.Errorf("%s goes back as %s, %v", text, back, err)
		}
		if !read(t, in).Equal(n) || n.Equal(Value(77)) || n.Equal(Null()) {
			t.Errorf("%s: Equal", text)
		}
		if says != "" && n.ValueInt64() != 0 {
			t.Errorf("%s gives the value %d", text, n.ValueInt64())
		}
	}
}

func TestNothingIsRefusedBeforeItIsKnown(t *testing.T) {
	for _, in := range []any{nil, tftypes.UnknownValue} {
		n := read(t, tftypes.NewValue(tftypes.Number, in))
		var resp xattr.ValidateAttributeResponse
		n.ValidateAttribute(t.Context(), xattr.ValidateAttributeRequest{}, &resp)
		if len(resp.Diagnostics) > 0 || n.IsNull() != (in == nil) || n.IsUnknown() != (in != nil) {
			t.Errorf("%v: %v", in, resp.Diagnostics)
		}
	}
	if !read(t, tftypes.NewValue(tftypes.Number, math.MaxInt32)).Equal(Value(math.MaxInt32)) {
		t.Error("a right number is another one")
	}
}
