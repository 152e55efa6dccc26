package cluster

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestDataSourceShowsWhatTheCloudShows(t *testing.T) {
	broken := testNodeOf("astro-cpu-2", "cpu")
	broken.Status = cluster.StatusError
	fe := testNodeOf("astro-frontend", "")
	fe.Floating = "203.0.113.5"
	view := cluster.View{
		Nodes:       cluster.Nodes{fe, testNodeOf("astro-cpu-1", "cpu"), broken, testNodeOf("astro-old-1", "old")},
		HasDocument: true,
		Document: cluster.Document{Name: "astro", LoginUser: "ada", BatchSystem: "htcondor", Generation: 9,
			Groups:  map[string]cluster.GroupSpec{"cpu": {NodeSpec: cluster.NodeSpec{Flavor: "f2", Image: "i1", Network: "n1"}}, "gpu": {}},
			Workers: []cluster.Member{{Name: "astro-cpu-1"}, {Name: "astro-cpu-2"}, {Name: "astro-old-1"}}},
	}
	var m dataModel
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
	nodes, diags := nodeStates(m.Nodes)
	if diags.HasError() {
		t.Fatal(diags)
	}
	if m.FrontEndAddress.ValueString() != "203.0.113.5" || m.LoginUser.ValueString() != "ada" || m.Generation.ValueInt64() != 9 ||
		m.BatchSystem.ValueString() != "htcondor" || len(nodes) != 4 || !strings.Contains(m.SSHConfig.ValueString(), "ProxyJump") {
		t.Errorf("address %s, user %s, generation %s, batch system %s, nodes %s", m.FrontEndAddress, m.LoginUser, m.Generation, m.BatchSystem, nodes)
	}
}

func TestEveryAttributeOfTheDataSourceIsDescribed(t *testing.T) {
	var resp datasource.SchemaResponse
	NewDataSource().Schema(t.Context(), datasource.SchemaRequest{}, &resp)
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
