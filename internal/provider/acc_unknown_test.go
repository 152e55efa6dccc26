package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// later is a value that a plan does not know yet.
func later(value string) string {
	return "\nresource \"terraform_data\" \"later\" {\n  input = " + value + "\n}\n"
}

// What another resource decides is known during the apply only; the plan shows
// as much as can be known.
func TestAccClusterOfUnknowns(t *testing.T) {
	t.Parallel() // its rows run beside other tests
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
			comes("astro-cpu-1"), plannedWorkers("cpu", "astro-cpu-1"),
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
			comes("astro-cpu-1"),
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

// Each row: a change of a cluster, of which a part is known during the apply only.
// Each node that it may make anew is open in the plan, or Terraform would refuse what
// the apply then plans; the test names the nodes with other servers afterwards.
func TestAccClusterOfUnknownReplacements(t *testing.T) {
	t.Parallel() // its rows run beside other tests
	const body = `cpu = { flavor = "m1.small", count = 1 }`
	frontEnd := func(more string) string {
		return strings.Replace(basic(body), `"m1.medium" }`, `"m1.medium", `+more+` }`, 1)
	}
	tiny := `cpu = { flavor = "m1.small", count = 1, image = "tiny" }`
	for _, row := range []struct {
		name, wanted, value string
		anew                []string
	}{
		{"the strategy turns out to be rolling", basic(tiny, `replacement = { strategy = terraform_data.later.output }`), `"rolling"`, []string{"astro-cpu-1"}},
		{"the strategy turns out to be another", basic(tiny, `replacement = { strategy = terraform_data.later.output }`), `"new_nodes_only"`, nil},
		{"the replacement", basic(tiny, `replacement = terraform_data.later.output`), `{ strategy = "rolling" }`, []string{"astro-cpu-1"}},
		{"replace_on_change turns out to be true", frontEnd(`image = "tiny", replace_on_change = terraform_data.later.output`), "true", []string{"astro-frontend"}},
		{"replace_on_change turns out to be false", frontEnd(`image = "tiny", replace_on_change = terraform_data.later.output`), "false", nil},
		{"a front-end's image", frontEnd(`image = terraform_data.later.output, replace_on_change = true`), `"tiny"`, []string{"astro-frontend"}},
		{"a front-end's image turns out to be the same", frontEnd(`image = terraform_data.later.output, replace_on_change = true`), `"debian-13-hpc"`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, openstacktest.Options{}, guest.Options{})
			var before map[string]string
			s.run(t,
				resource.TestStep{Config: s.config(basic(body))},
				resource.TestStep{
					PreConfig:        func() { before = s.servers() },
					Config:           s.config(row.wanted) + later(row.value),
					ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
					Check: func(*terraform.State) error {
						var anew []string
						for name, id := range s.servers() {
							if before[name] != id {
								anew = append(anew, name)
							}
						}
						return expect(anew, row.anew)
					},
				},
			)
		})
	}
}
