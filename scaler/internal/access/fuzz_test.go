package access_test

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/access"
)

// FuzzAllows holds paths against a rule. A rule never allows a path of another depth, or
// with another word where the rule has no *.
func FuzzAllows(f *testing.F) {
	f.Add("/v2.1/servers/*/action", "/v2.1/servers/1/action")
	f.Add("/servers/*", "/servers/")
	f.Add("/*/x", "//x")
	f.Fuzz(func(t *testing.T, rule, path string) {
		r := access.Rule{Service: "compute", Method: "GET", Path: rule}
		if r.Allows("compute", "POST", path) || r.Allows("image", "GET", path) {
			t.Errorf("%q allows another method or service", rule)
		}
		if !r.Allows("compute", "GET", path) {
			return
		}
		want, have := strings.Split(rule, "/"), strings.Split(path, "/")
		if len(want) != len(have) {
			t.Fatalf("%q allows %q", rule, path)
		}
		for i := range want {
			if want[i] != have[i] && (want[i] != "*" || have[i] == "") {
				t.Errorf("%q allows %q", rule, path)
			}
		}
	})
}
