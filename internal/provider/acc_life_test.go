package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

var (
	node   = func(name string) tfjsonpath.Path { return tfjsonpath.New("nodes").AtMapKey(name) }
	active = knownvalue.ObjectPartial(map[string]knownvalue.Check{
		"id": knownvalue.NotNull(), "address": knownvalue.NotNull(), "status": knownvalue.StringExact("ACTIVE"),
	})
)

func workerCount(group string) tfjsonpath.Path {
	return tfjsonpath.New("workers").AtMapKey(group).AtMapKey("count")
}

func inState(path tfjsonpath.Path, check knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(clusterAddress, path, check)
}

func nodeNames(names ...string) knownvalue.Check {
	m := map[string]knownvalue.Check{}
	for _, n := range names {
		m[n] = knownvalue.NotNull()
	}
	return knownvalue.MapExact(m)
}

// plannedWorkers checks that a plan knows the names of a group's workers.
func plannedWorkers(group string, names ...string) plancheck.PlanCheck {
	var checks []knownvalue.Check
	for _, n := range names {
		checks = append(checks, knownvalue.StringExact(n))
	}
	return plancheck.ExpectKnownValue(clusterAddress, tfjsonpath.New("worker_names").AtMapKey(group), knownvalue.SetExact(checks))
}

// comes checks that a plan makes a node, anew or for the first time.
type comes string

func (c comes) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != clusterAddress {
			continue
		}
		unknown, _ := change.Change.AfterUnknown.(map[string]any)
		nodes, _ := unknown["nodes"].(map[string]any)
		if entry, ok := nodes[string(c)].(map[string]any); nodes[string(c)] == true || (ok && entry["id"] == true) {
			return
		}
	}
	resp.Error = fmt.Errorf("the plan makes no node %s", string(c))
}

