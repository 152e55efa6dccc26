package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// An apply that does not wait for workers to join has a document without the front-end's
// host CA. A growth needs the CA's key only.
func TestAccLastWorkerGrowsWithoutWaiting(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(n int) string {
		workers := fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, n)
		return s.config(basic(workers, `coordinator = "last_worker"`, `wait_for = "active"`))
	}
	s.run(t,
		resource.TestStep{
			Config: body(1),
			Check:  func(*terraform.State) error { return s.joined("astro-cpu-1") },
		},
		resource.TestStep{
			Config:           body(2),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            func(*terraform.State) error { return s.joined("astro-cpu-1", "astro-cpu-2") },
		},
	)
}

// A cloud without a metadata service: the last new worker brings the roster, the
// front-end reports on its console, and a removal reaches it with the next growth.
func TestAccLastWorker(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(workers, more string) string {
		return s.config(basic(workers, `batch_system = { type = "htcondor" }`, `coordinator = "last_worker"`, more))
	}
	count := func(n int) string { return fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, n) }
	s.run(t,
		resource.TestStep{
			Config:      body(`cpu = { flavor = "m1.small", scaling = { min = 0, max = 3 } }`, ""),
			ExpectError: regexp.MustCompile(`(?s)Not with last_worker.*scaler`),
		},
		resource.TestStep{
			Config:      body(count(1), `replacement = { strategy = "rolling" }`),
			ExpectError: regexp.MustCompile(`(?s)Not with last_worker.*drain`),
		},
		resource.TestStep{
			Config:           body(count(1), ""),
			ConfigPlanChecks: planned1(plancheck.ResourceActionCreate),
			Check:            func(*terraform.State) error { return s.joined("astro-cpu-1") },
		},
		resource.TestStep{
			Config:           body(count(3), ""),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check: func(*terraform.State) error {
				for _, server := range s.cloud.Servers() {
					if !server.ConfigDrive {
						return fmt.Errorf("%s has no config drive", server.Name)
					}
				}
				return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
			},
		},
		resource.TestStep{
			PreConfig: s.heard.reset, Config: body(count(2), ""),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
		},
		resource.TestStep{
			PreConfig: func() { s.expectWarning(t, `AttributeName("front_end")`, "learns of astro-cpu-3 with the next worker") },
			Config:    body(count(2), "ssh_ca_private_key_wo_version = 1"), ExpectError: regexp.MustCompile(`Nothing brings the new CA`),
		},
		resource.TestStep{
			Config:           body(count(3), "ssh_ca_private_key_wo_version = 1"),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            func(*terraform.State) error { return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3") },
		},
		resource.TestStep{ // a new front-end, by the new CA
			PreConfig: func() { s.remove(t, "astro-frontend") }, Config: body(count(3), "ssh_ca_private_key_wo_version = 1"),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            func(*terraform.State) error { return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3") },
		},
	)
}
