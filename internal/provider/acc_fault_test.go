package provider

import (
	"fmt"
	"regexp"
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

// A worker that Nova can't build costs a warning, not the cluster; the planned
// count stands in the state until the next refresh, and the next apply heals.
func TestAccClusterPartialFailure(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 3 }`))
	s.cloud.FailServers(openstacktest.ServerFault{Name: "cpu-2$", Times: -1})
	s.run(t,
		resource.TestStep{
			Config:             config,
			ExpectNonEmptyPlan: true,
			ConfigStateChecks: []statecheck.StateCheck{
				inState(tfjsonpath.New("nodes"), nodeNames("astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")),
				inState(node("astro-cpu-2").AtMapKey("id"), knownvalue.Null()),
				inState(node("astro-cpu-2").AtMapKey("address"), knownvalue.Null()),
				inState(node("astro-cpu-2").AtMapKey("status"), knownvalue.StringExact("MISSING")),
				inState(node("astro-cpu-3"), active),
				inState(workerCount("cpu"), knownvalue.Int64Exact(3)),
			},
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, "astro-cpu-2", "No valid host was found")
				s.cloud.ClearFaults()
			},
			Config: config,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-cpu-2"),
				plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-3").AtMapKey("id"), knownvalue.NotNull())),
			ConfigStateChecks: []statecheck.StateCheck{inState(node("astro-cpu-2"), active)},
		},
	)
}

func (s *stage) expectWarning(t *testing.T, path string, says ...string) {
	t.Helper()
	for _, w := range s.heard.warnings() {
		if w.path == path && containsAll(w.summary+"\n"+w.text, says) {
			return
		}
	}
	t.Errorf("no warning at %s that says %q; heard: %v", path, says, s.heard.warnings())
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// Without a front-end there is no cluster: an error. What was made is in the
// state, so that the next apply replaces it and destroy finds it.
func TestAccClusterWithoutFrontEnd(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`))
	s.cloud.FailServers(openstacktest.ServerFault{Name: "frontend$", Times: -1, Message: "Image could not be read"})
	s.run(t,
		resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`(?s)no working front-end.*Image\s+could\s+not\s+be\s+read`)},
		resource.TestStep{
			PreConfig:         s.cloud.ClearFaults,
			Config:            config,
			ConfigPlanChecks:  planned1(plancheck.ResourceActionReplace),
			ConfigStateChecks: []statecheck.StateCheck{inState(tfjsonpath.New("nodes"), nodeNames("astro-frontend", "astro-cpu-1"))},
		},
	)
}

// A growth beyond the quota is refused by the plan; one that the cloud refuses all
// the same leaves what exists in the state.
func TestAccClusterQuota(t *testing.T) {
	s := newStage(t, openstacktest.Options{Quota: openstacktest.Quota{Instances: 3}}, guest.Options{})
	s.run(t,
		resource.TestStep{Config: s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`))},
		resource.TestStep{
			Config:      s.config(basic(`cpu = { flavor = "m1.small", count = 3 }`)),
			ExpectError: regexp.MustCompile(`Not enough instances`),
		},
		resource.TestStep{
			PreConfig: func() {
				s.cloud.Configure(func(o *openstacktest.Options) { o.Quota = openstacktest.Quota{} })
				s.cloud.Fault(openstacktest.Fault{Method: "POST", Path: "/compute/servers", Status: 403, Times: -1,
					Body: `{"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 1, but already used 2 of 2 cores"}}`})
			},
			Config:             s.config(basic(`cpu = { flavor = "m1.small", count = 3 }`)),
			ExpectNonEmptyPlan: true,
			ConfigStateChecks:  []statecheck.StateCheck{inState(node("astro-cpu-1"), active)},
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, "Quota exceeded", "quota raised")
				s.cloud.ClearFaults()
			},
			Config:           s.config(basic(`cpu = { flavor = "m1.small", count = 2 }`)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
}

// A growth that breaks off between Nova and the roster: the state holds what works, and
// the next apply enrols the servers that the first one made, and makes no others.
func TestAccClusterInterruptedGrowth(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	var made []string
	grown := s.config(basic(`cpu = { flavor = "m1.small", count = 3 }`))
	s.run(t,
		resource.TestStep{Config: s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`))},
		resource.TestStep{
			PreConfig: func() {
				s.cloud.Fault(openstacktest.Fault{Method: "PUT", Path: "/compute/servers/{id}/metadata", Status: 403, Times: -1})
			},
			Config:      grown,
			ExpectError: regexp.MustCompile(`not changed as planned`),
		},
		resource.TestStep{
			PreConfig: func() {
				made = ids(s.cloud)
				s.cloud.ClearFaults()
			},
			Config: grown,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-1").AtMapKey("id"), knownvalue.NotNull()),
				plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-3").AtMapKey("id"), knownvalue.NotNull())),
			Check: func(*terraform.State) error {
				if err := s.same(&made)(nil); err != nil {
					return err
				}
				if n := len(s.names()); n != 4 {
					return fmt.Errorf("%d servers, want 4: %v", n, s.names())
				}
				return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
			},
		},
	)
	for _, name := range []string{"astro-cpu-2", "astro-cpu-3"} {
		s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, name+" is not in the roster yet", "The next apply enrols it")
	}
}

