package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// The steps of a turn, in order.
const (
	create  = "create"
	plan    = "plan"
	destroy = "destroy"
)

// contestant is a way of making servers.
type contestant struct {
	name    string
	program string // of its provider; "" for none
	cli     string // program of the command line
	steps   []step
	cleanUp func(context.Context) error
}

type step struct {
	name string
	act  func(context.Context) (bench.Usage, error)
}

const ourConfiguration = `
terraform {
  required_providers {
    vmcluster = { source = %[1]q }
  }
}

provider "vmcluster" {
  max_concurrency = %[6]d
}

resource "vmcluster_cluster" "bench" {
  name            = "bench-ours"
  image           = %[2]q
  network         = %[3]q
  security_groups = [%[4]q]
  wait_for        = "active"

  front_end = { flavor = %[5]q }
  workers   = { cpu = { flavor = %[5]q, count = %[7]d } }
}
`

const peerSource = "registry.terraform.io/terraform-provider-openstack/openstack"

const peerConfiguration = `
terraform {
  required_providers {
    openstack = { source = %[1]q }
  }
}

provider "openstack" {}

resource "openstack_compute_instance_v2" "node" {
  count           = %[6]d
  name            = "bench-peer-${count.index + 1}"
  image_id        = %[2]q
  flavor_id       = %[5]q
  security_groups = [%[4]q]
  user_data       = file("${path.module}/user-data")

  network {
    uuid = %[3]q
  }
}
`

// contestants returns those of a run. Each is told the same image, flavor and network by
// their IDs, and makes the same number of servers with as many calls side by side and user
// data of the same size.
func contestants(s settings, site *site) ([]contestant, error) {
	ours, err := tfcli.New(s.cli, filepath.Join(site.dir, "ours"), s.bin)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(ourConfiguration, tfcli.Source, site.image, site.network, site.securityGroup, site.flavor, s.concurrency, s.workers)
	if err := ours.Write("main.tf", text); err != nil {
		return nil, err
	}
	all := []contestant{withCLI("vmcluster", "terraform-provider-vmcluster", ours, site)}
	user, err := bench.UserData()
	if err != nil {
		return nil, err
	}
	if s.peer != "" {
		peer, err := tfcli.NewFor(s.cli, filepath.Join(site.dir, "peer"), s.peer, peerSource)
		if err != nil {
			return nil, err
		}
		text := fmt.Sprintf(peerConfiguration, peerSource, site.image, site.network, site.securityGroup, site.flavor, s.workers+1)
		if err := peer.Write("main.tf", text); err != nil {
			return nil, err
		}
		if err := peer.Write("user-data", string(user)); err != nil {
			return nil, err
		}
		all = append(all, withCLI("openstack_compute_instance_v2", "terraform-provider-openstack", peer, site, fmt.Sprintf("-parallelism=%d", s.concurrency)))
	}
	return append(all, bareAPI(site.login, bench.Bare{Concurrency: s.concurrency, Server: cluster.NodeRequest{
		ClusterID: fmt.Sprintf("be9c4000-0000-4000-8000-%012d", time.Now().Unix()), ClusterName: "bench-bare", Role: cluster.RoleWorker, Group: "cpu",
		Image: site.image, Flavor: site.flavor, Network: site.network, SecurityGroups: []string{site.securityGroup}, UserData: user,
	}}, s.workers+1)), nil
}

// withCLI returns the contestant that applies, plans and destroys a configuration.
func withCLI(name, program string, cli *tfcli.CLI, site *site, more ...string) contestant {
	cli.Env = site.env
	run := func(ctx context.Context, args ...string) (bench.Usage, error) {
		cmd := cli.Command(ctx, append(args, append([]string{"-no-color"}, more...)...)...)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it writes its state first
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		used, err := bench.Run(cmd)
		if err != nil {
			text := out.String()
			return used, fmt.Errorf("%w\n%s", err, text[max(0, len(text)-4000):])
		}
		return used, nil
	}
	steps := []step{
		{create, func(ctx context.Context) (bench.Usage, error) { return run(ctx, "apply", "-auto-approve") }},
		{plan, func(ctx context.Context) (bench.Usage, error) { return run(ctx, "plan", "-detailed-exitcode") }},
		{destroy, func(ctx context.Context) (bench.Usage, error) { return run(ctx, "destroy", "-auto-approve") }},
	}
	return contestant{
		name: name, program: program, cli: filepath.Base(cli.Path), steps: steps,
		cleanUp: func(ctx context.Context) error { _, err := run(ctx, "destroy", "-auto-approve"); return err },
	}
}

// bareAPI returns the contestant without a program: it runs in this process. It logs in for
// each step, as a command does: the services of a cloud may keep a token that they have
// checked, so that one step would pay for the next.
func bareAPI(login func(context.Context) (bench.Cloud, error), b bench.Bare, n int) contestant {
	timed := func(act func(context.Context, bench.Bare) error) func(context.Context) (bench.Usage, error) {
		return func(ctx context.Context) (used bench.Usage, err error) {
			start := time.Now()
			defer func() { used.Wall = time.Since(start) }()
			one := b
			if one.Cloud, err = login(ctx); err != nil {
				return used, err
			}
			return used, act(ctx, one)
		}
	}
	remove := func(ctx context.Context, b bench.Bare) error { return b.Destroy(ctx) }
	return contestant{
		name: "bare API",
		steps: []step{
			{create, timed(func(ctx context.Context, b bench.Bare) error { return b.Create(ctx, n) })},
			{destroy, timed(remove)},
		},
		cleanUp: func(ctx context.Context) error { _, err := timed(remove)(ctx); return err },
	}
}