func planned1(action plancheck.ResourceActionType, more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             append(more, plancheck.ExpectResourceAction(clusterAddress, action)),
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

// From nothing to nothing: create, no difference, grow, shrink by name, another
// group, import, destroy.
func TestAccClusterLife(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(workers string) string {
		return s.config(strings.Replace(basic(workers, `batch_system = { type = "htcondor" }`),
			`"m1.medium" }`, `"m1.medium", external_network = "public" }`, 1))
	}
	grown := body(`cpu = { flavor = "m1.small", count = 4 }`)
	two := body(`cpu = { flavor = "m1.small", count = 2, retire = ["astro-cpu-1", "astro-cpu-4"] }, gpu = { flavor = "m1.large", count = 1 }`)
	s.run(t,
		resource.TestStep{
			Config: body(`cpu = { flavor = "m1.small", count = 2 }`),
			ConfigPlanChecks: planned1(plancheck.ResourceActionCreate,
				comes("astro-cpu-2"), plannedWorkers("cpu", "astro-cpu-1", "astro-cpu-2"),
				plancheck.ExpectKnownValue(clusterAddress, tfjsonpath.New("resolved").AtMapKey("flavor/m1.small"), knownvalue.StringExact("4")),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				inState(tfjsonpath.New("nodes"), nodeNames("astro-frontend", "astro-cpu-1", "astro-cpu-2")),
				inState(node("astro-cpu-2"), active),
				inState(node("astro-frontend"), active),
				inState(tfjsonpath.New("login_user"), knownvalue.StringExact("astro")),
				inState(tfjsonpath.New("front_end_address"), knownvalue.StringRegexp(regexp.MustCompile(`^172\.24\.4\.`))),
				inState(tfjsonpath.New("hosts_file"), knownvalue.StringRegexp(regexp.MustCompile("\tastro-cpu-2\n"))),
				inState(tfjsonpath.New("ssh_config"), knownvalue.StringRegexp(regexp.MustCompile("ProxyJump astro-frontend"))),
			},
			Check: func(*terraform.State) error { return s.joined("astro-cpu-1", "astro-cpu-2") },
		},
		resource.TestStep{
			Config: grown,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-1").AtMapKey("address"), knownvalue.NotNull()),
				comes("astro-cpu-4"),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				inState(node("astro-cpu-4"), active),
				inState(workerCount("cpu"), knownvalue.Int64Exact(4)),
			},
			Check: func(*terraform.State) error {
				return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4")
			},
		},
		resource.TestStep{
			Config: two,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				plannedWorkers("cpu", "astro-cpu-2", "astro-cpu-3"), plannedWorkers("gpu", "astro-gpu-1"), comes("astro-gpu-1"),
				plancheck.ExpectKnownValue(clusterAddress, tfjsonpath.New("nodes"), nodeNames("astro-frontend", "astro-cpu-2", "astro-cpu-3")),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				inState(tfjsonpath.New("nodes"), nodeNames("astro-frontend", "astro-cpu-2", "astro-cpu-3", "astro-gpu-1")),
				inState(node("astro-gpu-1").AtMapKey("group"), knownvalue.StringExact("gpu")),
			},
			Check: func(*terraform.State) error { return s.joined("astro-cpu-2", "astro-cpu-3", "astro-gpu-1") },
		},
		resource.TestStep{ // by name
			ResourceName: clusterAddress, Config: two, ImportState: true, ImportStateId: "astro", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"image", "network", "front_end", "workers", "resolved", "timeouts"},
		},
		resource.TestStep{ // by ID
			ResourceName: clusterAddress, Config: two, ImportState: true, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"image", "network", "front_end", "workers", "resolved", "timeouts"},
		},
		resource.TestStep{
			ResourceName: clusterAddress, Config: two, ImportState: true, ImportStateId: "nebula",
			ExpectError: regexp.MustCompile(`[Nn]o server of this project`),
		},
		resource.TestStep{ // a group goes
			Config: body(`cpu = { flavor = "m1.small", count = 1 }`),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("generation"))),
			ConfigStateChecks: []statecheck.StateCheck{inState(tfjsonpath.New("workers"), knownvalue.MapSizeExact(1))},
			Check: func(*terraform.State) error {
				if n := len(s.guests.Joined()); n != 1 {
					return fmt.Errorf("%d workers are joined, want 1", n)
				}
				return nil
			},
		},
	)
	for _, secret := range []string{"PRIVATE KEY", openstacktest.Password} {
		if s.heard.holds(secret) {
			t.Errorf("a state, a plan or a diagnostic holds %q", secret)
		}
	}
}

func (s *stage) joined(names ...string) error {
	if got := s.guests.Joined(); !slices.Equal(got, names) {
		return fmt.Errorf("joined: %v, want %v", got, names)
	}
	return nil
}

// After an import the same configuration changes nothing that exists.
func TestAccClusterImportThenPlan(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\npackages: [htop]\n" }`))
	var before []string
	s.run(t,
		resource.TestStep{Config: config, Check: func(*terraform.State) error { before = ids(s.cloud); return nil }},
		resource.TestStep{
			Config: "removed {\n  from = vmcluster_cluster.test\n  lifecycle {\n    destroy = false\n  }\n}\n" +
				strings.Split(config, "resource ")[0],
		},
		resource.TestStep{
			Config:           "import {\n  to = vmcluster_cluster.test\n  id = \"astro\"\n}\n" + config,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				inState(tfjsonpath.New("image"), knownvalue.StringExact("debian-13-hpc")),
				inState(workerCount("cpu"), knownvalue.Int64Exact(1)),
			},
			Check: func(*terraform.State) error {
				if after := ids(s.cloud); !slices.Equal(before, after) {
					return fmt.Errorf("servers %v became %v", before, after)
				}
				return nil
			},
		},
	)
}

func ids(c *openstacktest.Cloud) []string {
	var out []string
	for _, s := range c.Servers() {
		out = append(out, s.ID)
	}
	return out
}

