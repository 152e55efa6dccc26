package cluster

import (
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

func volumeValue(size int64, kind string, deletes types.Bool) types.Object {
	return types.ObjectValueMust(bootVolumeTypes, map[string]attr.Value{
		"size": whole.Value(size), "type": orNull(kind), "delete_on_termination": deletes,
	})
}

// Each row: what a group says, what that stands for, and that an import would
// say the same.
func TestPlacementOfGroup(t *testing.T) {
	for name, row := range map[string]struct {
		say  func(*groupModel)
		want cluster.Placement
	}{
		"nothing":  {func(*groupModel) {}, cluster.Placement{}},
		"one zone": {func(g *groupModel) { g.AvailabilityZone = types.StringValue("a") }, cluster.Placement{Zones: []string{"a"}}},
		"zones in order": {
			func(g *groupModel) { g.AvailabilityZones = stringListOf([]string{"b", "a"}) },
			cluster.Placement{Zones: []string{"b", "a"}},
		},
		"volume goes with the server": {
			func(g *groupModel) { g.BootVolume = volumeValue(20, "", types.BoolNull()) },
			cluster.Placement{BootVolume: &cluster.BootVolume{Size: 20, DeleteOnTermination: true}},
		},
		"volume stays": {
			func(g *groupModel) { g.BootVolume = volumeValue(20, "ssd", types.BoolValue(false)) },
			cluster.Placement{BootVolume: &cluster.BootVolume{Size: 20, Type: "ssd"}},
		},
		"server group": {
			func(g *groupModel) {
				g.ServerGroup = types.ObjectValueMust(serverGroupTypes, map[string]attr.Value{"policy": types.StringValue("affinity")})
			},
			cluster.Placement{ServerGroup: "affinity"},
		},
		"metadata and drive": {
			func(g *groupModel) {
				g.Metadata, g.ConfigDrive = resolution{"a": "b"}.value(), types.BoolValue(true)
			},
			cluster.Placement{Metadata: map[string]string{"a": "b"}, ConfigDrive: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, g := testModel(t), testGroup(1)
			row.say(&g)
			m.setGroups(t, map[string]groupModel{"cpu": g})
			got := m.decoded(t).spec(testResolution).Groups["cpu"]
			if !reflect.DeepEqual(got.Placement, row.want) {
				t.Errorf("placement %v, want %v", got.Placement, row.want)
			}
			back := m.groupOf(got)
			if !reflect.DeepEqual(back.placementModel, g.placementModel) || !back.AvailabilityZones.Equal(g.AvailabilityZones) {
				t.Errorf("back from the document: %v, want %v", back.placementModel, g.placementModel)
			}
		})
	}
}

// Each row: what the cluster and a group say of networks, and what that stands for.
func TestNetworksOfGroup(t *testing.T) {
	text, none := types.StringValue, types.StringNull()
	list := func(names ...string) types.List { return stringListOf(names) }
	null := types.ListNull(types.StringType)
	resolved := resolution{"network/a": "A", "network/b": "B", "network/c": "C", "network_name/a": "a", "network_name/b": "b"}
	for _, row := range []struct {
		name            string
		one             types.String // the cluster's
		several         types.List
		traffic         types.String
		own             types.String // the group's
		ownSeveral      types.List
		ownTraffic      types.String
		network, ofName string
		networks        []string
		fails           bool
	}{
		{"the cluster's one", text("a"), null, none, none, null, none, "A", "", nil, false},
		{"the group's one", text("a"), null, none, text("b"), null, none, "B", "", nil, false},
		{"the first of the cluster's", none, list("b", "a"), none, none, null, none, "B", "b", []string{"B", "A"}, false},
		{"the one named", none, list("b", "a"), text("a"), none, null, none, "A", "a", []string{"B", "A"}, false},
		{"the group's own choice", none, list("b", "a"), text("a"), none, null, text("b"), "B", "b", []string{"B", "A"}, false},
		{"the group's own networks", text("c"), null, none, none, list("a", "b"), text("b"), "B", "b", []string{"A", "B"}, false},
		{"the cluster's choice does not bind a group that lacks it", none, list("b", "c"), text("c"), none, list("a", "b"), none, "A", "a", []string{"A", "B"}, false},
		{"a list of one", none, list("b"), none, none, null, none, "B", "", nil, false},
		{"none of them", none, list("b", "a"), none, none, null, text("c"), "C", "", []string{"B", "A"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, g := testModel(t), testGroup(1)
			m.Network, m.Networks, m.ClusterNetwork = row.one, row.several, row.traffic
			g.Network, g.Networks, g.ClusterNetwork = row.own, row.ownSeveral, row.ownTraffic
			m.setGroups(t, map[string]groupModel{"cpu": g})
			got := m.decoded(t).spec(resolved).Groups["cpu"]
			if got.Network != row.network || !slices.Equal(got.Networks, row.networks) || got.NetworkName != row.ofName {
				t.Errorf("network %q named %q of %v; want %q named %q of %v", got.Network, got.NetworkName, got.Networks, row.network, row.ofName, row.networks)
			}
			if diags := m.decoded(t).checkPlaces(); diags.HasError() != row.fails {
				t.Errorf("diagnostics: %v", diags)
			}
		})
	}
}

func TestZonesAreReferences(t *testing.T) {
	m, g := testModel(t), testGroup(1)
	g.AvailabilityZones = stringListOf([]string{"b", "a"})
	m.setGroups(t, map[string]groupModel{"cpu": g})
	refs, _ := m.decoded(t).references()
	at := map[string]string{}
	for _, r := range refs {
		at[r.key()] = r.path.String()
	}
	if got, want := at["availability_zone/a"], `workers["cpu"].availability_zones[1]`; got != want {
		t.Errorf("zone a stands at %s, want %s", got, want)
	}
}

// The user's keys, ours and the document share the front-end's 128 items.
func TestMetadataIsCounted(t *testing.T) {
	keys := func(n int) map[string]string {
		out := map[string]string{}
		for i := range n {
			out[string(rune('a'+i/26))+string(rune('a'+i%26))] = "x"
		}
		return out
	}
	for _, row := range []struct {
		users, document int
		fits            bool
	}{
		{0, 120, true}, {1, 120, false}, {100, 20, true}, {101, 20, false}, {120, 0, true}, {121, 0, false},
	} {
		spec := cluster.NodeSpec{Placement: cluster.Placement{Metadata: keys(row.users)}}
		diags := checkMetadata(path.Root("front_end"), spec, cluster.RoleFrontEnd, row.document)
		if diags.HasError() == row.fits {
			t.Errorf("%d of the user's, %d of the document: %v", row.users, row.document, diags)
		}
		if row.document > 0 {
			continue
		}
		spec.Metadata = keys(row.users - 2) // a worker bears its batch's CA and a messenger's mark beside them
		if diags := checkMetadata(path.Root("workers"), spec, cluster.RoleWorker, 0); diags.HasError() == row.fits {
			t.Errorf("a worker with %d of the user's: %v", row.users-2, diags)
		}
	}
}