// A cluster of that name exists: refused in the plan, except by its own plan to
// replace it.
func TestAccClusterNameTaken(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := basic(`cpu = { flavor = "m1.small", count = 1 }`)
	config := s.config(body)
	s.run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			Config:      config + "\nresource \"vmcluster_cluster\" \"other\" {\n" + strings.Replace(body, `"astro"`, `"astro"`, 1) + "\n}\n",
			ExpectError: regexp.MustCompile(`exists already`),
		},
		resource.TestStep{
			Config:            s.config(body + "\n  login_user = \"ada\""),
			ConfigPlanChecks:  planned1(plancheck.ResourceActionReplace),
			ConfigStateChecks: []statecheck.StateCheck{inState(tfjsonpath.New("login_user"), knownvalue.StringExact("ada"))},
		},
	)
}

// A plan without a refresh knows its own cluster all the same, and replaces it.
func TestAccClusterReplacedWithoutARefresh(t *testing.T) {
	s := newStage(t, openstacktest.Options{Quota: openstacktest.Quota{Instances: 2}}, guest.Options{})
	s.noRefresh = true
	body := basic(`cpu = { flavor = "m1.small", count = 1 }`)
	s.run(t,
		resource.TestStep{Config: s.config(body)},
		resource.TestStep{
			Config:            s.config(body + "\n  login_user = \"ada\""),
			ConfigPlanChecks:  planned1(plancheck.ResourceActionReplace),
			ConfigStateChecks: []statecheck.StateCheck{inState(tfjsonpath.New("login_user"), knownvalue.StringExact("ada"))},
		},
	)
}

// A list that fails is an error, never "all gone".
func TestAccClusterUnreadable(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`))
	s.run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				s.cloud.Fault(openstacktest.Fault{Method: "GET", Path: "/compute/servers/detail", Status: 403, Times: -1})
			},
			Config:      config,
			ExpectError: regexp.MustCompile(`can't be read`),
		},
		resource.TestStep{
			PreConfig:        s.cloud.ClearFaults,
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
}

// A refresh and a plan of 20 workers take no more calls than one of 2.
func TestAccClusterCallBudget(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	const workers = 20
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 20 }`))
	s.run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				// The step's own plan, apply, and one plan after it; and one refresh.
				if n := s.cloud.TotalCalls(); n > workers+25+15 {
					t.Errorf("create and three refreshes took %d calls: %v", n, s.cloud.Calls())
				}
				t.Logf("create, with three refreshes: %v", s.cloud.Calls())
				s.cloud.ResetCalls()
				s.heard.reset()
			},
			Config: config, PlanOnly: true,
		},
		resource.TestStep{
			PreConfig: func() {
				if n, reads := s.cloud.TotalCalls(), s.heard.readCount(); reads == 0 || n > 5*reads {
					t.Errorf("%d refreshes took %d calls: %v", reads, n, s.cloud.Calls())
				}
				s.cloud.ResetCalls()
			},
			Config: config, Destroy: true,
		},
	)
	if n := s.cloud.TotalCalls(); n > workers+25 {
		t.Errorf("destroy took %d calls: %v", n, s.cloud.Calls())
	}
}
