package cluster

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestLookUpDiagnostics(t *testing.T) {
	at := path.Root("workers").AtMapKey("gpu").AtName("image")
	r := reference{kindImage, "debain", at}
	for kind, says := range map[cluster.FaultKind][]string{
		cluster.FaultNotFound:    {"Unknown image \"debain\"", "spelling"},
		cluster.FaultAmbiguous:   {"Ambiguous image", "Use the ID"},
		cluster.FaultUnavailable: {"can't be looked up"},
	} {
		d := lookUpDiagnostic(r, &cluster.CloudError{Kind: kind, Op: "resolve", Message: "there are debian-12, debian-13"})
		if p, ok := d.(diag.DiagnosticWithPath); !ok || !p.Path().Equal(at) || d.Severity() != diag.SeverityError {
			t.Errorf("%s: %v", kind, d)
		}
		for _, s := range append(says, "debian-12, debian-13") {
			if text := d.Summary() + "\n" + d.Detail(); !strings.Contains(text, s) {
				t.Errorf("%s: does not say %q:\n%s", kind, s, text)
			}
		}
	}
}