// A vanished worker and a vanished front-end are seen and made anew in place.
func TestAccClusterHeals(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 3 }`))
	whole := []statecheck.StateCheck{
		inState(tfjsonpath.New("nodes"), nodeNames("astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")),
		inState(node("astro-cpu-2"), active), inState(node("astro-frontend"), active),
	}
	s.run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:         func() { s.remove(t, "astro-cpu-2") },
			Config:            config,
			ConfigStateChecks: whole,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-cpu-2"),
				plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-3").AtMapKey("id"), knownvalue.NotNull()),
			),
		},
		resource.TestStep{
			PreConfig: func() {
				server, _ := s.cloud.Server("astro-cpu-3")
				s.cloud.SetStatus(server.ID, "ERROR", "the host is down")
			},
			Config:            config,
			ConfigStateChecks: whole,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-cpu-3")),
		},
		resource.TestStep{
			PreConfig:         func() { s.remove(t, "astro-frontend") },
			Config:            config,
			ConfigStateChecks: whole,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-frontend"),
				plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("front_end_address"))),
		},
		resource.TestStep{ // all of it is gone: a new cluster
			PreConfig: func() {
				for _, name := range s.names() {
					s.remove(t, name)
				}
			},
			Config:            config,
			ConfigStateChecks: whole,
			ConfigPlanChecks:  planned1(plancheck.ResourceActionCreate),
		},
	)
}

// A cloud that shows floating IPs late or never: the address stays in the state,
// and no plan wants to change it.
func TestAccClusterFloatingNotShown(t *testing.T) {
	s := newStage(t, openstacktest.Options{HideFloating: true}, guest.Options{})
	body := strings.Replace(basic(`cpu = { flavor = "m1.small", count = 0 }`), `"m1.medium" }`, `"m1.medium", external_network = "public" }`, 1)
	s.run(t, resource.TestStep{
		Config:           s.config(body),
		ConfigPlanChecks: planned1(plancheck.ResourceActionCreate),
		ConfigStateChecks: []statecheck.StateCheck{
			inState(tfjsonpath.New("front_end_address"), knownvalue.StringRegexp(regexp.MustCompile(`^172\.24\.4\.`))),
		},
	}, resource.TestStep{
		Config:           s.config(body),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
	}, resource.TestStep{ // a first look at the cluster asks Neutron
		Config: s.config(body) + "\ndata \"vmcluster_cluster\" \"seen\" {\n  name = \"astro\"\n}\n",
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.CompareValuePairs(clusterAddress, tfjsonpath.New("front_end_address"),
				"data.vmcluster_cluster.seen", tfjsonpath.New("front_end_address"), compare.ValuesSame()),
		},
	}, resource.TestStep{
		Config: s.config(body), ResourceName: clusterAddress, ImportState: true, ImportStateId: "astro", ImportStateVerify: true,
		ImportStateVerifyIgnore: []string{"image", "network", "front_end", "workers", "resolved", "timeouts"},
	})
}

// Every server was deleted past Terraform; the floating IP is still there, and costs.
func TestAccClusterOnlyItsAddressIsLeft(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(strings.Replace(basic(`cpu = { flavor = "m1.small", count = 1 }`), `"m1.medium" }`, `"m1.medium", external_network = "public" }`, 1))
	s.run(t, resource.TestStep{Config: config}, resource.TestStep{
		PreConfig: func() {
			for _, name := range s.names() {
				s.remove(t, name)
			}
		},
		Config:            config,
		ConfigPlanChecks:  planned1(plancheck.ResourceActionUpdate),
		ConfigStateChecks: []statecheck.StateCheck{inState(node("astro-cpu-1"), active)},
		Check: func(*terraform.State) error {
			if n := len(s.cloud.FloatingIPs()); n != 1 {
				return fmt.Errorf("%d floating IPs, want the one that was there", n)
			}
			return nil
		},
	})
}
