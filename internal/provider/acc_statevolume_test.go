package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// The state volume comes with the front-end's create call, goes over to the next
// front-end, and outlives the cluster.
func TestAccClusterStateVolume(t *testing.T) {
	s := newStage(t, openstacktest.Options{BlockStorage: true, DetachDelay: 500 * time.Millisecond}, guest.Options{})
	volume := s.cloud.AddVolume("state", false)
	body := func(image string) string {
		return s.config(strings.Replace(basic(`cpu = { flavor = "m1.small", count = 1 }`, `batch_system = { type = "htcondor", state_volume = "state" }`),
			`"m1.medium" }`, `"m1.medium", image = "`+image+`", replace_on_change = true }`, 1))
	}
	var first string
	has := func(*terraform.State) error {
		fe, _ := s.cloud.Server("astro-frontend")
		for _, v := range s.cloud.Volumes() {
			if v.ID != volume || v.Server != fe.ID || v.Status != "in-use" {
				return fmt.Errorf("volume %+v, front-end %s", v, fe.ID)
			}
		}
		if first == fe.ID {
			return fmt.Errorf("the front-end is server %s still", fe.ID)
		}
		first = fe.ID
		if text, err := cloudinit.Text(fe.UserData); err != nil || !strings.Contains(text, "vmcluster-node") {
			return fmt.Errorf("user data of %s: %d bytes", fe.ID, len(fe.UserData))
		}
		return nil
	}
	s.run(t,
		resource.TestStep{
			Config:            body("debian-13-hpc"),
			ConfigStateChecks: []statecheck.StateCheck{inState(tfjsonpath.New("resolved").AtMapKey("volume/state"), knownvalue.StringExact(volume))},
			Check:             has,
		},
		resource.TestStep{
			Config:           body("tiny"),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            has,
		},
		resource.TestStep{
			Config: body("tiny"), ResourceName: clusterAddress, ImportState: true, ImportStateId: "astro", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"image", "network", "front_end", "workers", "resolved", "timeouts", "batch_system.state_volume"},
			ImportStateCheck: func(states []*terraform.InstanceState) error {
				if got := states[0].Attributes["batch_system.state_volume"]; got != volume {
					return fmt.Errorf("imported state volume %q", got)
				}
				return nil
			},
		},
	)
	s.expectWarning(t, `AttributeName("front_end")`, "The front-end is made anew", "Jobs that wait stay in the queue", "Jobs that run go on")
	if got := s.cloud.Volumes(); len(got) != 1 || got[0].ID != volume || got[0].Server != "" {
		t.Errorf("volumes after the cluster: %+v", got)
	}
}
