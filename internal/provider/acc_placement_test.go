package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
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
				inState(node("astro-cpu-1").AtMapKey("image"), knownvalue.NotNull()), // though Nova shows none of a server on a volume
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

// Nodes of several networks are known by their addresses in the one for the
// cluster's traffic; the front-end has the address it was given; a server group
// comes with its first worker and goes with the group; nothing is left.
func TestAccClusterNetworksAndServerGroup(t *testing.T) {
	s := newStage(t, openstacktest.Options{
		Networks: append(openstacktest.DefaultNetworks(),
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "fabric", CIDR: "10.99.0.0/24", NoRouter: true}),
	}, guest.Options{})
	body := func(workers, frontEnd string) string {
		return s.config(strings.NewReplacer(
			`network   = "private"`, `networks = ["private", "fabric"]`+"\n  cluster_network = \"fabric\"",
			`"m1.medium" }`, `"m1.medium", external_network = "public"`+frontEnd+` }`,
		).Replace(basic(workers)))
	}
	spread := `server_group = { policy = "anti-affinity" }`
	var missing []string
	s.run(t,
		resource.TestStep{
			Config: body(`cpu = { flavor = "m1.small", count = 2, `+spread+` }`, `, fixed_ip = "10.99.0.200"`),
			ConfigPlanChecks: planned1(plancheck.ResourceActionCreate,
				plancheck.ExpectKnownValue(clusterAddress, node("astro-frontend").AtMapKey("address"), knownvalue.StringExact("10.99.0.200"))),
			ConfigStateChecks: []statecheck.StateCheck{
				inState(node("astro-cpu-1").AtMapKey("address"), knownvalue.StringRegexp(regexp.MustCompile(`^10\.99\.0\.`))),
				inState(tfjsonpath.New("front_end_address"), knownvalue.StringRegexp(regexp.MustCompile(`^172\.24\.4\.`))),
			},
			Check: resource.ComposeTestCheckFunc(
				func(*terraform.State) error { return s.joined("astro-cpu-1", "astro-cpu-2") },
				func(*terraform.State) error {
					return expect(s.cloud.ServerGroups(), []string{"astro-cpu anti-affinity 2"})
				},
				func(*terraform.State) error {
					// The fabric has no way out, so the floating IP leads to the other network.
					fe, _ := s.cloud.Server("astro-frontend")
					return expect([]any{s.cloud.FloatingIPs()[0].Fixed, len(fe.Addresses)}, []any{fe.Addresses["private"], 2})
				},
			),
		},
		resource.TestStep{ // three hypervisors: of five workers two can't be made
			Config:             body(`cpu = { flavor = "m1.small", count = 5, `+spread+` }`, `, fixed_ip = "10.99.0.200"`),
			ExpectNonEmptyPlan: true,
			Check: func(state *terraform.State) error { // which two, the scheduler decides
				missing = missingIn(state)
				return expect(len(missing), 2)
			},
		},
		resource.TestStep{
			PreConfig: func() {
				if warned := s.warnedOf(`AttributeName("workers").ElementKeyString("cpu")`, "No valid host was found"); !slices.Equal(warned, missing) {
					t.Errorf("warned of %v, MISSING are %v", warned, missing)
				}
			},
			Config:           body(`gpu = { flavor = "m1.small", count = 1, server_group = { policy = "soft-anti-affinity" } }`, `, fixed_ip = "10.99.0.200"`),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check: func(*terraform.State) error {
				return expect(s.cloud.ServerGroups(), []string{"astro-gpu soft-anti-affinity 1"})
			},
		},
	)
	if groups := s.cloud.ServerGroups(); len(groups) > 0 {
		t.Errorf("server groups left: %v", groups)
	}
}

// missingIn returns the nodes that a state calls MISSING.
func missingIn(state *terraform.State) []string {
	var out []string
	for attribute, value := range state.RootModule().Resources[clusterAddress].Primary.Attributes {
		name, ok := strings.CutSuffix(strings.TrimPrefix(attribute, "nodes."), ".status")
		if ok && value == "MISSING" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// warnedOf returns the nodes that warnings at that path, with those words, begin
// with, each once.
func (s *stage) warnedOf(path, words string) []string {
	var out []string
	for _, w := range s.heard.warnings() {
		if w.path == path && strings.Contains(w.text, words) {
			name, _, _ := strings.Cut(w.summary, " ")
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A port that was made beforehand is used, and outlives the cluster.
func TestAccClusterOnPort(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	id, err := s.cloud.AddPort("private", "vip", "10.76.1.1")
	if err != nil {
		t.Fatal(err)
	}
	config := s.config(strings.Replace(basic(`cpu = { flavor = "m1.small", count = 1 }`), `"m1.medium" }`, `"m1.medium", port = "vip" }`, 1))
	s.ports = 1
	s.run(t, resource.TestStep{
		Config:           config,
		ConfigPlanChecks: planned1(plancheck.ResourceActionCreate),
		ConfigStateChecks: []statecheck.StateCheck{
			inState(node("astro-frontend").AtMapKey("address"), knownvalue.StringExact("10.76.1.1")),
			inState(tfjsonpath.New("resolved").AtMapKey("port/vip"), knownvalue.StringExact(id)),
		},
	})
}
