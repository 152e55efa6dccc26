package provider

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// A new image with a rolling replacement: the plan names the replaced workers, no more
// than max_unavailable are away at a time, each is drained first, the front-end
// stays, and then there is no difference.
func TestAccClusterRollingReplacement(t *testing.T) {
	const workers, unavailable = 4, 2
	watch := &fewest{least: workers}
	s := newStage(t, openstacktest.Options{OnCall: watch.see}, guest.Options{})
	watch.stage = s
	body := func(image, more string) string {
		return s.config(strings.Replace(basic(`cpu = { flavor = "m1.small", count = 4, image = "`+image+`" }`,
			`batch_system = { type = "htcondor" }`, more), "\n\n", "\n", 1))
	}
	rolling := `replacement = { strategy = "rolling", max_unavailable = 2 }`
	var before []string
	s.run(t,
		resource.TestStep{Config: body("debian-13-hpc", "")},
		resource.TestStep{ // without the strategy no worker is touched
			PreConfig:        func() { before = ids(s.cloud) },
			Config:           body("tiny", ""),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            s.same(&before),
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, "Present workers stay", "astro-cpu-4", "replacement")
				watch.start()
			},
			Config: body("tiny", rolling),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-cpu-1"),
				plancheck.ExpectUnknownValue(clusterAddress, node("astro-cpu-4").AtMapKey("image")),
				plancheck.ExpectKnownValue(clusterAddress, node("astro-frontend").AtMapKey("id"), knownvalue.NotNull())),
			ConfigStateChecks: []statecheck.StateCheck{inState(node("astro-cpu-3"), active)},
			Check: func(*terraform.State) error {
				for _, server := range s.cloud.Servers() {
					if was := slices.Contains(before, server.ID); was != (server.Name == "astro-frontend") {
						return fmt.Errorf("%s is the server it was: %t", server.Name, was)
					}
					if server.Name != "astro-frontend" && server.Image != openstacktest.DefaultImages()[0].ID {
						return fmt.Errorf("%s runs image %s", server.Name, server.Image)
					}
				}
				if least := watch.end(); least < workers-unavailable {
					return fmt.Errorf("only %d workers were there at one moment", least)
				}
				return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4")
			},
		},
	)
}

func (s *stage) same(before *[]string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if after := ids(s.cloud); !slices.Equal(*before, after) {
			return fmt.Errorf("servers %v became %v", *before, after)
		}
		return nil
	}
}

// fewest counts how many workers are joined at least, at each call.
type fewest struct {
	stage *stage
	mu    sync.Mutex
	on    bool
	least int
}

func (f *fewest) start() { f.mu.Lock(); f.on = true; f.mu.Unlock() }

func (f *fewest) end() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = false
	return f.least
}

func (f *fewest) see(int, string, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.on {
		workers := 0
		for _, name := range f.stage.names() {
			if name != "astro-frontend" {
				workers++
			}
		}
		f.least = min(f.least, workers)
	}
}

// A replacement that meets a worker which does not come up leaves the others, and
// goes on at the next apply.
func TestAccClusterReplacementGoesOn(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(image string) string {
		return s.config(basic(`cpu = { flavor = "m1.small", count = 3, image = "`+image+`" }`, `replacement = { strategy = "rolling" }`))
	}
	s.run(t,
		resource.TestStep{Config: body("debian-13-hpc")},
		resource.TestStep{
			PreConfig:          func() { s.cloud.FailServers(openstacktest.ServerFault{Name: "cpu-1$", Times: -1}) },
			Config:             body("tiny"),
			ExpectNonEmptyPlan: true,
			Check:              func(*terraform.State) error { return s.expectNames("astro-frontend", "astro-cpu-2", "astro-cpu-3") },
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, "astro-cpu-2 was not replaced", "astro-cpu-1 did not come up")
				s.cloud.ClearFaults()
			},
			Config:           body("tiny"),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check: func(*terraform.State) error {
				for _, server := range s.cloud.Servers() {
					if server.Name != "astro-frontend" && server.Image != openstacktest.DefaultImages()[0].ID {
						return fmt.Errorf("%s runs image %s", server.Name, server.Image)
					}
				}
				return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
			},
		},
	)
}
