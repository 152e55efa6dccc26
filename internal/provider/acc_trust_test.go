package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// servers returns the IDs of the servers by name.
func (s *stage) servers() map[string]string {
	out := map[string]string{}
	for _, server := range s.cloud.Servers() {
		out[server.Name] = server.ID
	}
	return out
}

// newFrontEnd wants another front-end than before and the same workers.
func newFrontEnd(s *stage, before map[string]string, workers ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		now := s.servers()
		if now["astro-frontend"] == before["astro-frontend"] {
			return fmt.Errorf("the front-end is the one before")
		}
		for _, w := range workers {
			if now[w] != before[w] {
				return fmt.Errorf("%s was made anew", w)
			}
		}
		return s.joined(workers...)
	}
}

func testKey(t *testing.T) string {
	t.Helper()
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	text, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A front-end that is lost, or made of something else, is made anew; the workers
// go on under it, by the key that the provider keeps.
func TestAccFrontEndReplaced(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(frontEnd, more string) string {
		return s.config(strings.Replace(basic(`cpu = { flavor = "m1.small", count = 2 }`, `batch_system = { type = "htcondor" }`, more),
			`{ flavor = "m1.medium" }`, frontEnd, 1))
	}
	plain, workers := `{ flavor = "m1.medium" }`, []string{"astro-cpu-1", "astro-cpu-2"}
	changed := `{ flavor = "m1.large", replace_on_change = true }`
	before := map[string]string{}
	note := func() {
		clear(before)
		for name, id := range s.servers() {
			before[name] = id
		}
		s.heard.reset()
	}
	kept := planned1(plancheck.ResourceActionUpdate,
		comes("astro-frontend"),
		plancheck.ExpectKnownValue(clusterAddress, node("astro-cpu-1").AtMapKey("id"), knownvalue.NotNull()))
	s.run(t,
		resource.TestStep{Config: body(plain, "")},
		resource.TestStep{
			PreConfig:        func() { note(); s.remove(t, "astro-frontend") },
			Config:           body(plain, ""),
			ConfigPlanChecks: kept,
			Check:            newFrontEnd(s, before, workers...),
		},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("front_end")`, "queue")
				note()
			},
			Config:           body(changed, ""),
			ConfigPlanChecks: kept,
			Check:            newFrontEnd(s, before, workers...),
		},
		resource.TestStep{ // another CA, made by the provider
			PreConfig: note,
			Config:    body(changed, "ssh_ca_private_key_wo_version = 1"),
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				plancheck.ExpectUnknownValue(clusterAddress, tfjsonpath.New("generation")),
				plancheck.ExpectKnownValue(clusterAddress, node("astro-frontend").AtMapKey("id"), knownvalue.NotNull())),
			Check: func(*terraform.State) error { return s.joined(workers...) },
		},
		resource.TestStep{
			PreConfig: func() {
				note()
				server, _ := s.cloud.Server("astro-frontend")
				s.cloud.SetStatus(server.ID, "ERROR", "the host is down")
			},
			Config:           body(changed, "ssh_ca_private_key_wo_version = 1"),
			ConfigPlanChecks: kept,
			Check:            newFrontEnd(s, before, workers...),
		},
	)
	if s.heard.holds("PRIVATE KEY") {
		t.Error("a plan, a state or a diagnostic holds a private key")
	}
}

// With a key that the user gives, nothing of it is kept; the new one counts after
// a change of the version, and the old one does not.
func TestAccCAKeyGiven(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	one, two := testKey(t), testKey(t)
	body := func(key string, version int) string {
		return s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`,
			fmt.Sprintf("ssh_ca_private_key_wo = <<-EOT\n%sEOT\nssh_ca_private_key_wo_version = %d", key, version)))
	}
	before := map[string]string{}
	lose := func() {
		for name, id := range s.servers() {
			before[name] = id
		}
		s.heard.reset()
		s.remove(t, "astro-frontend")
	}
	s.run(t,
		resource.TestStep{Config: body("no key\n", 1), ExpectError: regexp.MustCompile(`(?s)Invalid CA key.*no private key in PEM form`)},
		resource.TestStep{Config: body(one, 1)},
		resource.TestStep{PreConfig: lose, Config: body(one, 1), Check: newFrontEnd(s, before, "astro-cpu-1")},
		resource.TestStep{Config: body(two, 2), ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate)},
		resource.TestStep{PreConfig: lose, Config: body(two, 2), Check: newFrontEnd(s, before, "astro-cpu-1")},
		resource.TestStep{
			PreConfig: lose, Config: body(one, 2), // not the one that the nodes trust
			ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate,
				comes("astro-cpu-1")),
			Check: func(*terraform.State) error {
				s.expectWarning(t, `AttributeName("workers")`, "made anew")
				return s.joined("astro-cpu-1")
			},
		},
	)
	for _, key := range []string{one, two} {
		if s.heard.holds(strings.Split(key, "\n")[1]) {
			t.Error("a plan, a state or a diagnostic holds the key")
		}
	}
}
