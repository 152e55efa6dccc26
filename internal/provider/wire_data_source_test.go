package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestDataSourceFindsClusters(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	makeCluster(t, cloud, astroID, "astro", 1)
	makeCluster(t, cloud, nebulaID, "nebula", 0)
	w := newWire(t, cloud)
	typ := w.schema.DataSourceSchemas["vmcluster_cluster"].ValueType()
	for _, row := range []struct {
		name, by, value, want string
	}{
		{"by name", "name", "astro", astroID},
		{"by ID", "id", nebulaID, nebulaID},
		{"a name that no cluster has", "name", "orion", "error at name: No such cluster"},
		{"an ID that no cluster has", "id", "deadbeef", "error at id: No such cluster"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &wire{t: t, server: w.server}
			config := w.value(typ, map[string]tftypes.Value{row.by: tftypes.NewValue(tftypes.String, row.value)})
			resp, err := w.server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "vmcluster_cluster", Config: config})
			if err != nil {
				t.Fatal(err)
			}
			if len(resp.Diagnostics) > 0 {
				d := resp.Diagnostics[0]
				at := strings.TrimSuffix(strings.TrimPrefix(d.Attribute.String(), `AttributeName("`), `")`)
				if got := "error at " + at + ": " + d.Summary; got != row.want {
					t.Errorf("got %q, want %q", got, row.want)
				}
				return
			}
			if got := w.text(w.read(resp.State, typ)["id"]); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestDataSourceWantsANameOrAnID(t *testing.T) {
	w := newWire(t, nil)
	typ := w.schema.DataSourceSchemas["vmcluster_cluster"].ValueType()
	text := tftypes.NewValue(tftypes.String, "astro")
	for name, attributes := range map[string]map[string]tftypes.Value{"none": {}, "both": {"id": text, "name": text}} {
		resp, err := w.server.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
			TypeName: "vmcluster_cluster", Config: w.value(typ, attributes),
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.Diagnostics) == 0 {
			t.Errorf("%s of id and name is taken", name)
		}
	}
}
