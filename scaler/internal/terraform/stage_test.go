package terraform_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/terraform"
)

// These tests run a real command line (TF_ACC=1; TF_ACC_TERRAFORM_PATH or the
// search path names it) with the provider of this tree on an embedded OpenStack
// whose front-ends play the node program. They wait more than they compute, so they
// run side by side: each stage has a cloud, a folder and an environment of its own.

// stage is a cluster that a terraform apply has made, with its cloud and its programs.
type stage struct {
	t      *testing.T
	cloud  *openstacktest.Cloud
	guests *guest.Simulator
	p      provision.Steps
	dir    string
	path   string // of a program that is the command line in the stage's environment
	id     string

	mu   sync.Mutex
	busy map[string]bool
}

const configuration = `
terraform {
  required_providers {
    vmcluster = { source = "registry.terraform.io/vmcluster/vmcluster" }
  }
%s
}

variable "vmcluster_workers" {
  type    = map(object({ count = number, retire = set(string) }))
  default = {}
}

# A secret that is in no file and no plan: each run has it from the scaler's environment.
variable "ca_key" {
  type      = string
  ephemeral = true
}

resource "vmcluster_cluster" "astro" {
  name      = "astro"
  image     = "debian-13-hpc"
  network   = "private"
  key_pair  = "ops"
  front_end = { flavor = "m1.medium" }
  workers = {
    cpu = {
      flavor = "m1.small"
      count  = %s
      retire = %s
    }
    gpu = {
      flavor  = "m1.large"
      scaling = { min = 0, max = 3 }
    }
  }
  batch_system  = { type = "htcondor" }
  drain_timeout = "90s"
  timeouts      = { update = "2m" }

  ssh_ca_private_key_wo         = var.ca_key
  ssh_ca_private_key_wo_version = 1
}
`

const (
	countOfFile  = `try(var.vmcluster_workers["cpu"].count, 3)`
	retireOfFile = `try(var.vmcluster_workers["cpu"].retire, [])`
)

func newStage(t *testing.T, backend string) *stage {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: as all tests with a real command line, run it by make test")
	}
	t.Parallel()
	s := &stage{t: t, dir: t.TempDir(), busy: map[string]bool{}}
	s.cloud = openstacktest.New(openstacktest.Options{})
	if err := s.cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cloud.Close)
	s.guests = guest.New(s.cloud, guest.Options{Busy: s.isBusy})
	s.guests.Start()
	t.Cleanup(s.guests.Close)
	env := s.cloud.Env()
	client, err := openstack.New(t.Context(), openstack.Config{Getenv: func(name string) string { return env[name] }})
	if err != nil {
		t.Fatal(err)
	}
	env["TF_CLI_CONFIG_FILE"] = mirror(t)
	env["TF_VAR_ca_key"] = newCAKey(t)
	s.install(env)
	s.p = provision.Steps{Provisioner: provision.New(client, provision.Options{Owner: cluster.OwnerScaler})}
	s.configure(backend, countOfFile, retireOfFile)
	s.human("init")
	s.human("apply", "-auto-approve")
	view, err := s.p.Find(t.Context(), "astro")
	if err != nil {
		t.Fatal(err)
	}
	s.id = view.Document.ID
	return s
}

// install writes the program that runs the command line in an environment. Tests that
// run side by side have no environment of their own otherwise.
func (s *stage) install(env map[string]string) {
	s.t.Helper()
	path, err := tfcli.Find()
	if err != nil {
		s.t.Fatal(err)
	}
	script := "#!/bin/sh\n"
	for name, value := range env {
		script += "export " + name + "=" + command.Quote(value) + "\n"
	}
	s.path = filepath.Join(s.t.TempDir(), "terraform")
	s.program(s.path, script+"exec "+command.Quote(path)+" \"$@\"\n")
}

// program writes a program. No other test starts a process meanwhile: that one would
// hold the file open, and a file that is open for writing cannot be run.
func (s *stage) program(path, text string) {
	s.t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

func newCAKey(t *testing.T) string {
	t.Helper()
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var (
	mirrorOnce   sync.Once
	mirrorFolder string
)

// mirror builds the provider once into a folder from which init installs it, and
// returns a command line configuration that has no other source.
func mirror(t *testing.T) string {
	t.Helper()
	mirrorOnce.Do(func() {
		dir, err := os.MkdirTemp("", "vmcluster-mirror-") //nolint:usetesting // it serves several tests
		if err != nil {
			t.Fatal(err)
		}
		mirrorFolder = dir
		binary := filepath.Join(dir, "registry.terraform.io/vmcluster/vmcluster/1.0.0", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-vmcluster_v1.0.0")
		// Each command reads the whole file for its checksum: a small one is read sooner.
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", binary, "../../..").CombinedOutput(); err != nil {
			t.Fatalf("build the provider: %v\n%s", err, out)
		}
		text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", dir)
		if err := os.WriteFile(filepath.Join(dir, "cli.tfrc"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	return filepath.Join(mirrorFolder, "cli.tfrc")
}

// side is how many of the stages are played at a time, unless the caller says how many.
const side = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", side); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if mirrorFolder != "" {
		_ = os.RemoveAll(mirrorFolder)
	}
	os.Exit(code)
}

func (s *stage) configure(backend, count, retire string) {
	s.t.Helper()
	text := fmt.Sprintf(configuration, backend, count, retire)
	if err := os.WriteFile(filepath.Join(s.dir, "main.tf"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// human runs the command line as a person at a terminal does.
func (s *stage) human(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.path, append(args, "-no-color", "-input=false")...)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// expectNoDifference checks that a person's plan has nothing to do.
func (s *stage) expectNoDifference() {
	s.t.Helper()
	if out := s.human("plan"); !strings.Contains(out, "No changes.") {
		s.t.Errorf("a human's plan shows a difference:\n%s", out)
	}
}

func (s *stage) isBusy(worker string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy[worker]
}

func (s *stage) nova() *actuate.Nova { return actuate.NewNova("astro", s.p) }

func (s *stage) terraform(change func(*terraform.Options)) *terraform.Actuator {
	o := terraform.Options{
		Reader: s.nova(), Cloud: s.p, Resource: "vmcluster_cluster.astro", Timeout: 5 * time.Minute,
		CLI:  terraform.Program{Path: s.path, Directory: s.dir, Resource: "vmcluster_cluster.astro", LockTimeout: time.Second},
		File: s.file(),
		Log:  func(msg string, kv ...any) { s.t.Log(append([]any{msg}, kv...)...) },
	}
	if change != nil {
		change(&o)
	}
	return terraform.New(o)
}

func (s *stage) file() terraform.File {
	return terraform.File{Path: filepath.Join(s.dir, "scaler.auto.tfvars.json"), Variable: "vmcluster_workers"}
}

// servers returns the workers' servers: name → ID.
func (s *stage) servers() map[string]string {
	out := map[string]string{}
	for _, server := range s.cloud.Servers() {
		if !slices.Contains(server.Tags, cluster.RoleTag(cluster.RoleFrontEnd)) && !server.Deleting {
			out[server.Name] = server.ID
		}
	}
	return out
}

func (s *stage) roster() map[string]cluster.Leaving {
	s.t.Helper()
	view, err := s.p.Refresh(s.t.Context(), cluster.Ref{ID: s.id}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]cluster.Leaving{}
	for _, m := range view.Document.Workers {
		out[m.Name] = m.Leaving
	}
	return out
}

func (s *stage) until(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// actuator is an actuator that also reads the cluster.
type actuator interface {
	loop.Actuator
	Read(ctx context.Context) (cluster.View, error)
}
