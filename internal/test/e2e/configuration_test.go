//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

const address = "vmcluster_cluster.e2e"

// wanted is what a story's configuration asks for; chapters change it and apply.
// The texts are further attributes in HCL; groups replaces the one group of the
// other stories.
type wanted struct {
	workers                  int
	scaled                   bool // the number is the scaler's, from workers to one more
	retire                   []string
	cluster, frontEnd, group string
	batch                    string // in batch_system, beside the type
	groups                   string
	caVersion                int // 0 is 1
}

const configurationText = `
terraform {
  required_providers {
    vmcluster = { source = %[1]q }
  }
}

provider "vmcluster" {}

variable "ca_key" {
  type      = string
  ephemeral = true
}

resource "vmcluster_cluster" "e2e" {
  name            = %[2]q
  image           = %[3]q
  network         = %[4]q
  key_pair        = %[5]q
  security_groups = [%[6]q]
  login_user      = %[2]q

  front_end = {
    flavor   = %[7]q
    metadata = { %[8]s = %[9]q }
    %[10]s
    %[11]s
  }

  workers = {
    %[12]s
  }

  batch_system = {
    type = %[15]q
    %[16]s
  }
  %[13]s

  ssh_ca_private_key_wo         = var.ca_key
  ssh_ca_private_key_wo_version = %[14]d
}
`

const groupText = `cpu = {
      flavor   = %q
      %s
      metadata = { %s = %q }
      %s
    }`

// number returns what the group says of its number of workers.
func (w wanted) number() string {
	if w.scaled {
		return fmt.Sprintf("scaling = { min = %d, max = %d }", w.workers, w.workers+1)
	}
	retire, _ := json.Marshal(append([]string{}, w.retire...)) // strings can always be written
	return fmt.Sprintf("count = %d\n      retire = %s", w.workers, retire)
}

func (s *story) configuration() string {
	groups := s.want.groups
	if groups == "" {
		groups = fmt.Sprintf(groupText, s.env[cloudenv.Flavor], s.want.number(), runMark, s.mark, s.want.group)
	}
	external := ""
	if network := os.Getenv(cloudenv.ExternalNetwork); network != "" {
		external = fmt.Sprintf("external_network = %q", network)
	}
	return fmt.Sprintf(configurationText, tfcli.Source, s.name, s.env[cloudenv.Image], s.env[cloudenv.Network], s.env[cloudenv.KeyPair], s.env[cloudenv.SecurityGroup],
		s.env[cloudenv.Flavor], runMark, s.mark, external, s.want.frontEnd, groups, s.want.cluster, max(1, s.want.caVersion), s.batch.kind(), s.want.batch)
}

// apply brings the cluster to what is wanted and expects that nothing is left to
// do. Every warning is a failure but those whose summaries are expected.
func (s *story) apply(t *testing.T, expected ...string) {
	t.Helper()
	if err := s.cli.Write("main.tf", s.configuration()); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	text, err := s.cli.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("apply with count = %d took %s", s.want.workers, time.Since(start).Round(time.Second))
	s.expectWarnings(t, text, expected)
	s.noDifference(t, "a plan right after the apply")
}

// noDifference expects a plan without changes.
func (s *story) noDifference(t *testing.T, which string) {
	t.Helper()
	text, differs, err := s.cli.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if differs {
		t.Errorf("%s holds a difference:\n%s", which, text)
	}
}

var warning = regexp.MustCompile(`(?m)^\W*Warning: (.*)$`)

func (s *story) expectWarnings(t *testing.T, text string, expected []string) {
	t.Helper()
	var got []string
	for _, m := range warning.FindAllStringSubmatch(text, -1) {
		// The provider of this tree is given by an override, which the CLI points out.
		if summary := strings.TrimSpace(m[1]); !strings.Contains(summary, "development overrides") && !slices.Contains(got, summary) {
			got = append(got, summary)
		}
	}
	slices.Sort(got)
	slices.Sort(expected)
	if !slices.Equal(got, expected) {
		t.Errorf("apply warned %q, want %q:\n%s", got, expected, text)
	}
}
