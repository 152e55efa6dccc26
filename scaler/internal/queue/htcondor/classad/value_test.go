package classad

import (
	"reflect"
	"testing"
)

// Attributes of a job that its requirements name are kept as expressions that mean
// the same.
func TestJobAttributesAsText(t *testing.T) {
	for _, v := range []any{
		true, false, int64(0), int64(-4), int64(1 << 62), 4.0, -0.5, 1e300, 5e-324, "", "x", `a "quoted\" \ thing`, "4", "true", "undefined", "{}", "a\nb", Undefined{}, Unknown{},
	} {
		if got := new(Cache).ValueOf(TextOf(v)); !reflect.DeepEqual(got, v) {
			t.Errorf("%#v is written %s and read as %#v", v, TextOf(v), got)
		}
	}
	if e, ok := new(Cache).ValueOf(TextOf(Compile("A + 1"))).(*Expression); !ok || e.text != "A + 1" {
		t.Error("an expression is not read as one")
	}
	if got := new(Cache).ValueOf(TextOf(map[string]any{"a": 1})); got != (Unknown{}) {
		t.Errorf("an ad inside an ad is read as %v", got)
	}
}

func FuzzJobAttribute(f *testing.F) {
	f.Add(`a\"b`)
	f.Fuzz(func(t *testing.T, text string) {
		if got := new(Cache).ValueOf(TextOf(text)); got != text {
			t.Errorf("%q is written %s and read as %#v", text, TextOf(text), got)
		}
	})
}
