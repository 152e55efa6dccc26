package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
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
		{"a name that nobody has", "name", "orion", "error at name: No such cluster"},
		{"an ID that nobody has", "id", "deadbeef", "error at id: No such cluster"},
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

func TestDataSourceTellsWhatTheCloudShows(t *testing.T) {
	broken := testNodeOf("astro-cpu-2", "cpu")
	broken.Status = cluster.StatusError
	fe := testNodeOf("astro-frontend", "")
	fe.Floating = "203.0.113.5"
	view := provision.View{
		Nodes:       cluster.Nodes{fe, testNodeOf("astro-cpu-1", "cpu"), broken, testNodeOf("astro-old-1", "old")},
		HasDocument: true,
		Document: cluster.Document{Name: "astro", LoginUser: "ada", BatchSystem: cluster.BatchHTCondor, Generation: 9,
			Groups:  map[string]cluster.GroupSpec{"cpu": {NodeSpec: cluster.NodeSpec{Flavor: "f2", Image: "i1", Network: "n1"}}, "gpu": {}},
			Workers: []cluster.Member{{Name: "astro-cpu-1"}, {Name: "astro-cpu-2"}, {Name: "astro-old-1"}}},
	}
	var m clusterDataModel
	if diags := m.observe(t.Context(), view); diags.HasError() {
		t.Fatal(diags)
	}
	groups := map[string]groupState{}
	if diags := m.Groups.ElementsAs(t.Context(), &groups, false); diags.HasError() {
		t.Fatal(diags)
	}
	for group, want := range map[string]int64{"cpu": 1, "gpu": 0, "old": 1} {
		if got := groups[group].Count; got != types.Int64Value(want) {
			t.Errorf("group %s: %s workers, want %d", group, got, want)
		}
	}
	if groups["cpu"].Network.ValueString() != "n1" || !groups["old"].Flavor.IsNull() {
		t.Errorf("groups: %v", groups)
	}
	if m.FrontEndAddress.ValueString() != "203.0.113.5" || m.LoginUser.ValueString() != "ada" || m.Generation.ValueInt64() != 9 ||
		m.BatchSystem.ValueString() != "htcondor" || len(m.Nodes.Elements()) != 4 || !strings.Contains(m.SSHConfig.ValueString(), "ProxyJump") {
		t.Errorf("address %s, user %s, generation %s, batch system %s, nodes %s", m.FrontEndAddress, m.LoginUser, m.Generation, m.BatchSystem, m.Nodes)
	}
}

func TestEveryAttributeOfTheDataSourceIsDescribed(t *testing.T) {
	var resp datasource.SchemaResponse
	newClusterDataSource().Schema(t.Context(), datasource.SchemaRequest{}, &resp)
	if diags := resp.Schema.ValidateImplementation(t.Context()); diags.HasError() {
		t.Fatal(diags)
	}
	var walk func(prefix string, attributes map[string]schema.Attribute)
	walk = func(prefix string, attributes map[string]schema.Attribute) {
		for name, a := range attributes {
			if text := a.GetMarkdownDescription(); !strings.HasSuffix(text, ".") {
				t.Errorf("%s%s: description %q is no sentence", prefix, name, text)
			}
			if nested, ok := a.(schema.MapNestedAttribute); ok {
				walk(prefix+name+".", nested.NestedObject.Attributes)
			}
		}
	}
	walk("", resp.Schema.Attributes)
}
