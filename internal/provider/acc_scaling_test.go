package provider

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/rounds"
)

// client speaks to the cloud beside the provider.
func (s *stage) client(t *testing.T) *openstack.Client {
	t.Helper()
	return clientOf(t, s.cloud)
}

// scaler is what a scaler makes and removes workers with.
func (s *stage) scaler(t *testing.T) provision.Steps {
	t.Helper()
	return provision.Steps{Provisioner: provision.New(s.client(t), provision.Options{Owner: cluster.OwnerScaler})}
}

func (s *stage) clusterID(t *testing.T) string {
	t.Helper()
	server, _ := s.cloud.Server("astro-frontend")
	var n cluster.Node
	if !cluster.ReadTags(&n, server.Tags) {
		t.Fatal("no front-end")
	}
	return n.ClusterID
}

func (s *stage) scaleBy(t *testing.T, n int, remove ...string) {
	t.Helper()
	p, ref := s.scaler(t), cluster.Ref{ID: s.clusterID(t), Name: "astro"}
	if n > 0 {
		rounds.Add(t, p, ref, n, func(ctx context.Context) ([]string, error) {
			posted, err := p.Post(ctx, ref, []provision.Order{{Group: "cpu", Count: n}})
			return posted.Accepted.Names(), err
		})
	}
	if len(remove) > 0 {
		rounds.Remove(t, p, ref, remove, func(ctx context.Context) ([]string, error) {
			retired, err := p.RequestDeletion(ctx, ref, remove, nil)
			return retired.Accepted, err
		})
	}
}

func (s *stage) expectNames(names ...string) error {
	got := slices.SortedFunc(slices.Values(s.names()), cluster.CompareNames)
	if want := slices.SortedFunc(slices.Values(names), cluster.CompareNames); !slices.Equal(got, want) {
		return fmt.Errorf("servers %v, want %v", got, want)
	}
	return nil
}

var noChange = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

// A group that the scaler owns: no difference inside the bounds, repaired below
// min, warned of above max, and gone with the cluster.
func TestAccClusterScaling(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(bounds string) string {
		return s.config(basic(`cpu = { flavor = "m1.small", scaling = { ` + bounds + ` } }`))
	}
	config := body(`min = 1, max = 3, initial = 2`)
	s.run(t,
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: planned1(plancheck.ResourceActionCreate,
				plancheck.ExpectKnownValue(clusterAddress, workerCount("cpu"), knownvalue.Int64Exact(2))),
			ConfigStateChecks: []statecheck.StateCheck{
				inState(tfjsonpath.New("nodes"), nodeNames("astro-frontend", "astro-cpu-1", "astro-cpu-2")),
				inState(workerCount("cpu"), knownvalue.Int64Exact(2)),
			},
		},
		resource.TestStep{ // the scaler adds one
			PreConfig:        func() { s.scaleBy(t, 1) },
			Config:           config,
			ConfigPlanChecks: noChange,
			Check:            func(*terraform.State) error { return s.joined("astro-cpu-1", "astro-cpu-2", "astro-cpu-3") },
		},
		resource.TestStep{ // and another, above max
			PreConfig:        func() { s.scaleBy(t, 1) },
			Config:           config,
			ConfigPlanChecks: noChange,
		},
		resource.TestStep{ // and removes all but one
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu").AttributeName("scaling").AttributeName("max")`, "The group has 4 workers", "None is deleted")
				s.scaleBy(t, 0, "astro-cpu-1", "astro-cpu-2", "astro-cpu-4")
			},
			Config:           config,
			ConfigPlanChecks: noChange,
		},
		resource.TestStep{ // the last one is lost: below min
			PreConfig: func() { s.remove(t, "astro-cpu-3") },
			Config:    config,
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-cpu-3")),
			Check: func(*terraform.State) error { return s.joined("astro-cpu-3") },
		},
		resource.TestStep{ // other bounds: no worker comes or goes
			Config:           body(`min = 0, max = 5`),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            func(*terraform.State) error { return s.expectNames("astro-frontend", "astro-cpu-3") },
		},
		resource.TestStep{ // the scaler's workers go with the cluster
			PreConfig: func() { s.scaleBy(t, 2) },
			Config:    body(`min = 0, max = 5`), Destroy: true,
		},
	)
}

// Between count and scaling and back, also with the scaler's workers there.
func TestAccClusterSwitchesOwner(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	count := func(n int) string {
		return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, n)))
	}
	scaling := s.config(basic(`cpu = { flavor = "m1.small", scaling = { min = 0, max = 9 } }`))
	var before []string
	same := func(*terraform.State) error {
		if after := ids(s.cloud); !slices.Equal(before, after) {
			return fmt.Errorf("servers %v became %v", before, after)
		}
		return nil
	}
	keep := func() { before = ids(s.cloud) }
	s.run(t,
		resource.TestStep{Config: count(2)},
		resource.TestStep{PreConfig: keep, Config: scaling, ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate), Check: same},
		resource.TestStep{
			PreConfig:        func() { s.scaleBy(t, 1); keep() },
			Config:           count(3),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check:            same,
		},
		resource.TestStep{
			Config:            scaling,
			ConfigPlanChecks:  planned1(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{inState(workerCount("cpu"), knownvalue.Int64Exact(3))},
			Check:             same,
		},
	)
}
