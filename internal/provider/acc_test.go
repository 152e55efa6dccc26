package provider

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/progress"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// The acceptance tests run a real CLI (TF_ACC=1; TF_ACC_TERRAFORM_PATH or the
// search path names it) with the provider in this process, against an embedded
// OpenStack whose front-ends play the node program.

// These tests wait more than they compute, so more of them run side by side than
// there are processors, unless the caller says how many.
func TestMain(m *testing.M) {
	os.Setenv(progress.Variable, "off") // of the provider in this process
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", "12"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

const clusterAddress = "vmcluster_cluster.test"

// stage is a cloud with its guests, and a provider that is listened to.
type stage struct {
	cloud  *openstacktest.Cloud
	guests *guest.Simulator
	heard  *recorder
	ports  int // made by users beforehand: they stay
	// noRefresh has plans made with -refresh=false.
	noRefresh bool
}

// newStage starts a cloud with its guests. The test runs side by side with others
// from here on, so that only the stages that are played have guests at work.
func newStage(t *testing.T, o openstacktest.Options, g guest.Options) *stage {
	t.Helper()
	t.Parallel()
	cloud := openstacktest.New(o)
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	guests := guest.New(cloud, g)
	guests.Start()
	t.Cleanup(guests.Close)
	return &stage{cloud: cloud, guests: guests, heard: &recorder{}}
}

// run runs the steps and looks whether anything is left in the cloud.
func (s *stage) run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	s.runWith(t, nil, steps...)
}

// runWith is run for what needs a newer command line than the oldest one.
func (s *stage) runWith(t *testing.T, versions []tfversion.TerraformVersionCheck, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		TerraformVersionChecks: versions,
		AdditionalCLIOptions:   &resource.AdditionalCLIOptions{Plan: resource.PlanOptions{NoRefresh: s.noRefresh}},
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"vmcluster": func() (tfprotov6.ProviderServer, error) {
				return &listener{ProviderServer: newServer("test"), heard: s.heard}, nil
			},
		},
		CheckDestroy: func(*terraform.State) error { return s.empty() },
		Steps:        steps,
	})
}

func (s *stage) empty() error {
	if servers, ips := s.cloud.Servers(), s.cloud.FloatingIPs(); len(servers) > 0 || len(ips) > 0 {
		return fmt.Errorf("left in the cloud: %d servers, %d floating IPs", len(servers), len(ips))
	}
	if n := s.cloud.PortCount(); n != s.ports {
		return fmt.Errorf("left in the cloud: %d ports, want %d", n, s.ports)
	}
	return nil
}

// names returns the servers' names in order of creation.
func (s *stage) names() []string {
	var out []string
	for _, server := range s.cloud.Servers() {
		out = append(out, server.Name)
	}
	return out
}

func (s *stage) remove(t *testing.T, name string) {
	t.Helper()
	server, ok := s.cloud.Server(name)
	if !ok {
		t.Errorf("no server %s", name)
		return
	}
	s.cloud.RemoveServer(server.ID)
}

// config writes a configuration; body is the resource's.
func (s *stage) config(body string) string {
	return fmt.Sprintf(`
provider "vmcluster" {
  auth_url            = %q
  user_name           = %q
  password            = %q
  user_domain_name    = %q
  tenant_name         = %q
  project_domain_name = %q
  region              = %q
}

resource "vmcluster_cluster" "test" {
%s
}
`, s.cloud.AuthURL(), openstacktest.Username, openstacktest.Password, openstacktest.DomainName,
		openstacktest.ProjectName, openstacktest.DomainName, openstacktest.Region, body)
}

// basic is a resource's body with one group.
func basic(workers string, more ...string) string {
	return `
  name      = "astro"
  image     = "debian-13-hpc"
  network   = "private"
  key_pair  = "ops"
  front_end = { flavor = "m1.medium" }
  workers   = { ` + workers + " }\n  " + strings.Join(more, "\n  ")
}

// heardDiagnostic is a diagnostic as the CLI got it.
type heardDiagnostic struct {
	severity      tfprotov6.DiagnosticSeverity
	path          string
	summary, text string
}

// recorder keeps what the provider sent, for what the CLI's own test helpers do
// not show: warnings, paths, raw state.
type recorder struct {
	mu     sync.Mutex
	diags  []heardDiagnostic
	states [][]byte // every planned and new state
	reads  int
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.diags, r.reads = nil, 0
}

func (r *recorder) warnings() []heardDiagnostic {
	return r.of(tfprotov6.DiagnosticSeverityWarning)
}

func (r *recorder) errors() []heardDiagnostic { return r.of(tfprotov6.DiagnosticSeverityError) }

func (r *recorder) of(severity tfprotov6.DiagnosticSeverity) []heardDiagnostic {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []heardDiagnostic
	for _, d := range r.diags {
		if d.severity == severity {
			out = append(out, d)
		}
	}
	return out
}

func (r *recorder) readCount() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reads
}

// holds reports whether any state or diagnostic held the text.
func (r *recorder) holds(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.states {
		if bytes.Contains(s, []byte(text)) {
			return true
		}
	}
	for _, d := range r.diags {
		if strings.Contains(d.summary+d.text, text) {
			return true
		}
	}
	return false
}

func (r *recorder) hear(state *tfprotov6.DynamicValue, diags []*tfprotov6.Diagnostic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if state != nil {
		r.states = append(r.states, state.MsgPack)
	}
	for _, d := range diags {
		h := heardDiagnostic{severity: d.Severity, summary: d.Summary, text: d.Detail}
		if d.Attribute != nil {
			h.path = d.Attribute.String()
		}
		r.diags = append(r.diags, h)
	}
}

type listener struct {
	tfprotov6.ProviderServer
	heard *recorder
}

func (l *listener) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := l.ProviderServer.ValidateResourceConfig(ctx, req)
	if resp != nil {
		l.heard.hear(nil, resp.Diagnostics)
	}
	return resp, err
}

func (l *listener) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	l.heard.mu.Lock()
	l.heard.reads++
	l.heard.mu.Unlock()
	resp, err := l.ProviderServer.ReadResource(ctx, req)
	if resp != nil {
		l.heard.hear(resp.NewState, resp.Diagnostics)
	}
	return resp, err
}

func (l *listener) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := l.ProviderServer.PlanResourceChange(ctx, req)
	if resp != nil {
		l.heard.hear(resp.PlannedState, resp.Diagnostics)
	}
	return resp, err
}

func (l *listener) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := l.ProviderServer.ApplyResourceChange(ctx, req)
	if resp != nil {
		l.heard.hear(resp.NewState, resp.Diagnostics)
	}
	return resp, err
}
