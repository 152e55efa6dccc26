package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	clusterresource "github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// strayID is the ID of a cluster that no configuration has.
const strayID = "6d3c1f0a-94be-4b57-a0d8-27e5c8b1f394"

// stray makes a node's server as an apply does that is killed after the POST;
// more completes the request.
func (s *stage) stray(t *testing.T, id, name string, more func(*cluster.NodeRequest)) {
	t.Helper()
	req := cluster.NodeRequest{
		Name: name, ClusterID: id, ClusterName: "astro", Role: cluster.RoleWorker, Group: "cpu",
		Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID,
		Metadata: map[string]string{cluster.MetaOwner: cluster.OwnerTerraform, cluster.MetaBatch: "dead", cluster.MetaCreatedBy: clusterresource.CreatedBy("astro")},
	}
	if more != nil {
		more(&req)
	}
	if _, err := s.client(t).CreateNode(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

// A create was killed after some POSTs. What it left takes the quota, the subnet
// and the port that the next one needs; it is deleted first, so nothing is short.
func TestAccClusterAfterAKilledCreate(t *testing.T) {
	small := append(openstacktest.DefaultNetworks(), openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "small", CIDR: "10.99.0.0/29"})
	s := newStage(t, openstacktest.Options{Quota: openstacktest.Quota{Instances: 4}, Networks: small}, guest.Options{})
	port, err := s.cloud.AddPort("small", "vip", "10.99.0.6")
	if err != nil {
		t.Fatal(err)
	}
	s.ports = 1
	on := func(r *cluster.NodeRequest) { r.Network = small[2].ID }
	s.stray(t, strayID, "astro-cpu-1", on)
	s.stray(t, strayID, "astro-cpu-2", on)
	s.stray(t, strayID, "astro-frontend", func(r *cluster.NodeRequest) {
		on(r)
		r.Role, r.Group, r.Port = cluster.RoleFrontEnd, "", port
	})
	body := strings.NewReplacer(`"private"`, `"small"`, `"m1.medium" }`, `"m1.medium", port = "vip" }`).Replace(basic(`cpu = { flavor = "m1.small", count = 3 }`))
	s.run(t, resource.TestStep{
		Config: s.config(body),
		Check: func(*terraform.State) error {
			return s.expectNames("astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
		},
	})
	s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu").AttributeName("count")`, "Not enough instances now", "4 instances needed, 1 left", "deleted first")
	s.expectWarning(t, `AttributeName("front_end").AttributeName("port")`, "Port in use now", "deleted first")
}

// A growth was killed after some POSTs. The servers are nodes of the cluster, they are a
// difference by themselves, and the apply enrols them as they are; what is above the
// count goes.
func TestAccClusterAfterAKilledGrowth(t *testing.T) {
	t.Parallel() // its rows run beside other tests
	for _, row := range []struct {
		name  string
		count int
		want  []string
		made  int // servers in all
	}{
		{"the count is taken back", 1, []string{"astro-frontend", "astro-cpu-1"}, 4},
		{"the growth is asked for again", 3, []string{"astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}, 4},
		{"and more", 4, []string{"astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4"}, 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, openstacktest.Options{Quota: openstacktest.Quota{Instances: 5}}, guest.Options{})
			config := func(count int) string {
				return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, count)))
			}
			ca, err := trust.NewCA()
			if err != nil {
				t.Fatal(err)
			}
			sound := func(r *cluster.NodeRequest) {
				r.Metadata[cluster.MetaBatch], r.Metadata[cluster.MetaBatchCA] = cluster.BatchID(ca.Public()), ca.Public()
			}
			s.run(t,
				resource.TestStep{Config: config(1)},
				resource.TestStep{
					PreConfig: func() {
						s.stray(t, s.clusterID(t), "astro-cpu-2", sound)
						s.stray(t, s.clusterID(t), "astro-cpu-3", sound)
						s.heard.reset()
					},
					Config: config(row.count),
					ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
						plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("generation"))),
					Check: func(*terraform.State) error {
						if made := s.cloud.Created(); made != row.made {
							return fmt.Errorf("%d servers were made in all, want %d", made, row.made)
						}
						return s.expectNames(row.want...)
					},
				},
				resource.TestStep{
					PreConfig: func() {
						for _, name := range []string{"astro-cpu-2", "astro-cpu-3"} {
							s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, name+" is not in the roster yet", "The next apply enrols it")
						}
						s.heard.reset()
					},
					Config: config(row.count), PlanOnly: true,
				},
			)
			if w := s.heard.warnings(); len(w) > 0 {
				t.Errorf("they are enrolled or gone, and still spoken of: %v", w)
			}
		})
	}
}

// Servers that bear no proof of their batch can't be enrolled. They are named with the
// reason, they are a difference by themselves, and what they take is not held
// against the plan.
func TestAccClusterDeletesWhatCannotBeEnrolled(t *testing.T) {
	t.Parallel() // its rows run beside other tests
	for _, row := range []struct {
		name  string
		count int
		want  []string
	}{
		{"the count is taken back", 1, []string{"astro-frontend", "astro-cpu-1"}},
		{"the growth is asked for again", 3, []string{"astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, openstacktest.Options{Quota: openstacktest.Quota{Instances: 4}}, guest.Options{})
			config := func(count int) string {
				return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, count)))
			}
			s.run(t,
				resource.TestStep{Config: config(1)},
				resource.TestStep{
					PreConfig: func() {
						s.stray(t, s.clusterID(t), "astro-cpu-2", nil)
						s.stray(t, s.clusterID(t), "astro-cpu-3", nil)
						s.heard.reset()
					},
					Config: config(row.count),
					ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
						plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("generation"))),
					Check: func(*terraform.State) error { return s.expectNames(row.want...) },
				},
				resource.TestStep{
					PreConfig: func() {
						for _, name := range []string{"astro-cpu-2", "astro-cpu-3"} {
							s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu")`, name+" is not a part of the cluster", "vmcluster_batch_ca", "openstack server delete")
						}
						s.heard.reset()
					},
					Config: config(row.count), PlanOnly: true,
				},
			)
			if w := s.heard.warnings(); len(w) > 0 {
				t.Errorf("they are gone, and still spoken of: %v", w)
			}
		})
	}
}
