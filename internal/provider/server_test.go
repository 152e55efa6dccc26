package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/place"
)

// The command lines at hand have no "query", so a wrong list block is asked about
// directly: its text begins with the attribute and its value, too.
func TestListBlockIsRefusedWithItsAttribute(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	server, ok := NewServer("test")().(place.Answerer)
	if !ok {
		t.Fatal("the server serves no list resources")
	}
	typ := w.schema.ListResourceSchemas["vmcluster_cluster"].ValueType()
	resp, err := server.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: "vmcluster_cluster", Config: w.value(typ, map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, "Astro")}),
	})
	if err != nil || len(resp.Diagnostics) != 1 {
		t.Fatal(resp, err)
	}
	if d := resp.Diagnostics[0]; !strings.HasPrefix(d.Detail, `name = "Astro": `) {
		t.Error(d.Detail)
	}
}
