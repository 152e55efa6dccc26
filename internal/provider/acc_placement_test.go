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

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstacktest/guest"
)

// zonesOf counts a group's servers by availability zone.
func (s *stage) zonesOf(prefix string) map[string]int {
	out := map[string]int{}
	for _, server := range s.cloud.Servers() {
		if strings.HasPrefix(server.Name, prefix) {
			out[server.Zone]++
		}
	}
	return out
}

func expect(got, want any) error {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("%v, want %v", got, want)
	}
	return nil
}

// Zones, boot volumes, metadata and config drives reach the servers; a plan after
// that is empty; volumes that stay are all that a destroy leaves.
func TestAccClusterPlacement(t *testing.T) {
	s := newStage(t, openstacktest.Options{
		BlockStorage: true, Zones: []openstacktest.Zone{{Name: "a", Hosts: 2}, {Name: "b", Hosts: 2}},
	}, guest.Options{})
	body := func(count int) string {
		return s.config(strings.Replace(basic(fmt.Sprintf(`
    cpu = {
      flavor = "m1.small", count = %d, availability_zones = ["b", "a"]
      boot_volume = { size = 20, type = "ssd" }
      metadata = { owner = "ada" }
    }
    keep = { flavor = "m1.small", count = 1, availability_zone = "a", boot_volume = { size = 5, delete_on_termination = false }, config_drive = true }
  `, count)), `"m1.medium" }`, `"m1.medium", availability_zone = "b", metadata = { site = "x" } }`, 1))
	}
	s.run(t,
		resource.TestStep{
			Config: body(3),
			ConfigPlanChecks: planned1(plancheck.ResourceActionCreate,
				plancheck.ExpectKnownValue(clusterAddress, tfjsonpath.New("resolved").AtMapKey("availability_zone/b"), knownvalue.StringExact("b"))),
			ConfigStateChecks: []statecheck.StateCheck{
				inState(node("astro-cpu-1").AtMapKey("image"), knownvalue.NotNull()), // though Nova tells none of a server on a volume
			},
			Check: resource.ComposeTestCheckFunc(
				func(*terraform.State) error { return expect(s.zonesOf("astro-cpu"), map[string]int{"a": 1, "b": 2}) },
				func(*terraform.State) error { return expect(s.zonesOf("astro-frontend"), map[string]int{"b": 1}) },
				func(*terraform.State) error { return expect(len(s.cloud.Volumes()), 4) },
				func(*terraform.State) error {
					fe, _ := s.cloud.Server("astro-frontend")
					cpu, _ := s.cloud.Server("astro-cpu-1")
					keep, _ := s.cloud.Server("astro-keep-1")
					return expect([]any{fe.Metadata["site"], cpu.Metadata["owner"], cpu.ConfigDrive, keep.ConfigDrive}, []any{"x", "ada", false, true})
				},
			),
		},
		resource.TestStep{
			Config:           body(4),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            func(*terraform.State) error { return expect(s.zonesOf("astro-cpu"), map[string]int{"a": 2, "b": 2}) },
		},
	)
	if v := s.cloud.Volumes(); len(v) != 1 || v[0].Size != 5 || v[0].Server != "" {
		t.Errorf("volumes after destroy: %v, want only the one that was to stay", v)
	}
}
