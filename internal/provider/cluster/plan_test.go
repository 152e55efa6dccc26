package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// noCloud is a Connector without a cloud.
type noCloud struct{}

func (noCloud) Cloud(context.Context) (Cloud, error) { return nil, errors.New("no cloud") }

func (noCloud) Provisioner(context.Context) (*provision.Provisioner, error) {
	return nil, errors.New("no cloud")
}

// existing returns the state of a cluster that testModel describes and that is
// there with the given workers of group cpu.
func existing(t *testing.T, workers ...string) model {
	t.Helper()
	m := testModel(t)
	m.Resolved = testResolution.value()
	view := cluster.View{HasDocument: true, Document: cluster.Document{Name: "astro", Generation: 7}}
	view.Nodes = cluster.Nodes{testNodeOf("astro-frontend", "")}
	for _, w := range workers {
		view.Nodes = append(view.Nodes, testNodeOf(w, "cpu"))
		view.Document.Workers = append(view.Document.Workers, cluster.Member{Name: w})
	}
	if diags := m.observe(t.Context(), view); diags.HasError() {
		t.Fatal(diags)
	}
	return m
}

func testNodeOf(name, group string) cluster.Node {
	n := cluster.Node{ID: "id-" + name, Name: name, ClusterName: "astro", Role: cluster.RoleWorker, Group: group,
		Address: "10.0.0." + name[len(name)-1:], Status: cluster.StatusActive, Image: "i1", Flavor: "f2", Owner: cluster.OwnerTerraform}
	if group == "" {
		n.Role, n.Address, n.Flavor = cluster.RoleFrontEnd, "10.0.0.9", "f1"
	}
	return n
}

// computed is the change from was to m, with testResolution for the cloud's answers.
func computed(t *testing.T, m model, was *model) change {
	t.Helper()
	want := m.decoded(t)
	diags := want.dropScaledCounts(t.Context())
	c, more := newChange(t.Context(), want, was, private{})
	diags.Append(more...)
	if diags.HasError() {
		t.Fatal(diags)
	}
	c.compute(testResolution)
	return c
}

// planned plans m against was as ModifyPlan does, without a cloud.
func planned(t *testing.T, m model, was *model) (model, change) {
	t.Helper()
	c := computed(t, m, was)
	if diags := c.fill(t.Context()); diags.HasError() {
		t.Fatal(diags)
	}
	return c.want.model, c
}

func (m model) with(t *testing.T, count int64, retire ...string) model {
	t.Helper()
	g := testGroup(count)
	if retire != nil {
		g.Retire = stringSetOf(retire)
	}
	m.setGroups(t, map[string]groupModel{"cpu": g})
	return m
}

// Each row: what is there, what is wanted, and what the plan shows.
func TestPlanShowsWhichNodesComeStayAndGo(t *testing.T) {
	for _, row := range []struct {
		name          string
		have          []string // nil: nothing, a create
		count         int64
		retire        []string
		known, opened []string // planned nodes with a known ID, and those to be made
		texts         bool     // hosts_file is known
		generation    bool     // is known
	}{
		{"create", nil, 2, nil, nil, []string{"astro-cpu-1", "astro-cpu-2", "astro-frontend"}, false, false},
		{"nothing to do", []string{"astro-cpu-1", "astro-cpu-2"}, 2, nil,
			[]string{"astro-cpu-1", "astro-cpu-2", "astro-frontend"}, nil, true, true},
		{"grow", []string{"astro-cpu-1", "astro-cpu-2"}, 3, nil,
			[]string{"astro-cpu-1", "astro-cpu-2", "astro-frontend"}, []string{"astro-cpu-3"}, false, false},
		{"grow fills the gap", []string{"astro-cpu-2"}, 2, nil,
			[]string{"astro-cpu-2", "astro-frontend"}, []string{"astro-cpu-1"}, false, false},
		{"shrink by name", []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}, 2, []string{"astro-cpu-1"},
			[]string{"astro-cpu-2", "astro-cpu-3", "astro-frontend"}, nil, true, false},
		{"shrink to none", []string{"astro-cpu-1"}, 0, nil, []string{"astro-frontend"}, nil, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := testModel(t).with(t, row.count, row.retire...)
			var was *model
			if row.have != nil {
				state := existing(t, row.have...)
				was = &state
			}
			got, _ := planned(t, m, was)
			states, _ := nodeStates(got.Nodes)
			var known, opened []string
			for _, name := range sortedNames(states) {
				if states[name].ID.IsUnknown() {
					opened = append(opened, name)
				} else {
					known = append(known, name)
				}
			}
			if !slices.Equal(known, row.known) || !slices.Equal(opened, row.opened) {
				t.Errorf("known %v, to be made %v; want %v, %v", known, opened, row.known, row.opened)
			}
			if k := !got.HostsFile.IsUnknown(); k != row.texts {
				t.Errorf("hosts_file known: %v", k)
			}
			if k := !got.Generation.IsUnknown(); k != row.generation {
				t.Errorf("generation known: %v", k)
			}
		})
	}
}

