package cluster

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Each row: a change of a configuration that works, and where and why it is refused
// without a cloud; "" is nowhere. What is not known yet is never refused.
func TestChecksWithoutACloud(t *testing.T) {
	text := types.StringValue
	group := func(change func(*groupModel)) func(*testing.T, *model) {
		return func(t *testing.T, m *model) {
			t.Helper()
			g := testGroup(2)
			change(&g)
			m.setGroups(t, map[string]groupModel{"cpu": g})
		}
	}
	policy := func(p string) types.Object {
		return types.ObjectValueMust(serverGroupTypes, map[string]attr.Value{"policy": text(p)})
	}
	for _, row := range []struct {
		name   string
		change func(*testing.T, *model)
		says   string
	}{
		{"nothing", func(*testing.T, *model) {}, ""},
		{"a traffic network that no node has", func(_ *testing.T, m *model) { m.ClusterNetwork = text("fabric") }, "cluster_network: No node has this network"},
		{"one that every node has", func(_ *testing.T, m *model) { m.ClusterNetwork = text("research") }, ""},
		{"one that is not known", func(_ *testing.T, m *model) { m.ClusterNetwork = types.StringUnknown() }, ""},
		{"one beside networks that are not known", func(_ *testing.T, m *model) { m.ClusterNetwork, m.Network = text("fabric"), types.StringUnknown() }, ""},
		{"retire of another group", group(func(g *groupModel) { g.Retire = stringSetOf([]string{"astro-gpu-1"}) }), `workers["cpu"].retire[Value("astro-gpu-1")]: Not the name of a worker of this group`},
		{"retire of the group", group(func(g *groupModel) { g.Retire = stringSetOf([]string{"astro-cpu-9"}) }), ""},
		{"retire that is not known", group(func(g *groupModel) {
			g.Retire = types.SetValueMust(types.StringType, []attr.Value{types.StringUnknown()})
		}), ""},
		{"affinity in two zones", group(func(g *groupModel) {
			g.ServerGroup, g.AvailabilityZones = policy("affinity"), stringListOf([]string{"a", "b"})
		}), `workers["cpu"].availability_zones: With`},
		{"affinity in one zone", group(func(g *groupModel) {
			g.ServerGroup, g.AvailabilityZones = policy("affinity"), stringListOf([]string{"a"})
		}), ""},
		{"no config drive with last_worker", func(t *testing.T, m *model) {
			t.Helper()
			m.Coordinator = text(cluster.CoordinatorLastWorker)
			group(func(g *groupModel) { g.ConfigDrive = types.BoolValue(false) })(t, m)
		}, `workers["cpu"].config_drive: With`},
		{"a file of the provider's", group(func(g *groupModel) { g.Files = resolution{"/etc/hosts": "x"}.value() }), `workers["cpu"].files["/etc/hosts"]: `},
		{"a file whose content is not known", group(func(g *groupModel) {
			g.Files = types.MapValueMust(types.StringType, map[string]attr.Value{"/etc/motd": types.StringUnknown()})
		}), ""},
		{"a file in the login user's home", group(func(g *groupModel) { g.Files = resolution{"/home/astro/x": "x"}.value() }), "/etc/skel/x"},
		{"cloud-config that restarts the node", group(func(g *groupModel) { g.CloudConfig = text("#cloud-config\npower_state: {}\n") }), `workers["cpu"].cloud_config: `},
		{"cloud-config that is not known", group(func(g *groupModel) { g.CloudConfig = types.StringUnknown() }), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := testModel(t)
			row.change(t, &m)
			c := m.decoded(t)
			var diags diag.Diagnostics
			for _, check := range []func() diag.Diagnostics{c.checkTraffic, c.checkRetire, c.checkPairs, c.checkUserData} {
				diags.Append(check()...)
			}
			var said []string
			for _, d := range diags {
				if p, ok := d.(diag.DiagnosticWithPath); ok {
					said = append(said, p.Path().String()+": "+d.Detail())
				}
			}
			if row.says == "" && len(diags) > 0 || row.says != "" && (len(said) != 1 || !strings.Contains(said[0], row.says)) {
				t.Errorf("said %q, want %q", said, row.says)
			}
		})
	}
}
