package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstacktest/guest"
)

// later is a value that a plan does not know yet.
func later(value string) string {
	return "\nresource \"terraform_data\" \"later\" {\n  input = " + value + "\n}\n"
}

// What another resource decides is known during the apply only; the plan tells
// as much as can be told.
func TestAccClusterOfUnknowns(t *testing.T) {
	body := basic(`cpu = { flavor = "m1.small", count = 1 }`)
	for _, row := range []struct {
		name   string
		config func(s *stage) string
		checks []plancheck.PlanCheck
	}{
		{"image", func(s *stage) string {
			return s.config(strings.Replace(body, `"debian-13-hpc"`, "terraform_data.later.output", 1)) + later(`"debian-13-hpc"`)
		}, []plancheck.PlanCheck{
			plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("resolved")),
			plancheck.ExpectUnknownValue(clusterAddress, node("astro-cpu-1").AtMapKey("image")),
			plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-1").AtMapKey("group"), knownvalue.StringExact("cpu")),
		}},
		{"count", func(s *stage) string {
			return s.config(strings.Replace(body, "count = 1", "count = terraform_data.later.output", 1)) + later("1")
		}, []plancheck.PlanCheck{plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("nodes"))}},
		{"groups", func(s *stage) string {
			return s.config(strings.Replace(body, `{ cpu = { flavor = "m1.small", count = 1 } }`, "terraform_data.later.output", 1)) +
				later(`{ cpu = { flavor = "m1.small", count = 1 } }`)
		}, []plancheck.PlanCheck{plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("nodes"))}},
		{"cloud", func(s *stage) string {
			url := `"` + s.cloud.AuthURL() + `"`
			return strings.Replace(s.config(body), url, "terraform_data.later.output", 1) + later(url)
		}, []plancheck.PlanCheck{
			plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("resolved")),
			plancheck.ExpectUnknownValue(clusterAddress, node("astro-cpu-1").AtMapKey("id")),
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, openstacktest.Options{}, guest.Options{})
			s.run(t, resource.TestStep{
				Config:            row.config(s),
				ConfigPlanChecks:  planned1(plancheck.ResourceActionCreate, row.checks...),
				ConfigStateChecks: []statecheck.StateCheck{inState(node("astro-cpu-1"), active)},
			})
		})
	}
}
