package option

import (
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
)

func TestOptions(t *testing.T) {
	var text, one string
	var list []string
	var number int
	var price float64
	var wait time.Duration
	var yes bool
	for _, tt := range []struct {
		option Option
		value  cty.Value
		want   string // part of the error; "" takes it
	}{
		{Text("a", "", &text, OneWord), cty.StringVal("x"), ""},
		{Text("a", "", &text, OneWord), cty.StringVal(""), "it is empty"},
		{Text("a", "", &text, OneWord), cty.StringVal("-x"), `"-x" is not a name`},
		{Text("a", "d", &text, nil), cty.StringVal(""), ""},
		{OneOf("a", "", []string{"x", "y"}, &one), cty.StringVal("y"), ""},
		{OneOf("a", "", []string{"x", "y"}, &one), cty.StringVal("z"), `"z" is none of x, y`},
		{Texts("a", &list), cty.ListVal([]cty.Value{cty.StringVal("x")}), ""},
		{Texts("a", &list), cty.ListVal([]cty.Value{cty.NullVal(cty.String)}), "an element is null"},
		{Number("a", "", 1, 5, &number), cty.NumberIntVal(5), ""},
		{Number("a", "", 1, 5, &number), cty.NumberIntVal(6), "6 is not a whole number from 1 to 5"},
		{Number("a", "", 1, 5, &number), cty.NumberFloatVal(1.5), "1.5 is not a whole number"},
		{Price("a", &price), cty.NumberFloatVal(0.034), ""},
		{Price("a", &price), cty.NumberFloatVal(-0.5), "-0.5 is not a price from 0 to 1000000"},
		{Price("a", &price), cty.PositiveInfinity, "not a price"},
		{Duration("a", "", time.Second, time.Hour, &wait), cty.StringVal("90s"), ""},
		{Duration("a", "", time.Second, time.Hour, &wait), cty.StringVal("90"), `"90" is not a duration`},
		{Duration("a", "", time.Second, time.Hour, &wait), cty.StringVal("2h"), "2h is out of range: 1s to 1h"},
		{Boolean("a", "", &yes), cty.True, ""},
	} {
		err := tt.option.Set(tt.value)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%#v: %v, want %q", tt.value, err, tt.want)
		}
	}
	if text != "" || one != "y" || len(list) != 0 || number != 5 || wait != 90*time.Second || !yes {
		t.Errorf("set %q %q %v %d %s %t", text, one, list, number, wait, yes)
	}
}
