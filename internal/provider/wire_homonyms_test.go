package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Group x-cpu of cluster astro and group cpu of cluster astro-x have workers of the same
// names. Each row: which of them is there, which is planned, and whether that is refused.
func TestWorkersOfTwoClustersWithOneName(t *testing.T) {
	for _, row := range []struct {
		name, there, group, planned string
		refused                     bool
	}{
		{"the same names", "astro", "x-cpu", "astro-x", true},
		{"another group", "astro", "x-gpu", "astro-x", false},
		{"another cluster", "astro", "x-cpu", "astro-y", false},
		{"no hyphen", "astro-x", "cpu", "nebula", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			cloud := startCloud(t)
			_, err := clientOf(t, cloud).CreateNode(t.Context(), cluster.NodeRequest{
				Name: cluster.WorkerName(row.there, row.group, 4), ClusterID: nebulaID, ClusterName: row.there, Role: cluster.RoleWorker, Group: row.group,
				Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID,
			})
			if err != nil {
				t.Fatal(err)
			}
			w := newWire(t, cloud)
			diags := w.planErrors(w.clusterConfig(map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, row.planned)}))
			if !row.refused {
				if len(diags) > 0 {
					t.Errorf("refused: %s", diags[0].Detail)
				}
				return
			}
			if len(diags) != 1 || !strings.Contains(diags[0].Detail, `roup "x-cpu" of cluster "astro" has workers of the same names, such as astro-x-cpu-1`) {
				t.Errorf("the plan says %v", diags)
			}
		})
	}
}

// A cluster that has no worker yet can get them: its document has the group.
func TestWorkersThatAnotherClusterCanGet(t *testing.T) {
	cloud := startCloud(t)
	makeCluster(t, cloud, nebulaID, "astro-x", 0)
	w := newWire(t, cloud)
	types := w.resourceType().(tftypes.Object).AttributeTypes
	var groups map[string]tftypes.Value
	if err := w.read(w.clusterConfig(nil), w.resourceType())["workers"].As(&groups); err != nil {
		t.Fatal(err)
	}
	config := func(group string) map[string]tftypes.Value {
		return map[string]tftypes.Value{"workers": tftypes.NewValue(types["workers"], map[string]tftypes.Value{group: groups["cpu"]})}
	}
	if diags := w.planErrors(w.clusterConfig(config("x-cpu"))); len(diags) != 1 || !strings.Contains(diags[0].Detail, `cluster "astro-x"`) {
		t.Errorf("the plan says %v", diags)
	}
	if diags := w.planErrors(w.clusterConfig(config("x-gpu"))); len(diags) > 0 {
		t.Errorf("refused: %s", diags[0].Detail)
	}
}

// Two resources of one configuration: neither cluster is there yet.
func TestTwoPlansWithOneName(t *testing.T) {
	cloud := startCloud(t)
	w := newWire(t, cloud)
	types := w.resourceType().(tftypes.Object).AttributeTypes
	var groups map[string]tftypes.Value
	if err := w.read(w.clusterConfig(nil), w.resourceType())["workers"].As(&groups); err != nil {
		t.Fatal(err)
	}
	first := w.clusterConfig(map[string]tftypes.Value{"workers": tftypes.NewValue(types["workers"], map[string]tftypes.Value{"x-cpu": groups["cpu"]})})
	second := w.clusterConfig(map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, "astro-x")})
	if diags := w.planErrors(first); len(diags) > 0 {
		t.Fatal(diags[0].Detail)
	}
	if diags := w.planErrors(second); len(diags) != 1 || !strings.Contains(diags[0].Detail, `such as astro-x-cpu-1`) {
		t.Errorf("the plan says %v", diags)
	}
	if diags := w.planErrors(first); len(diags) != 1 { // planned again, as an apply does
		t.Errorf("the plan says %v", diags)
	}
}
