package provider

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// links expects so many links in the cluster document, and a signature in each but the
// first.
func (s *stage) links(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		server, _ := s.cloud.Server("astro-frontend")
		d, err := cluster.DecodeDocument(server.Metadata)
		if err != nil {
			return err
		}
		if len(d.Signed) != want || d.Signing() != (want > 0) {
			return fmt.Errorf("the document has the links %+v, want %d", d.Signed, want)
		}
		for _, l := range d.Signed[min(1, want):] {
			if l.Signature == "" {
				return errors.New("a link has no signature")
			}
		}
		return nil
	}
}

// With document_signing a new CA comes with the signature of the one before, whose key
// the provider has or is given; without that key the plan says which attribute helps.
func TestAccDocumentSigning(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	one, two := testKey(t), testKey(t)
	key := func(name, pem string) string { return fmt.Sprintf("%s = <<-EOT\n%sEOT\n", name, pem) }
	body := func(count int, more string) string {
		return s.config(basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d }`, count), "document_signing = true\n"+more))
	}
	given := key("ssh_ca_private_key_wo", one) + "ssh_ca_private_key_wo_version = 2"
	next := key("ssh_ca_private_key_wo", two) + "ssh_ca_private_key_wo_version = 3"
	s.run(t,
		resource.TestStep{Config: body(1, ""), Check: s.links(1)},
		resource.TestStep{Config: body(1, "ssh_ca_private_key_wo_version = 1"), Check: s.links(2)}, // keys that the provider makes
		resource.TestStep{Config: body(1, given), Check: s.links(3)},
		resource.TestStep{Config: body(2, "ssh_ca_private_key_wo_version = 2"), ExpectError: regexp.MustCompile(`(?s)can't be signed.*document_signing.*ssh_ca_private_key_wo`)},
		resource.TestStep{Config: body(1, next), ExpectError: regexp.MustCompile(`(?s)can't be signed.*ssh_ca_former_private_key_wo`)},
		resource.TestStep{Config: body(1, next+"\n"+key("ssh_ca_former_private_key_wo", one)), Check: s.links(3)},
		resource.TestStep{Config: body(2, next), Check: s.links(3), ConfigPlanChecks: planned1(plancheck.ResourceActionUpdate)},
		resource.TestStep{
			Config:       body(2, next),
			ResourceName: clusterAddress, ImportState: true, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"ssh_ca_private_key_wo_version", "timeouts", "resolved", "wait_for", "drain_timeout", "replacement", "image", "network", "front_end.flavor", "workers.cpu.flavor"},
		},
	)
	for _, pem := range []string{one, two} {
		if s.heard.holds(strings.Split(pem, "\n")[1]) {
			t.Error("a plan, a state or a diagnostic holds a key")
		}
	}
}

// signs expects whether the cluster document asks for signatures.
func (s *stage) signs(want bool) resource.TestCheckFunc {
	return func(*terraform.State) error {
		server, _ := s.cloud.Server("astro-frontend")
		d, err := cluster.DecodeDocument(server.Metadata)
		if err == nil && d.Signing() != want {
			err = fmt.Errorf("the document has the links %+v", d.Signed)
		}
		return err
	}
}

// document_signing is turned on and off on a cluster that exists, by a value that is
// known during the apply only.
func TestAccDocumentSigningOfAPresentCluster(t *testing.T) {
	s := newStage(t, openstacktest.Options{}, guest.Options{})
	body := func(on string) string {
		return s.config(basic(`cpu = { flavor = "m1.small", count = 1 }`, "document_signing = terraform_data.later.output")) + later(on)
	}
	update := planned1(plancheck.ResourceActionUpdate)
	s.run(t,
		resource.TestStep{Config: body("false"), Check: s.signs(false)},
		resource.TestStep{Config: body("true"), Check: s.signs(true), ConfigPlanChecks: update},
		resource.TestStep{Config: body("false"), Check: s.signs(false), ConfigPlanChecks: update},
	)
}
