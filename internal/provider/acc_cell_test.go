package provider

import (
	"fmt"
	"maps"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Servers in a cell that is down are in no list, and are not gone: neither a plan
// nor an apply nor a destroy goes on without them, and nothing is lost.
func TestAccClusterCellDown(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(count int) string {
		return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, count), `batch_system = { type = "htcondor" }`))
	}
	before := map[string]string{}
	down := func(names ...string) func() {
		return func() {
			s.heard.reset()
			if len(before) == 0 {
				maps.Copy(before, s.servers())
			}
			if now := s.servers(); !maps.Equal(now, before) {
				t.Errorf("the servers were %v, are %v", before, now)
			}
			s.cloud.CellDown(names...)
		}
	}
	refused := func(node string) *regexp.Regexp {
		return regexp.MustCompile(`(?s)does not\s+show\s+all\s+servers.*` + node)
	}
	unchanged := resource.TestStep{
		PreConfig:        down(),
		Config:           body(3),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		Check:            func(*terraform.State) error { return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3") },
	}
	s.run(t,
		resource.TestStep{Config: body(3)},
		resource.TestStep{PreConfig: down("astro-cpu-1", "astro-cpu-3"), Config: body(3), PlanOnly: true, ExpectError: refused("astro-cpu-1.*astro-cpu-3")},
		resource.TestStep{Config: body(2), ExpectError: refused("astro-cpu-1")},
		resource.TestStep{Config: body(3), Destroy: true, ExpectError: refused("astro-cpu-1")},
		unchanged,
		resource.TestStep{PreConfig: down("astro-frontend"), Config: body(3), ExpectError: refused("astro-frontend")},
		resource.TestStep{Config: body(3), Destroy: true, ExpectError: refused("astro-frontend")},
		unchanged,
		resource.TestStep{ // the whole cluster
			PreConfig: down("astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3"), Config: body(3), ExpectError: refused("astro-cpu-2"),
		},
		unchanged,
	)
}
