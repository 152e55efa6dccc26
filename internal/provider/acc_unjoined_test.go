package provider

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// inVain is the time of an update that waits for a report that never comes: a test waits
// it out, and a slow machine must do all else of the update in it.
const inVain = "20s"

// age makes every server older than any time to join.
func (s *stage) age() {
	for _, id := range s.servers() {
		s.cloud.Age(id, 2*time.Hour)
	}
}

// A worker that never joins: the apply warns, a refresh calls it so once its time
// is over, the plan names it, and the next apply makes it anew in its place.
func TestAccWorkerNeverJoins(t *testing.T) {
	var s *stage
	var deaf atomic.Value // ID of the server that can't be joined; "any" is all of astro-cpu-2's
	deaf.Store("")
	s = newStage(t, openstacktest.Options{}, guest.Options{Joins: func(worker string) bool {
		id := deaf.Load().(string)
		if worker != "astro-cpu-2" || id == "" {
			return true
		}
		server, _ := s.cloud.Server(worker)
		return id != "any" && server.ID != id
	}})
	config := func(count int, update string) string {
		return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, count), fmt.Sprintf(`timeouts = { update = %q }`, update)))
	}
	before := map[string]string{}
	anew := func(*terraform.State) error {
		now := s.servers()
		if now["astro-cpu-2"] == before["astro-cpu-2"] || now["astro-cpu-1"] != before["astro-cpu-1"] || now["astro-frontend"] != before["astro-frontend"] || len(now) != 3 {
			return fmt.Errorf("servers were %v, are %v", before, now)
		}
		return s.joined("astro-cpu-1", "astro-cpu-2")
	}
	s.run(t,
		resource.TestStep{Config: config(1, inVain)},
		resource.TestStep{ // its time is not over
			PreConfig: func() { deaf.Store("any") },
			Config:    config(2, inVain),
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, "astro-cpu-2", "NOT_JOINED")
				before = s.servers()
				s.age()
			},
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.TestCheckResourceAttr(clusterAddress, "nodes.astro-cpu-2.status", string(cluster.StatusNotJoined)),
		},
		resource.TestStep{
			PreConfig: func() { deaf.Store(before["astro-cpu-2"]) },
			Config:    config(2, "10m"),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-cpu-2"),
				plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-1").AtMapKey("id"), knownvalue.NotNull())),
			ConfigStateChecks: []statecheck.StateCheck{inState(node("astro-cpu-2"), active)},
			Check:             anew,
		},
	)
}

// A worker that has joined and misses the newest generation may run jobs: it is
// pending, and no run touches it.
func TestAccWorkerMissesAGeneration(t *testing.T) {
	var deaf atomic.Bool
	s := newStage(t, openstacktest.Options{}, guest.Options{Misses: func(worker string) bool { return worker == "astro-cpu-1" && deaf.Load() }})
	config := func(count int) string {
		return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, count), fmt.Sprintf(`timeouts = { update = %q }`, inVain)))
	}
	before := map[string]string{}
	s.run(t,
		resource.TestStep{Config: config(1)},
		resource.TestStep{PreConfig: func() { deaf.Store(true) }, Config: config(2)},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, "astro-cpu-1", "delete its server")
				before = s.servers()
				s.age()
			},
			Config:            config(2),
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{inState(node("astro-cpu-1"), active)},
			Check: func(*terraform.State) error {
				if now := s.servers(); now["astro-cpu-1"] != before["astro-cpu-1"] || !slices.Contains(s.guests.Joined(), "astro-cpu-1") {
					return fmt.Errorf("servers were %v, are %v", before, now)
				}
				return nil
			},
		},
	)
}
