package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// The data source shows of a cluster what the resource shows.
func TestAccDataSource(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(strings.Replace(basic(`cpu = { flavor = "m1.small", count = 2 }`, `batch_system = { type = "htcondor" }`),
		`"m1.medium" }`, `"m1.medium", external_network = "public" }`, 1))
	byName := "\ndata \"vmcluster_cluster\" \"by_name\" {\n  name = vmcluster_cluster.test.name\n  depends_on = [vmcluster_cluster.test]\n}\n"
	byID := "\ndata \"vmcluster_cluster\" \"by_id\" {\n  id = vmcluster_cluster.test.id\n}\n"
	var checks []statecheck.StateCheck
	for _, source := range []string{"data.vmcluster_cluster.by_name", "data.vmcluster_cluster.by_id"} {
		for _, attribute := range []string{"id", "name", "login_user", "front_end_address", "generation", "nodes", "hosts_file", "ssh_config"} {
			checks = append(checks, statecheck.CompareValuePairs(clusterAddress, tfjsonpath.New(attribute), source, tfjsonpath.New(attribute), compare.ValuesSame()))
		}
		checks = append(checks,
			statecheck.ExpectKnownValue(source, tfjsonpath.New("batch_system"), knownvalue.StringExact("htcondor")),
			statecheck.ExpectKnownValue(source, tfjsonpath.New("groups").AtMapKey("cpu").AtMapKey("count"), knownvalue.Int64Exact(2)))
	}
	s.run(t,
		resource.TestStep{Config: config + byName + byID, ConfigStateChecks: checks, ConfigPlanChecks: planned1(plancheck.ResourceActionCreate)},
		resource.TestStep{
			Config:      config + "\ndata \"vmcluster_cluster\" \"other\" {\n  name = \"nebula\"\n}\n",
			ExpectError: regexp.MustCompile(`No such cluster`),
		},
	)
}

// Functions need no cloud, and take the resource's values as they are.
func TestAccFunctions(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	s.run(t, resource.TestStep{
		Config: s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`)) + `
output "hosts" {
  value = provider::vmcluster::hosts_file(merge(vmcluster_cluster.test.nodes, { storage = { address = "10.76.0.3" } }))
}

locals {
  user_data = provider::vmcluster::user_data({
    name         = "astro"
    group        = "cpu"
    batch_system = "htcondor"
    cloud_config = "#cloud-config\npackages: [htop]\n"
    files        = { "/etc/motd" = "Hello.\n" }
  })
}

output "fits" {
  value = local.user_data.size < local.user_data.limit && strcontains(local.user_data.content, "packages: [htop]")
}
`,
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownOutputValue("fits", knownvalue.Bool(true)),
			statecheck.ExpectKnownOutputValue("hosts", knownvalue.StringRegexp(
				regexp.MustCompile(`\A10\.76\.\S+\tastro-frontend\n10\.76\.\S+\tastro-cpu-1\n10\.76\.0\.3\tstorage\n\z`))),
		},
		ConfigPlanChecks: planned1(plancheck.ResourceActionCreate),
	})
}

// Another name in the configuration is no other cluster.
func TestAccClusterMoved(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`))
	moved := strings.Replace(config, `"vmcluster_cluster" "test"`, `"vmcluster_cluster" "renamed"`, 1) +
		"\nmoved {\n  from = vmcluster_cluster.test\n  to   = vmcluster_cluster.renamed\n}\n"
	same := statecheck.CompareValue(compare.ValuesSame())
	s.run(t,
		resource.TestStep{Config: config, ConfigStateChecks: []statecheck.StateCheck{
			same.AddStateValue(clusterAddress, tfjsonpath.New("nodes"))}},
		resource.TestStep{
			Config: moved,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction("vmcluster_cluster.renamed", plancheck.ResourceActionNoop)}},
			ConfigStateChecks: []statecheck.StateCheck{
				same.AddStateValue("vmcluster_cluster.renamed", tfjsonpath.New("nodes"))},
		},
	)
}

// byID is basic with IDs for names, as an import writes them.
func byID(workers string) string {
	ids := strings.NewReplacer(
		`"debian-13-hpc"`, `"`+openstacktest.DefaultImages()[1].ID+`"`, `"private"`, `"`+openstacktest.DefaultNetworks()[0].ID+`"`,
		`"public"`, `"`+openstacktest.DefaultNetworks()[1].ID+`"`, `"m1.medium"`, `"5"`, `"m1.small"`, `"4"`)
	return ids.Replace(basic(workers))
}

// From 1.12 on the identity is kept, and imports by it. The other tests show, on
// 1.11, that nothing depends on its being kept.
func TestAccClusterIdentity(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	floating := func(body string) string {
		return strings.Replace(body, `{ flavor = "5" }`, `{ flavor = "5", external_network = "`+openstacktest.DefaultNetworks()[1].ID+`" }`, 1)
	}
	config := s.config(floating(byID(`cpu = { flavor = "m1.small", count = 1 }`)))
	grown := s.config(floating(byID(`cpu = { flavor = "m1.small", count = 2 }`)))
	identity := []statecheck.StateCheck{statecheck.ExpectIdentityValueMatchesState(clusterAddress, tfjsonpath.New("id"))}
	s.runWith(t, []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		resource.TestStep{Config: config, ConfigStateChecks: identity},
		resource.TestStep{Config: grown, ConfigStateChecks: identity},
		resource.TestStep{
			// The plan after the import has to be empty: what was imported is whole.
			ResourceName: clusterAddress, Config: grown, ImportState: true,
			ImportStateKind: resource.ImportBlockWithResourceIdentity,
		},
	)
}
