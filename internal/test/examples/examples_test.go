package examples

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

const root = "../../../examples"

// The examples speak of a cloud like this one. Its entry in clouds.yaml is named
// as in the examples.
const cloudName = "research"

func startCloud(t *testing.T) (*openstacktest.Cloud, *guest.Simulator) {
	t.Helper()
	options := openstacktest.Options{SecurityGroups: []string{"default", "ssh"}}
	for _, name := range []string{"debian-13-hpc", "debian-13-hpc-cuda", "debian-13-condor"} {
		options.Images = append(options.Images, openstacktest.Image{ID: "a1599d16-0000-4000-8000-" + strings.Repeat("0", 11) + string(rune('1'+len(options.Images))), Name: name})
	}
	for i, name := range []string{"m1.medium", "m1.large", "c1.xlarge", "g1.large"} {
		options.Flavors = append(options.Flavors, openstacktest.Flavor{ID: string(rune('1' + i)), Name: name, VCPUs: 4, RAM: 8192, Disk: 40})
	}
	for i, name := range []string{"research", "research-net"} {
		n := openstacktest.DefaultNetworks()[0]
		n.ID, n.Name, n.CIDR = n.ID[:len(n.ID)-1]+string(rune('3'+i)), name, "10."+string(rune('6'+i))+".0.0/20"
		options.Networks = append(options.Networks, n)
	}
	options.Networks = append(options.Networks, openstacktest.DefaultNetworks()[1])
	cloud := openstacktest.New(options)
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	guests := guest.New(cloud, guest.Options{})
	guests.Start()
	t.Cleanup(guests.Close)
	return cloud, guests
}

// stage is a copy of examples/ that works on a cloud of its own.
type stage struct {
	t     *testing.T
	cloud *openstacktest.Cloud
	dir   string // the copy
	path  string // terraform or tofu
	bin   string
}

func newStage(t *testing.T, path, bin string) *stage {
	t.Helper()
	cloud, _ := startCloud(t)
	s := &stage{t: t, cloud: cloud, dir: t.TempDir(), path: path, bin: bin}
	if err := os.CopyFS(s.dir, os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	s.write("clouds.yaml", strings.ReplaceAll(cloud.CloudsYAML(), `"`+openstacktest.CloudName+`"`, `"`+cloudName+`"`))
	return s
}

func (s *stage) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// example prepares one example. It adds the parts that a registry page leaves out, and
// takes variables from terraform.tfvars.example.
func (s *stage) example(dir string) *tfcli.CLI {
	s.t.Helper()
	text := ""
	files, err := filepath.Glob(filepath.Join(s.dir, dir, "*.tf"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			s.t.Fatal(err)
		}
		text += string(raw)
	}
	if !strings.Contains(text, "required_providers") {
		s.write(filepath.Join(dir, "provider_of_the_test.tf"),
			"terraform {\n  required_providers {\n    vmcluster = { source = \""+tfcli.Source+"\" }\n  }\n}\n\nprovider \"vmcluster\" {}\n")
	}
	if raw, err := os.ReadFile(filepath.Join(s.dir, dir, "terraform.tfvars.example")); err == nil {
		s.write(filepath.Join(dir, "terraform.tfvars"), string(raw))
	}
	cli, err := tfcli.New(s.path, filepath.Join(s.dir, dir), s.bin)
	if err != nil {
		s.t.Fatal(err)
	}
	cli.Env = []string{"OS_CLIENT_CONFIG_FILE=" + filepath.Join(s.dir, "clouds.yaml"), "OS_CLOUD=" + cloudName}
	if strings.Contains(text, "module ") {
		s.must(cli.Run(s.t.Context(), "get", "-no-color"))
	}
	return cli
}

func (s *stage) must(text string, err error) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func (s *stage) apply(cli *tfcli.CLI) {
	s.t.Helper()
	text := s.must(cli.Apply(s.t.Context()))
	if strings.Contains(strings.ReplaceAll(text, "Warning: Provider development overrides", ""), "Warning:") {
		s.t.Errorf("the apply warns:\n%s", text)
	}
	text, differs, err := cli.Plan(s.t.Context())
	if err != nil || differs {
		s.t.Errorf("the plan after the apply: %v\n%s", err, text)
	}
}

func (s *stage) destroy(cli *tfcli.CLI) {
	s.t.Helper()
	s.must(cli.Destroy(context.WithoutCancel(s.t.Context())))
}

func (s *stage) expectNothing() {
	s.t.Helper()
	if servers, ips, ports := s.cloud.Servers(), s.cloud.FloatingIPs(), s.cloud.PortCount(); len(servers)+len(ips)+ports > 0 {
		s.t.Errorf("left: %d servers, %d floating IPs, %d ports", len(servers), len(ips), ports)
	}
}

// tools returns the command line and a folder with the provider of this tree.
func tools(t *testing.T) (path, bin string) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: as all tests with a real command line, run it by make test")
	}
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	bin = t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "terraform-provider-vmcluster"), "../../..").CombinedOutput()
	if err != nil {
		t.Fatalf("build the provider: %v\n%s", err, out)
	}
	return path, bin
}

