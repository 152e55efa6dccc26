package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

var (
	_ loop.Consoles = (*openstack.Client)(nil)
	_ loop.Remains  = (*openstack.Client)(nil)
	_ loop.Memos    = (*openstack.Client)(nil)
	_ loop.Project  = project{}
)

// What the quota leaves, with servers of others in the same project, and what is
// without limit.
func TestTheProjectsRoom(t *testing.T) {
	cloud := openstacktest.New(openstacktest.Options{Quota: openstacktest.Quota{Instances: 10, Cores: 20}})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	for k, v := range cloud.Env() {
		t.Setenv(k, v)
	}
	client, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateNode(t.Context(), cluster.NodeRequest{
		Name: "another", ClusterID: "x", ClusterName: "x", Role: cluster.RoleWorker,
		Image: openstacktest.DefaultImages()[0].ID, Flavor: "6", Network: openstacktest.DefaultNetworks()[0].ID,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := project{client}
	room, err := p.Room(t.Context())
	if err != nil || room.Instances == nil || *room.Instances != 9 || room.Cores == nil || *room.Cores != 16 || room.RAMMiB != nil {
		t.Errorf("room %+v, %v", room, err)
	}
	if size, err := p.Size(t.Context(), "6"); err != nil || fmt.Sprint(size) != "{4 8192}" {
		t.Errorf("size %v, %v", size, err)
	}
	if _, err := p.Size(t.Context(), "none"); !cluster.IsKind(err, cluster.FaultNotFound) {
		t.Errorf("a flavor that is not there: %v", err)
	}
}

// restoreEnvironment brings the test's environment back at its end.
func restoreEnvironment(t *testing.T) {
	before := os.Environ()
	t.Cleanup(func() {
		beforeConfined.Store(nil)
		os.Clearenv()
		for _, v := range before {
			name, value, _ := strings.Cut(v, "=")
			if err := os.Setenv(name, value); err != nil { //nolint:usetesting // it is the cleanup
				t.Error(err)
			}
		}
	})
}

// A Terraform run gets the whole environment of the scaler, so that keeps only what runs
// need. The page's password stays until the page has read it.
func TestTheEnvironmentOfTerraformRuns(t *testing.T) {
	restoreEnvironment(t)
	for name, value := range map[string]string{"OS_CLOUD": "a", "TF_VAR_x": "1", "AWS_PROFILE": "p", "GITHUB_TOKEN": "s", "VMCLUSTER_SCALER_PASSWORD": "w"} {
		t.Setenv(name, value)
	}
	c := config.Terraform{Program: "/bin/true", Directory: t.TempDir(), Environment: []string{"AWS_*"}}
	if _, err := terraformActuator(c, nil, nil, nil, hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"OS_CLOUD": true, "TF_VAR_x": true, "AWS_PROFILE": true, "PATH": true, "GITHUB_TOKEN": false, "VMCLUSTER_SCALER_PASSWORD": true} {
		if _, is := os.LookupEnv(name); is != want {
			t.Errorf("%s is there: %t", name, is)
		}
	}
}

// oneTool is a batch system with a single tool, which gets POOL_* of the environment.
type oneTool struct{ run command.Runner }

func (*oneTool) Options() []option.Option { return nil }

func (*oneTool) Problem() adapter.Problem { return adapter.Problem{} }

func (t *oneTool) Reader(run command.Runner) queue.Reader {
	t.run = run
	return nil
}

// A batch system's tools find their pool and their login by variables that a Terraform
// run does not get.
func TestTheEnvironmentOfToolsBesideTerraform(t *testing.T) {
	restoreEnvironment(t)
	for name, value := range map[string]string{"POOL_CONFIG": "/etc/pool", "SITE_TICKET": "t", "GITHUB_TOKEN": "s", config.PasswordVariable: "w"} {
		t.Setenv(name, value)
	}
	if _, err := terraformActuator(config.Terraform{Program: "/bin/true", Directory: t.TempDir()}, nil, nil, nil, hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	var tool oneTool
	reader(config.Queue{Settings: &tool, Timeout: time.Minute, Environment: []string{"SITE_TICKET", "VMCLUSTER_*"}}) // as after a change of the configuration
	got := map[string]string{}
	err := tool.run.Run(t.Context(), command.Command{Name: "env", Inherit: []string{"POOL_*"}}, func(out io.Reader) error {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), "=")
			got[name] = value
		}
		return nil
	})
	if err != nil || got["POOL_CONFIG"] != "/etc/pool" || got["SITE_TICKET"] != "t" || got["GITHUB_TOKEN"] != "" || got[config.PasswordVariable] != "" {
		t.Errorf("a tool gets %q, %v", got, err)
	}
}

// The page reads its password, and no child gets it.
func TestNoChildGetsThePassword(t *testing.T) {
	t.Setenv(config.PasswordVariable, "s3cret")
	c := config.Config{Web: config.Web{Listen: "127.0.0.1:0", Username: "ops"}}
	end, err := showPage(t.Context(), &loop.Loop{}, c, &live{}, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if p := os.Getenv(config.PasswordVariable); p != "" {
		t.Error("the password is still in the environment")
	}
}

// The queue's program drains workers; where the front-end drains, nothing of the scaler
// does.
func TestOnlyAProgramCloses(t *testing.T) {
	for text, closes := range map[string]bool{
		`queue "program" { command = ["/bin/true"] }`: true, `queue "slurm" {}`: false, `queue "auto" {}`: false, "": false,
	} {
		c, err := config.Parse("s.hcl", []byte("cluster = \"astro\"\n"+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := settings(c).Closer; (got != nil) != closes {
			t.Errorf("%s: closer %T", text, got)
		}
	}
}
