package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// A create was killed on a CI runner that is gone: no other run has that runner's
// fingerprint. The error names the one command that deletes what it left, and the
// command does so.
func TestWhatAGoneRunnerLeft(t *testing.T) {
	cloud := startCloud(t)
	guests := guest.New(cloud, guest.Options{})
	guests.Start()
	t.Cleanup(guests.Close)
	const gone = "a runner that is gone"
	for _, name := range []string{"astro-cpu-1", "astro-cpu-2"} {
		_, err := clientOf(t, cloud).CreateNode(t.Context(), cluster.NodeRequest{
			Name: name, ClusterID: nebulaID, ClusterName: "astro", Role: cluster.RoleWorker, Group: "cpu",
			Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID,
			Metadata: map[string]string{cluster.MetaOwner: cluster.OwnerTerraform, cluster.MetaCreatedBy: gone},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w := newWire(t, cloud)
	config := w.clusterConfig(nil)

	diags := w.planErrors(config)
	const variable = "VMCLUSTER_DELETE_UNFINISHED"
	if len(diags) != 1 || diags[0].Attribute.String() != `AttributeName("name")` ||
		!strings.Contains(diags[0].Detail, "\n  "+variable+"="+nebulaID+" terraform apply") {
		t.Fatalf("the plan says %v, want the command that deletes what is left", diags)
	}

	t.Setenv(variable, astroID) // the ID of some other cluster
	if diags := w.planErrors(config); len(diags) != 1 {
		t.Errorf("with another cluster's ID the plan says %v", diags)
	}

	t.Setenv(variable, nebulaID)
	w.apply(config, applied{})
	servers := cloud.Servers()
	for _, s := range servers {
		if s.Metadata[cluster.MetaCreatedBy] == gone {
			t.Errorf("%s of the interrupted create is still there", s.Name)
		}
	}
	if len(servers) != 2 {
		t.Errorf("%d servers, want a front-end and a worker", len(servers))
	}
}

// planErrors plans a create and returns the errors.
func (w *wire) planErrors(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	w.t.Helper()
	null, err := tfprotov6.NewDynamicValue(w.resourceType(), tftypes.NewValue(w.resourceType(), nil))
	if err != nil {
		w.t.Fatal(err)
	}
	plan, err := w.server.PlanResourceChange(w.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: "vmcluster_cluster", PriorState: &null, ProposedNewState: w.proposed(config, &null), Config: config,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var errors []*tfprotov6.Diagnostic
	for _, d := range plan.Diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errors = append(errors, d)
		}
	}
	return errors
}
