package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// New nodes install the batch system's packages, beside those that the user asks for.
// A change of that holds for nodes to come, and makes none anew.
func TestAccClusterInstalls(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(count int, install string) string {
		return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d, cloud_config = "#cloud-config\npackages: [htop]\n" }`, count),
			`batch_system = { type = "htcondor"`+install+` }`))
	}
	installed := tfjsonpath.New("batch_system").AtMapKey("install")
	users := map[string]bool{"astro-cpu-1": true, "astro-cpu-2": true}
	check := func(want map[string]bool) resource.TestCheckFunc {
		return func(*terraform.State) error {
			for name, ours := range want {
				server, _ := s.cloud.Server(name)
				text, err := cloudinit.Text(server.UserData)
				if err != nil {
					return err
				}
				if strings.Contains(text, "\npackage_update: true\npackages:\n- condor\n") != ours || strings.Contains(text, "\npackages: [htop]\n") != users[name] {
					return fmt.Errorf("the user data of %s:\n%s", name, text)
				}
			}
			return nil
		}
	}
	s.run(t,
		resource.TestStep{
			Config:            body(1, ", install = true"),
			ConfigPlanChecks:  planned1(plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{inState(installed, knownvalue.Bool(true))},
			Check:             check(map[string]bool{"astro-frontend": true, "astro-cpu-1": true}),
		},
		resource.TestStep{
			ResourceName: clusterAddress, Config: body(1, ", install = true"), ImportState: true, ImportStateId: "astro", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"image", "network", "front_end", "workers", "resolved", "timeouts"},
		},
		resource.TestStep{
			Config:            body(2, ""),
			ConfigPlanChecks:  planned1(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{inState(installed, knownvalue.Bool(false))},
			Check:             check(map[string]bool{"astro-frontend": true, "astro-cpu-1": true, "astro-cpu-2": false}),
		},
		resource.TestStep{
			Config:           body(2, ", install = true"),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            check(map[string]bool{"astro-cpu-2": false}),
		},
	)
}
