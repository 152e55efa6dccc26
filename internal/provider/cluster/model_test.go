package cluster

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

var noTimeouts = timeouts.Value{Object: types.ObjectNull(map[string]attr.Type{
	"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType,
})}

// testModel is a configuration as a plan holds it: defaults filled, computed
// parts null.
func testModel(t *testing.T) model {
	t.Helper()
	m := model{
		Name: types.StringValue("astro"), Image: types.StringValue("debian"), Network: types.StringValue("research"), Networks: types.ListNull(types.StringType),
		KeyPair: types.StringValue("ops"), SecurityGroups: stringSetOf([]string{"default"}),
		LoginUser: types.StringValue("astro"), LoginUID: whole.Value(20000),
		BatchSystem: batchSystemModel{Type: types.StringValue("htcondor")}.value(),
		Coordinator: types.StringValue("front_end"), WaitFor: types.StringValue("joined"), DrainTimeout: types.StringValue("30m"),
		Replacement: types.ObjectNull(replacementTypes),
		Timeouts:    noTimeouts,
		ID:          types.StringValue("4e3b"), Nodes: types.StringNull(), WorkerNames: types.StringNull(), Resolved: types.MapNull(types.StringType),
	}
	m.setFrontEnd(t, testFrontEnd())
	m.setGroups(t, map[string]groupModel{"cpu": testGroup(2)})
	return m
}

func testFrontEnd() frontEndModel {
	return frontEndModel{nodeModel: testNode("m1.medium"), ExternalNetwork: types.StringNull()}
}

func testGroup(count int64) groupModel {
	return groupModel{nodeModel: testNode("c1.large"), groupPlacementModel: noGroupPlacement(), Count: whole.Value(count),
		Scaling: types.ObjectNull(scalingTypes), Retire: types.SetNull(types.StringType)}
}

func testNode(flavor string) nodeModel {
	return nodeModel{
		Flavor: types.StringValue(flavor), SecurityGroups: types.SetNull(types.StringType), Files: types.MapNull(types.StringType),
		placementModel: noPlacement(),
	}
}

func (m *model) setFrontEnd(t *testing.T, fe frontEndModel) {
	t.Helper()
	v, diags := types.ObjectValueFrom(t.Context(), frontEndTypes, fe)
	if diags.HasError() {
		t.Fatal(diags)
	}
	m.FrontEnd = v
}

func (m *model) setGroups(t *testing.T, groups map[string]groupModel) {
	t.Helper()
	v, diags := types.MapValueFrom(t.Context(), groupType, groups)
	if diags.HasError() {
		t.Fatal(diags)
	}
	m.Workers = v
}

// decoded is the model with its nested values.
func (m model) decoded(t *testing.T) config {
	t.Helper()
	c, whole, diags := decode(t.Context(), m)
	if !whole || diags.HasError() {
		t.Fatal(whole, diags)
	}
	return c
}

var testResolution = resolution{
	"image/debian": "i1", "image/debian-gpu": "i2", "network/research": "n1", "external_network/public": "x1",
	"flavor/m1.medium": "f1", "flavor/c1.large": "f2", "flavor_size/c1.large": "8 CPUs, 16384 MiB", "key_pair/ops": "ssh-ed25519 AAAA",
	"security_group/default": "default", "security_group/mpi": "s2",
}

func TestSpecFromModel(t *testing.T) {
	m := testModel(t)
	fe := testFrontEnd()
	fe.ExternalNetwork = types.StringValue("public")
	fe.CloudConfig = types.StringValue("#cloud-config\n")
	m.setFrontEnd(t, fe)
	gpu := testGroup(0)
	gpu.Image = types.StringValue("debian-gpu")
	gpu.SecurityGroups = stringSetOf([]string{"mpi"})
	gpu.Files = resolution{"/etc/motd": "hello"}.value()
	gpu.Retire = stringSetOf([]string{"astro-gpu-2"})
	gpu.GPUs = whole.Value(4)
	m.setGroups(t, map[string]groupModel{"cpu": testGroup(2), "gpu": gpu})

	m.BatchSystem = batchSystemModel{Type: types.StringValue("htcondor"), Config: types.StringValue("A = b\n")}.value()

	got := m.decoded(t).spec(testResolution)
	want := cluster.Spec{
		ID: "4e3b", Name: "astro", LoginUser: "astro", LoginUID: 20000,
		KeyPair: "ops", OperatorKey: "ssh-ed25519 AAAA", BatchSystem: "htcondor", BatchConfig: "A = b\n", Coordinator: cluster.CoordinatorFrontEnd,
		FrontEnd: cluster.NodeSpec{Image: "i1", Flavor: "f1", Network: "n1", SecurityGroups: []string{"default"},
			CloudConfig: "#cloud-config\n", ExternalNetworkID: "x1"},
		Groups: map[string]cluster.GroupSpec{
			"cpu": {NodeSpec: cluster.NodeSpec{Image: "i1", Flavor: "f2", Network: "n1", SecurityGroups: []string{"default"}}, Count: 2,
				Machine: cluster.Machine{CPUs: 8, MemoryMiB: 16384}},
			"gpu": {NodeSpec: cluster.NodeSpec{Image: "i2", Flavor: "f2", Network: "n1", SecurityGroups: []string{"s2"},
				Files: map[string]string{"/etc/motd": "hello"}}, Retire: []string{"astro-gpu-2"},
				Machine: cluster.Machine{CPUs: 8, MemoryMiB: 16384, GPUs: 4}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("spec\n got %+v\nwant %+v", got, want)
	}
}

func TestDecodingAnUnknownShape(t *testing.T) {
	m := testModel(t)
	m.Workers = types.MapUnknown(groupType)
	if _, whole, diags := decode(t.Context(), m); whole || diags.HasError() {
		t.Errorf("unknown workers: whole %v, %v", whole, diags)
	}
	m.Workers = types.MapNull(groupType)
	if c := m.decoded(t); len(c.groups) != 0 {
		t.Errorf("no workers: %d groups", len(c.groups))
	}
}

func TestDefaultLoginUser(t *testing.T) {
	for name, want := range map[string]string{
		"astro":                                "astro",
		"a-cluster-with-a-very-long-name-x":    "a-cluster-with-a-very-long-name",
		"abcdefghijklmnopqrstuvwxyz0123456789": "abcdefghijklmnopqrstuvwxyz012345",
	} {
		if got := cluster.DefaultLoginUser(name); got != want || !userName.MatchString(got) {
			t.Errorf("%s: login user %q, want %q", name, got, want)
		}
	}
}
