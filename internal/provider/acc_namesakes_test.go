package provider

import (
	"errors"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Requests of a killed create were carried out after the next apply had made the cluster.
// A refresh names the servers, they are a difference by themselves, and the apply deletes
// them. The servers of another place's cluster are named, and stay.
func TestAccClusterBesideOrphans(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	config := s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`))
	const theirID = "a0a7c2b4-1d5e-4a8e-8f11-6c9b57c2d2f0"
	orphans := func() {
		s.stray(t, strayID, "astro-cpu-1", nil)
		s.stray(t, strayID, "astro-cpu-2", nil)
	}
	s.run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				orphans()
				s.stray(t, theirID, "astro-cpu-7", func(r *cluster.NodeRequest) { r.Metadata[cluster.MetaCreatedBy] = "elsewhere" })
				s.heard.reset()
			},
			Config: config,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("generation"))),
			Check: func(*terraform.State) error { return s.expectNames("astro-frontend", "astro-cpu-1", "astro-cpu-7") },
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("name")`, "An interrupted create left servers", strayID, "astro-cpu-1 (server ", "astro-cpu-2 (server ", "next apply deletes")
				s.expectWarning(t, `AttributeName("name")`, "Another cluster has the same name", theirID, "astro-cpu-7 (server ", "VMCLUSTER_DELETE_UNFINISHED="+theirID)
				s.remove(t, "astro-cpu-7")
				s.heard.reset()
			},
			Config: config, PlanOnly: true,
		},
		resource.TestStep{
			PreConfig: func() {
				if w := s.heard.warnings(); len(w) > 0 {
					t.Errorf("nothing is left, and still spoken of: %v", w)
				}
				orphans() // the destroy deletes them, see CheckDestroy
			},
			Config: config, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
	)
}

// Another place has finished a cluster of the name while this one was being made.
func TestAccClusterOfTwoApplies(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	client := s.client(t)
	once := false
	s.cloud.Configure(func(o *openstacktest.Options) {
		o.OnCall = func(_ int, method, path string) {
			if method != "POST" || path != "/compute/servers" || once {
				return
			}
			once = true
			if _, err := client.CreateNode(t.Context(), cluster.NodeRequest{
				Name: "astro-frontend", ClusterID: strayID, ClusterName: "astro", Role: cluster.RoleFrontEnd,
				Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID,
				Metadata: map[string]string{cluster.MetaCreatedBy: "elsewhere", cluster.MetaReady: "1"},
			}); err != nil {
				t.Error(err)
			}
		}
	})
	s.run(t, resource.TestStep{
		Config:      s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`)),
		ExpectError: regexp.MustCompile("Cluster exists already"),
	}, resource.TestStep{
		PreConfig: func() {
			if got := s.heard.errors(); len(got) != 1 || !containsAll(got[0].text, []string{strayID, "at the same time", "has deleted what it made", "import"}) {
				t.Errorf("the apply says %v", got)
			}
			if err := s.expectNames("astro-frontend"); err != nil {
				t.Error(err)
			}
			s.remove(t, "astro-frontend")
		},
		Config: s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`)),
		// A state that held the cluster which withdrew would have it replaced.
		ConfigPlanChecks: planned1(plancheck.ResourceActionCreate),
		Check: func(st *terraform.State) error {
			if len(st.RootModule().Resources) != 1 {
				return errors.New("the state has more than the cluster")
			}
			return s.expectNames("astro-frontend", "astro-cpu-1")
		},
	})
}
