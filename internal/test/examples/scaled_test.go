package examples

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/rounds"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// quickStart returns the configuration of README's quick start, and that with a group
// that belongs to the scaler, as README's section about it says.
func quickStart(t *testing.T) (counted, scaled string) {
	t.Helper()
	raw, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(raw), "\n## Quick start\n")
	_, text, _ = strings.Cut(text, "```hcl\n")
	counted, after, _ := strings.Cut(text, "```")
	_, after, _ = strings.Cut(after, "  workers = {\n    cpu = {")
	group, _, found := strings.Cut(after, "}\n  }\n```")
	scaled = strings.Replace(counted, `flavor = "c1.xlarge", count = 4`, strings.Trim(group, " }")+" }", 1)
	if !found || scaled == counted || !strings.Contains(group, "scaling") {
		t.Fatalf("README's quick start is not where it was:\n%s\n%s", counted, group)
	}
	return strings.ReplaceAll(counted, `"vmcluster/vmcluster"`, `"`+tfcli.Source+`"`), strings.ReplaceAll(scaled, `"vmcluster/vmcluster"`, `"`+tfcli.Source+`"`)
}

// quick prepares a folder with a configuration.
func (s *stage) quick(config string) *tfcli.CLI {
	s.t.Helper()
	dir := filepath.Join(s.dir, "quick")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.write("quick/main.tf", config)
	cli, err := tfcli.New(s.path, dir, s.bin)
	if err != nil {
		s.t.Fatal(err)
	}
	cli.Env = []string{"OS_CLIENT_CONFIG_FILE=" + filepath.Join(s.dir, "clouds.yaml")}
	return cli
}

// scaler returns what a scaler makes and removes workers with.
func (s *stage) scaler() provision.Steps {
	s.t.Helper()
	client, err := openstack.New(s.t.Context(), openstack.Config{
		AuthURL: s.cloud.AuthURL(), UserName: openstacktest.Username, Password: openstacktest.Password, UserDomainName: openstacktest.DomainName,
		TenantName: openstacktest.ProjectName, ProjectDomainName: openstacktest.DomainName, Region: openstacktest.Region,
		Getenv: func(string) string { return "" },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return provision.Steps{Provisioner: provision.New(client, provision.Options{Owner: cluster.OwnerScaler})}
}

// lasting are the outputs that hold while a scaler works, as the resource's page says.
var lasting = []string{"id", "name", "login_user", "front_end_address", "ssh_config", "known_hosts", "resolved", "batch_system", "front_end"}

// After a scaler has added and removed workers, a plan of the README's quick start has
// nothing to say: status 0, no changed output, no note of changes from outside.
func TestPlanIsQuietBesideAScaler(t *testing.T) {
	path, bin := tools(t)
	s := newStage(t, path, bin)
	_, config := quickStart(t)
	for _, name := range lasting {
		if !strings.Contains(config, "output \""+name+"\"") {
			config += fmt.Sprintf("\noutput %q {\n  value = vmcluster_cluster.astro.%s\n}\n", name, name)
		}
	}
	cli := s.quick(config)
	s.must(cli.Apply(t.Context()))
	made, err := cli.Attributes(t.Context(), "vmcluster_cluster.astro")
	if err != nil {
		t.Fatal(err)
	}
	known, _ := made["known_hosts"].(string)
	if !strings.HasPrefix(known, "astro-frontend,") || !strings.Contains(known, "\n@cert-authority astro-cpu-* ssh-ed25519 ") {
		t.Errorf("known_hosts is\n%s", known)
	}
	p, ref := s.scaler(), cluster.Ref{ID: made["id"].(string), Name: "astro"}
	quiet := func(when string) {
		t.Helper()
		text, differs, err := cli.Plan(t.Context())
		if err != nil || differs || !strings.Contains(text, "No changes") || strings.Contains(text, "outside of") {
			t.Errorf("%s: differs %v, %v\n%s", when, differs, err, text)
		}
	}
	quiet("after the apply")
	rounds.Add(t, p, ref, 3, func(ctx context.Context) ([]string, error) {
		posted, err := p.Post(ctx, ref, []provision.Order{{Group: "cpu", Count: 3}})
		return posted.Accepted.Names(), err
	})
	quiet("after the scaler has added workers")
	s.must(cli.Apply(t.Context())) // which writes the new workers into the state
	leaving := []string{"astro-cpu-2"}
	rounds.Remove(t, p, ref, leaving, func(ctx context.Context) ([]string, error) {
		retired, err := p.RequestDeletion(ctx, ref, leaving, nil)
		return retired.Accepted, err
	})
	quiet("after the scaler has removed one")
	s.destroy(cli)
	s.expectNothing()
}

// A plan for 50 workers is what a person reads before he types "yes".
func TestPlanOfManyWorkersIsShort(t *testing.T) {
	path, bin := tools(t)
	s := newStage(t, path, bin)
	config, _ := quickStart(t)
	cli := s.quick(strings.Replace(config, "count = 4", "count = 50", 1))
	text, differs, err := cli.Plan(t.Context())
	if err != nil || !differs {
		t.Fatal(differs, err, text)
	}
	for _, name := range []string{"astro-frontend", "astro-cpu-1", "astro-cpu-50"} {
		if !strings.Contains(text, `"`+name+`"`) {
			t.Errorf("the plan does not name %s", name)
		}
	}
	if lines := strings.Count(text, "\n"); lines > 200 {
		t.Errorf("the plan has %d lines:\n%s", lines, text)
	}
}
