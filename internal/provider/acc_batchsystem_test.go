package provider

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// document returns the document of the stage's cluster.
func (s *stage) document(t *testing.T) cluster.Document {
	t.Helper()
	server, _ := s.cloud.Server("astro-frontend")
	d, err := cluster.DecodeDocument(server.Metadata)
	if err != nil {
		t.Error(err)
	}
	return d
}

// Own lines, GPUs and another flavor's size change the document, and no node. What is
// imported shows no difference.
func TestAccBatchSystemInPlace(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(batch, workers string) string {
		return s.config(byID(workers) + "\n  batch_system = { type = \"htcondor\"" + batch + " }")
	}
	plain := body("", `cpu = { flavor = "m1.small", count = 2 }`)
	lines := body(`, config = "JOB_DEFAULT_LEASE = 600\n"`, `cpu = { flavor = "m1.small", count = 2 }`)
	gpus := body(`, config = "JOB_DEFAULT_LEASE = 600\n"`, `cpu = { flavor = "m1.small", count = 2, gpus = 2 }`)
	sized := body(`, config = "JOB_DEFAULT_LEASE = 600\n"`, `cpu = { flavor = "m1.medium", count = 2, gpus = 2 }`)
	inPlace := planned1(plancheck.ResourceActionUpdate,
		plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("generation")),
		plancheck.ExpectKnownValue(clusterAddress, tfjsonpath.New("nodes").AtMapKey("astro-cpu-1").AtMapKey("id"), knownvalue.NotNull()))
	var servers string
	expect := func(generation int64, config string, machine cluster.Machine) resource.TestCheckFunc {
		return func(*terraform.State) error {
			d := s.document(t)
			if d.Generation != generation || d.BatchConfig != config || d.Groups["cpu"].Machine != machine {
				t.Errorf("generation %d, want %d; lines %q, machine %+v, want %+v", d.Generation, generation, d.BatchConfig, d.Groups["cpu"].Machine, machine)
			}
			var ids []string
			for _, server := range s.cloud.Servers() {
				ids = append(ids, server.ID)
			}
			if now := strings.Join(ids, " "); servers == "" {
				servers = now
			} else if now != servers {
				t.Errorf("servers %s, want those that were there: %s", now, servers)
			}
			return nil
		}
	}
	small := cluster.Machine{CPUs: 1, MemoryMiB: 512}
	small2 := cluster.Machine{CPUs: 1, MemoryMiB: 512, GPUs: 2}
	first := int64(0)
	s.run(t,
		resource.TestStep{Config: plain, Check: func(state *terraform.State) error {
			first = s.document(t).Generation
			return expect(first, "", small)(state)
		}},
		resource.TestStep{Config: lines, ConfigPlanChecks: inPlace, Check: func(state *terraform.State) error {
			return expect(first+1, "JOB_DEFAULT_LEASE = 600\n", small)(state)
		}},
		resource.TestStep{Config: gpus, ConfigPlanChecks: inPlace, Check: func(state *terraform.State) error {
			return expect(first+2, "JOB_DEFAULT_LEASE = 600\n", small2)(state)
		}},
		resource.TestStep{Config: gpus, ConfigPlanChecks: noChange},
		resource.TestStep{
			Config: gpus, ResourceName: clusterAddress, ImportState: true, ImportStateId: "astro", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"timeouts", "front_end", "key_pair", "image", "network"},
		},
		resource.TestStep{Config: sized, ConfigPlanChecks: inPlace, Check: func(state *terraform.State) error {
			return expect(first+3, "JOB_DEFAULT_LEASE = 600\n", cluster.Machine{CPUs: 2, MemoryMiB: 1024, GPUs: 2})(state)
		}},
		resource.TestStep{
			Config: sized + "\ndata \"vmcluster_cluster\" \"seen\" {\n  name = \"astro\"\n}\n",
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.vmcluster_cluster.seen", tfjsonpath.New("batch_config"), knownvalue.StringExact("JOB_DEFAULT_LEASE = 600\n")),
				statecheck.ExpectKnownValue("data.vmcluster_cluster.seen", tfjsonpath.New("groups").AtMapKey("cpu"), knownvalue.ObjectPartial(map[string]knownvalue.Check{
					"cpus": knownvalue.Int64Exact(2), "memory_mib": knownvalue.Int64Exact(1024), "gpus": knownvalue.Int64Exact(2)})),
			},
		},
		resource.TestStep{Config: plain, ConfigPlanChecks: inPlace, Check: func(state *terraform.State) error {
			return expect(first+4, "", small)(state)
		}},
	)
}

// Lines that would undo vmcluster's own are refused with their numbers, before a cloud is asked.
func TestAccBatchSystemRefused(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(batch, workers string) string {
		return s.config(basic(workers, "batch_system = { "+batch+" }"))
	}
	const cpu = `cpu = { flavor = "m1.small", count = 1 }`
	s.run(t,
		resource.TestStep{Config: body(`type = "htcondor", config = "A = b\nCONDOR_HOST = x\ninclude : /x\n"`, cpu), PlanOnly: true,
			ExpectError: regexp.MustCompile(`(?s)config.*Line 2 sets CONDOR_HOST, which is vmcluster's own.*Line\s+3\s+is\s+no\s+setting`)},
		resource.TestStep{Config: body(`type = "htcondor", config = "A = b\r\n"`, cpu), PlanOnly: true,
			ExpectError: regexp.MustCompile(`line 1 holds the character U\+000D`)},
		resource.TestStep{Config: body(`type = "none", config = "A = b"`, cpu), PlanOnly: true,
			ExpectError: regexp.MustCompile(`There is no batch system`)},
		resource.TestStep{Config: body(`type = "htcondor"`, `cpu = { flavor = "m1.small", count = 1, gpus = 65 }`), PlanOnly: true,
			ExpectError: regexp.MustCompile(`must be between 0 and 64`)},
	)
}

// A group is removed while jobs wait for it: the plan names them, and asks for nothing in
// any other plan.
func TestAccGroupRemovedWithWaitingJobs(t *testing.T) {
	var waits atomic.Value
	waits.Store(cluster.Waits{})
	s := newStage(t, openstacktest.Options{}, guest.Options{Waits: func() cluster.Waits { return waits.Load().(cluster.Waits) }})
	body := func(workers string) string { return s.config(basic(workers, `batch_system = { type = "slurm" }`)) }
	both := body(`cpu = { flavor = "m1.small", count = 1 }, gpu = { flavor = "m1.small", scaling = { min = 0, max = 3 } }`)
	one := body(`cpu = { flavor = "m1.small", count = 1 }`)
	s.run(t,
		resource.TestStep{Config: both},
		resource.TestStep{
			PreConfig: func() {
				waits.Store(cluster.Waits{"gpu": {Count: 12, IDs: []string{"17", "18", "19"}}, "cpu": {Count: 1, IDs: []string{"20"}}})
				s.heard.reset()
			},
			Config: one, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers")`, "12 waiting jobs can run on no other group's workers: 17, 18, 19 and 9 more", "Cancel them, or let them run first")
				for _, w := range s.heard.warnings() {
					if strings.Contains(w.text, "20") {
						t.Errorf("a job of a group that stays: %s", w.text)
					}
				}
				waits.Store(cluster.Waits{"cpu": {Count: 1, IDs: []string{"20"}}})
				s.heard.reset()
			},
			Config: one, ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate),
			Check: func(*terraform.State) error {
				for _, w := range s.heard.warnings() {
					t.Errorf("a warning although no job waits: %s %s", w.summary, w.text)
				}
				return nil
			},
		},
	)
}