// folders returns the folders below examples/ that hold a configuration, modules
// excepted: they are applied by the projects that use them.
func folders(t *testing.T) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(name) == ".tf" && !strings.HasPrefix(name, "modules/") {
			out = append(out, filepath.Dir(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Compact(out)
}

// uses are examples that read what another one makes.
var uses = map[string]string{
	"data-sources/vmcluster_cluster": "resources/vmcluster_cluster",
	"functions/hosts_file":           "resources/vmcluster_cluster",
}

// Every example is applied; a plan after it shows no difference; a destroy leaves
// nothing.
func TestExamples(t *testing.T) {
	path, bin := tools(t)
	all := folders(t)
	if len(all) < 7 {
		t.Fatalf("found %v only", all)
	}
	for _, dir := range all {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, path, bin)
			var before *tfcli.CLI
			if other := uses[dir]; other != "" {
				before = s.example(other)
				s.must(before.Apply(t.Context()))
			}
			cli := s.example(dir)
			s.apply(cli)
			s.destroy(cli)
			if before != nil {
				s.destroy(before)
			}
			s.expectNothing()
		})
	}
}

// The module refuses in the plan what the provider or the cloud would refuse
// later.
func TestModuleValidation(t *testing.T) {
	path, bin := tools(t)
	s := newStage(t, path, bin)
	cli := s.example("projects/two-groups")
	for _, row := range []struct{ name, variable, says string }{
		{"a name that is no host name", "name=Lab_1", "The name is part of host names"},
		{"a negative number", "cpu_workers=-1", "between 0 and"},
		{"an unknown batch system", "batch_system=pbs", "loadleveler"},
	} {
		text, _, err := cli.Plan(t.Context(), "-var", row.variable)
		if err == nil || !strings.Contains(strings.Join(strings.Fields(text), " "), row.says) {
			t.Errorf("%s: %v\n%s", row.name, err, text)
		}
	}
	s.write("projects/two-groups/main.tf", strings.Replace(s.read("projects/two-groups/main.tf"), "count = var.cpu_workers", "retire = []", 1))
	if text, _, err := cli.Plan(t.Context()); err == nil || !strings.Contains(text, "either count or scaling") {
		t.Errorf("a group without a number: %v\n%s", err, text)
	}
}

// The module takes every batch system that a cluster can run, and nothing else changes.
func TestModuleOnEveryBatchSystem(t *testing.T) {
	path, bin := tools(t)
	s := newStage(t, path, bin)
	cli := s.example("projects/two-groups")
	for _, name := range node.BatchSystems() {
		text, _, err := cli.Plan(t.Context(), "-var", "batch_system="+name)
		if err != nil || !strings.Contains(strings.Join(strings.Fields(text), " "), `type = "`+name+`"`) || !strings.Contains(text, "Front-end of lab") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// The lines of a batch system's configuration are checked there as well.
func TestSlurmModuleValidation(t *testing.T) {
	path, bin := tools(t)
	s := newStage(t, path, bin)
	const file = "projects/slurm-mpi/main.tf"
	cli, right := s.example("projects/slurm-mpi"), s.read(file)
	for _, row := range []struct{ name, old, new, says string }{
		{"a setting of the cluster's", "SrunPortRange=60001-63000", "SuspendProgram=/bin/true", "line 2"},
		{"a line that is no setting", "SrunPortRange=60001-63000", "srun, please", "line 2"},
		{"a group without a number", "count        = var.workers", "", "either count or scaling"},
		{"no number of GPUs", "count        = var.workers", "count = 1\n      gpus = -1", "gpus"},
	} {
		wrong := strings.Replace(right, row.old, row.new, 1)
		s.write(file, wrong)
		if text, _, err := cli.Plan(t.Context()); err == nil || wrong == right || !strings.Contains(strings.Join(strings.Fields(text), " "), row.says) {
			t.Errorf("%s: %v\n%s", row.name, err, text)
		}
	}
}

func (s *stage) read(name string) string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw)
}
