package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// The goals beside those that follow from the number of workers.
const (
	goalCreate      = 1.10 // × the bare API
	goalDestroy     = 1.15
	goalPlan        = 2 * time.Second
	goalPlanMB      = 250
	goalPlanCalls   = 4
	callsOfACreate  = 15 // beside one for each worker, and the plans
	callsOfADestroy = 10

	provider = "terraform-provider-vmcluster"
)

const configuration = `
terraform {
  required_providers {
    vmcluster = { source = "registry.terraform.io/vmcluster/vmcluster" }
  }
}

provider "vmcluster" {}

resource "vmcluster_cluster" "bench" {
  name            = "bench"
  image           = %q
  network         = "private"
  security_groups = ["default"]
  wait_for        = "active"

  front_end = { flavor = %[2]q }
  workers = {
    cpu = { flavor = %[2]q, count = %[3]d }
  }
}
`

// measureProvider makes and deletes n workers and a front-end by the bare API and by the
// provider in turn, with the same number of calls side by side.
func measureProvider(ctx context.Context, s settings, table *bench.Table, n int, plan bool) error {
	st, end, err := newStage(s) //nolint:contextcheck // the cloud runs until it is closed
	if err != nil {
		return err
	}
	defer end()
	st.cloud.Configure(func(o *openstacktest.Options) { o.OnCall = st.changes.call })
	bare, err := st.bare(ctx)
	if err != nil {
		return err
	}
	bareCreate, err := st.timed(func() error { return bare.Create(ctx, n+1) })
	if err != nil {
		return fmt.Errorf("create by the bare API: %w", err)
	}
	bareDestroy, err := st.timed(func() error { return bare.Destroy(ctx) })
	if err != nil {
		return fmt.Errorf("destroy by the bare API: %w", err)
	}
	if err := st.cli.Write("main.tf", fmt.Sprintf(configuration, imageName, flavorName, n)); err != nil {
		return err
	}
	if err := st.measureCreate(ctx, table, n, bareCreate); err != nil {
		return err
	}
	if plan {
		if err := st.measurePlan(ctx, table, n); err != nil {
			return err
		}
	}
	return st.measureDestroy(ctx, table, n, bareDestroy)
}

// measureDestroy destroys the cluster by one command, which reads and plans, and reads once
// more before it deletes, in a process of its own. The goal is for all of its calls. A plan
// beforehand counts the plan's share.
func (st *stage) measureDestroy(ctx context.Context, table *bench.Table, n int, bareDestroy taken) error {
	_, plan, err := st.run(ctx, "plan", "-destroy", "-no-color")
	if err != nil {
		return err
	}
	used, calls, err := st.run(ctx, "destroy", "-auto-approve", "-no-color")
	if err != nil {
		return err
	}
	if left := len(st.cloud.Servers()); left > 0 {
		return fmt.Errorf("%d servers are left after the destroy", left)
	}
	changes, apply := st.changes.take()
	table.Ratio(fmt.Sprintf("destroy %d, wall against the bare API", n), used.Wall, bareDestroy.wall, goalDestroy)
	table.Ratio("  from the apply's login to the last call", apply, bareDestroy.wall, goalDestroy)
	table.Ratio("  from the first deletion to the last call", changes, bareDestroy.changes, goalDestroy)
	table.Count(fmt.Sprintf("destroy %d, calls", n), calls, n+callsOfADestroy)
	table.Count("  beside the plan's", calls-plan, n+callsOfADestroy)
	return nil
}

// measureCreate plans and applies a new cluster, as terraform apply does, but in two
// commands, so that the calls of each are counted. The apply plans once more before it
// creates, in a process of its own: that takes the calls of the plan, and the goal is for
// the others (docs/design.md).
func (st *stage) measureCreate(ctx context.Context, table *bench.Table, n int, bareCreate taken) error {
	planned, plans, err := st.run(ctx, "plan", "-no-color", "-out=create.tfplan")
	if err != nil {
		return err
	}
	table.Note(fmt.Sprintf("plan of the create of %d, calls", n), "%d, and as many when it is applied", plans)
	applied, calls, err := st.run(ctx, "apply", "-no-color", "create.tfplan")
	if err != nil {
		return err
	}
	table.Ratio(fmt.Sprintf("create %d, wall of plan and apply against the bare API", n), planned.Wall+applied.Wall, bareCreate.wall, goalCreate)
	changes, _ := st.changes.take()
	table.Ratio("  from the first create call to the last call", changes, bareCreate.changes, goalCreate)
	table.Count(fmt.Sprintf("create %d, calls beside the plans", n), calls-plans, n+callsOfACreate)
	return nil
}

// measurePlan refreshes and plans a cluster that needs no change: at the cloud's pace,
// and by a cloud that answers at once, so that the time is the programs' own.
func (st *stage) measurePlan(ctx context.Context, table *bench.Table, n int) error {
	used, _, err := st.run(ctx, "plan", "-no-color", "-detailed-exitcode")
	if err != nil {
		return err
	}
	table.Note(fmt.Sprintf("refresh and plan %d, at the cloud's pace", n), "%s", bench.Seconds(used.Wall))
	paced := bench.Nova()
	st.cloud.Configure(func(o *openstacktest.Options) { o.Latency, o.Pace = 0, openstacktest.Pace{} })
	defer st.cloud.Configure(func(o *openstacktest.Options) { o.Latency, o.Pace = paced.Latency, paced.Pace })
	used, calls, err := st.run(ctx, "plan", "-no-color", "-detailed-exitcode")
	if err != nil {
		return err
	}
	table.Time(fmt.Sprintf("refresh and plan %d, by a cloud that answers at once", n), used.Wall, goalPlan)
	table.Note("  processor time of the command line and the provider", "%s, %s",
		bench.Seconds(used.Share[filepath.Base(st.cli.Path)]), bench.Seconds(used.Share[provider]))
	table.Count(fmt.Sprintf("refresh and plan %d, calls", n), calls, goalPlanCalls)
	table.Add(bench.Row{
		What: fmt.Sprintf("refresh and plan %d, memory of the provider", n), Goal: fmt.Sprintf("≤ %d MB", goalPlanMB),
		Figure: fmt.Sprintf("%.0f MB", used.MB(provider)), Missed: used.MB(provider) > goalPlanMB,
	})
	table.Note("  memory of the command line beside it", "%.0f MB", used.MB(filepath.Base(st.cli.Path)))
	return nil
}

// run runs the command line, and counts the calls to the cloud.
func (st *stage) run(ctx context.Context, args ...string) (bench.Usage, int, error) {
	st.cloud.ResetCalls()
	st.changes.take()
	cmd := st.cli.Command(ctx, args...)
	var out strings.Builder
	cmd.Stdout = &out
	cmd.Stderr = &out
	used, err := bench.Run(cmd)
	if _, werr := fmt.Fprint(st.cli.Out, out.String()); werr != nil {
		return used, 0, werr
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 && args[0] == "plan" {
		err = errors.New("the plan holds a difference")
	}
	if err != nil {
		return used, 0, fmt.Errorf("%s: %w\n%s", args[0], err, lastOf(out.String()))
	}
	return used, st.cloud.TotalCalls(), nil
}

// lastOf returns the end of a long text.
func lastOf(text string) string { return text[max(0, len(text)-4000):] }

// taken is how long something took in all, and at the cloud.
type taken struct{ wall, changes time.Duration }

func (st *stage) timed(act func() error) (taken, error) {
	start := time.Now()
	err := act()
	wall := time.Since(start)
	changes, _ := st.changes.take()
	return taken{wall, changes}, err
}
