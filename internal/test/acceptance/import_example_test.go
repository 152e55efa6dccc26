//go:build acceptance

package acceptance

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// TestReadByOthers reads a cluster by the data source and imports it into another
// configuration's state: both have the attributes of the resource.
func TestReadByOthers(t *testing.T) {
	b := newBench(t, "vmcluster-acc-read")
	portsBefore := b.ports(t)
	b.want(t, 2)
	data := fmt.Sprintf("\ndata \"vmcluster_cluster\" \"test\" {\n  name       = %q\n  depends_on = [vmcluster_cluster.test]\n}\n", b.name)
	if err := b.cli.Write("data.tf", data); err != nil {
		t.Fatal(err)
	}
	b.apply(t)
	resource := b.attributes(t, b.cli, "vmcluster_cluster.test")
	source := b.attributes(t, b.cli, "data.vmcluster_cluster.test")
	expectSame(t, "the data source", resource, source, "id", "nodes", "front_end_address", "hosts_file", "ssh_config", "generation")

	other := b.elsewhere(t)
	if _, err := other.Run(t.Context(), "import", "-no-color", "vmcluster_cluster.test", b.name); err != nil {
		t.Fatal(err)
	}
	imported := b.attributes(t, other, "vmcluster_cluster.test")
	expectSame(t, "the import", resource, imported, "id", "name", "nodes", "front_end_address", "hosts_file", "generation",
		"login_user", "login_uid", "batch_system")
	groups, err := b.cloud.ResolveSecurityGroups(t.Context(), []string{b.env[cloudenv.SecurityGroup]})
	if err != nil {
		t.Fatal(err)
	}
	if want := []any{groups[0].ID}; !reflect.DeepEqual(imported["security_groups"], want) {
		t.Errorf("the import says of security_groups: %v, want their IDs %v", imported["security_groups"], want)
	}
	text, _, err := other.Plan(t.Context())
	if err != nil || !strings.Contains(text, "0 to add, 1 to change, 0 to destroy") {
		t.Errorf("the plan after the import is to change the resource alone, IDs to names: %v\n%s", err, text)
	}
	id, _ := resource["id"].(string)
	if _, err := b.cli.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expectNothing(t, id, portsBefore)
}

func (b *bench) attributes(t *testing.T, cli *tfcli.CLI, address string) map[string]any {
	t.Helper()
	out, err := cli.Attributes(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// elsewhere is another working directory with the same configuration.
func (b *bench) elsewhere(t *testing.T) *tfcli.CLI {
	t.Helper()
	cli, err := tfcli.New(b.cli.Path, t.TempDir(), "../../../bin")
	if err != nil {
		t.Fatal(err)
	}
	b.copyConfiguration(t, cli)
	return cli
}

func (b *bench) copyConfiguration(t *testing.T, to *tfcli.CLI) {
	t.Helper()
	raw, err := os.ReadFile(b.cli.Dir + "/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Write("main.tf", string(raw)); err != nil {
		t.Fatal(err)
	}
}

func expectSame(t *testing.T, what string, want, got map[string]any, attributes ...string) {
	t.Helper()
	for _, a := range attributes {
		if want[a] == nil || !reflect.DeepEqual(want[a], got[a]) {
			t.Errorf("%s says of %s: %v, the resource says %v", what, a, got[a], want[a])
		}
	}
}

// TestExample applies examples/htcondor with variables of the test. A file beside it
// sets wait_for, because nothing boots.
func TestExample(t *testing.T) {
	b := newBench(t, "vmcluster-acc-example")
	portsBefore := b.ports(t)
	if err := os.CopyFS(b.cli.Dir, os.DirFS("../../../examples/htcondor")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"test_override.tf": "resource \"vmcluster_cluster\" \"this\" {\n  wait_for = \"active\"\n}\n",
		"terraform.tfvars": fmt.Sprintf("name = %q\nimage = %q\nflavor = %q\nnetwork = %q\nexternal_network = %q\nsecurity_groups = [%q]\n",
			b.name, b.env[cloudenv.Image], b.env[cloudenv.Flavor], b.env[cloudenv.Network], b.env[cloudenv.ExternalNetwork], b.env[cloudenv.SecurityGroup]),
	} {
		if err := b.cli.Write(name, text); err != nil {
			t.Fatal(err)
		}
	}
	b.apply(t)
	nodes := b.expectServers(t, 2)
	b.expectNoDifference(t)
	if _, err := b.cli.Apply(t.Context(), "-var", "scaling={ min = 1, max = 4 }"); err != nil {
		t.Fatal(err)
	}
	for _, n := range b.expectServers(t, 2) {
		if was, ok := nodes.ByName(n.Name); !ok || was.ID != n.ID {
			t.Errorf("%s was touched when the number went to the scaler", n.Name)
		}
	}
	if _, err := b.cli.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expectNothing(t, nodes[0].ClusterID, portsBefore)
}