// A plan without a change holds what the state holds, in every attribute.
func TestPlanWithoutChange(t *testing.T) {
	was := existing(t, "astro-cpu-1", "astro-cpu-2")
	got, c := planned(t, testModel(t).with(t, 2), &was)
	if !got.Nodes.Equal(was.Nodes) || !got.HostsFile.Equal(was.HostsFile) || !got.SSHConfig.Equal(was.SSHConfig) ||
		!got.FrontEndAddress.Equal(was.FrontEndAddress) || !got.Generation.Equal(was.Generation) {
		t.Error("a computed attribute differs")
	}
	if c.redescribed() || c.makes() || laterWarnings(c) != nil {
		t.Error("it counts as a change")
	}
}

func TestPlanOfLostFrontEnd(t *testing.T) {
	was := existing(t, "astro-cpu-1")
	states, _ := nodeStates(was.Nodes)
	delete(states, "astro-frontend")
	was.Nodes = nodesValue(states)
	got, c := planned(t, testModel(t).with(t, 1), &was)
	if !c.makes() || !got.FrontEndAddress.IsUnknown() || !got.SSHConfig.IsUnknown() {
		t.Error("the front-end is not planned anew")
	}
}

func TestPlanOfFloatingIP(t *testing.T) {
	was := existing(t, "astro-cpu-1")
	m := testModel(t).with(t, 1)
	fe := testFrontEnd()
	fe.ExternalNetwork = types.StringValue("public")
	m.setFrontEnd(t, fe)
	got, c := planned(t, m, &was)
	if !got.FrontEndAddress.IsUnknown() || !got.SSHConfig.IsUnknown() {
		t.Error("front_end_address is not left open")
	}
	if laterWarnings(c) != nil {
		t.Error("a floating IP comes at once, so there is nothing to warn of")
	}
}

func TestChangesThatPresentNodesDoNotFollow(t *testing.T) {
	was := existing(t, "astro-cpu-1")
	m := testModel(t)
	fe := testFrontEnd()
	fe.Flavor = types.StringValue("c1.large")
	m.setFrontEnd(t, fe)
	g := testGroup(1)
	g.CloudConfig = types.StringValue("#cloud-config\n")
	m.setGroups(t, map[string]groupModel{"cpu": g})
	got, c := planned(t, m, &was)
	if !got.Nodes.Equal(was.Nodes) || !got.Generation.IsUnknown() {
		t.Error("nodes must stay, and the document must change")
	}
	diags := laterWarnings(c)
	if len(diags) != 2 || diags.HasError() {
		t.Fatalf("diagnostics: %v", diags)
	}
	if !strings.Contains(diags[1].Detail(), "astro-cpu-1") {
		t.Errorf("the warning does not name the workers that stay: %s", diags[1].Detail())
	}
}

func TestReferencesNameTheirPlace(t *testing.T) {
	m := testModel(t)
	g := testGroup(1)
	g.Image = types.StringValue("debian-gpu")
	g.Network = types.StringUnknown()
	m.setGroups(t, map[string]groupModel{"gpu": g})
	refs, known := m.decoded(t).references()
	if known {
		t.Error("an unknown network counts as known")
	}
	at := map[string]path.Path{}
	for _, r := range refs {
		at[r.key()] = r.path
	}
	for key, want := range map[string]path.Path{
		"image/debian":           path.Root("image"),
		"image/debian-gpu":       path.Root("workers").AtMapKey("gpu").AtName("image"),
		"flavor/m1.medium":       path.Root("front_end").AtName("flavor"),
		"key_pair/ops":           path.Root("key_pair"),
		"security_group/default": path.Root("security_groups").AtSetValue(types.StringValue("default")),
	} {
		if !at[key].Equal(want) {
			t.Errorf("%s stands at %s, want %s", key, at[key], want)
		}
	}
}

// What is known during the apply only may change all that follows from it, and
// Terraform refuses a promise that is taken back.
func TestUnknownsAreNotPromised(t *testing.T) {
	for _, row := range []struct {
		name                string
		change              func(*model)
		generation, address bool // known
		nodes               bool
	}{
		{"nothing", func(*model) {}, true, true, true},
		{"a group's cloud_config", func(m *model) {
			g := testGroup(1)
			g.CloudConfig = types.StringUnknown()
			m.setGroups(t, map[string]groupModel{"cpu": g})
		}, false, true, true},
		{"a file of the front-end", func(m *model) {
			fe := testFrontEnd()
			fe.Files = types.MapUnknown(types.StringType)
			m.setFrontEnd(t, fe)
		}, false, true, true},
		{"the external network", func(m *model) {
			fe := testFrontEnd()
			fe.ExternalNetwork = types.StringUnknown()
			m.setFrontEnd(t, fe)
		}, false, false, true},
		{"one name in retire", func(m *model) {
			g := testGroup(1)
			g.Retire = types.SetValueMust(types.StringType, []attr.Value{types.StringUnknown()})
			m.setGroups(t, map[string]groupModel{"cpu": g})
		}, false, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			was, m := existing(t, "astro-cpu-1"), testModel(t).with(t, 1)
			row.change(&m)
			r := &clusterResource{session: NewSession(noCloud{})}
			m, diags := r.plan(t.Context(), m, &was, private{})
			if diags.HasError() {
				t.Fatal(diags)
			}
			if k := !m.Generation.IsUnknown(); k != row.generation {
				t.Errorf("generation known: %v", k)
			}
			if k := !m.FrontEndAddress.IsUnknown(); k != row.address {
				t.Errorf("front_end_address known: %v", k)
			}
			if k := !m.Nodes.IsUnknown(); k != row.nodes {
				t.Errorf("nodes known: %v", k)
			}
		})
	}
}
