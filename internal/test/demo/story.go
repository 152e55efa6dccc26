package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// maxWorkers is less than the jobs could use.
const maxWorkers = 6

// show is what the demo plays, and how fast.
type show struct {
	batch batchSystem
	pace  pace
}

// pace holds how long things take.
type pace struct {
	build, boot, remove time.Duration // a server until it is ACTIVE, from then until its programs run, until it is gone
	guests              time.Duration // between two looks of a front-end
	job                 time.Duration
	interval            time.Duration // of the scaler's rounds; its holds are multiples
}

// forPeople is compressed: a second here is about ten in a real pool.
var forPeople = pace{
	build: 1500 * time.Millisecond, boot: time.Second, remove: 500 * time.Millisecond,
	guests: 200 * time.Millisecond, job: 8 * time.Second, interval: time.Second,
}

const configuration = `
terraform {
  required_providers {
    vmcluster = { source = "registry.terraform.io/vmcluster/vmcluster" }
  }
}

provider "vmcluster" {}

resource "vmcluster_cluster" "astro" {
  name            = "astro"
  image           = "debian-13-hpc"
  network         = "private"
  key_pair        = "ops"
  security_groups = ["default"]

  front_end = {
    flavor           = "m1.medium"
    external_network = "public"
  }

  workers = {
    cpu = { flavor = "m1.small", scaling = { min = %d, max = %d } }
  }

  batch_system = { type = %q }
}
`

// The same for every batch system: the scaler follows the cluster's, whose tools are on
// the search path.
const scalerConfiguration = `
cluster = "astro"

queue "auto" {
  environment = [%q]
}

group "cpu" {
  min = %d
  max = %d
}

policy {
  interval        = %q
  scale_out_after = %q
  idle_after      = %q
  first_job_grace = %q
  drain_recheck   = %q
}

actuator "nova" {}
`

type result struct{ done, peak, left int }

// stage is what the story plays on.
type stage struct {
	show
	cloud *openstacktest.Cloud
	sim   *guest.Simulator
	pool  *pool
	line  *timeline
	cli   *tfcli.CLI
	env   []string
	bin   string
	dir   string
	out   io.Writer // gets the programs' output
}

func (w show) run(ctx context.Context, cliPath, bin string, verbose bool) (result, error) {
	s, closeStage, err := w.build(ctx, cliPath, bin, verbose)
	if err != nil {
		return result{}, err
	}
	defer closeStage()
	err = s.play(ctx)
	_, _, done := s.pool.counts()
	r := result{done: done, peak: s.line.peak, left: len(s.cloud.Servers())}
	return r, errors.Join(err, s.judge(r))
}

func (w show) build(ctx context.Context, cliPath, bin string, verbose bool) (*stage, func(), error) {
	if cliPath == "" {
		var err error
		if cliPath, err = tfcli.Find(); err != nil {
			return nil, nil, err
		}
	}
	dir, err := os.MkdirTemp("", "vmcluster-demo-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a working directory: %w", err)
	}
	s := &stage{show: w, bin: bin, dir: dir, out: io.Discard}
	if verbose {
		s.out = os.Stderr
	}
	s.cloud = openstacktest.New(openstacktest.Options{
		BuildDelay: w.pace.build, DeleteDelay: w.pace.remove,
		MetadataCache: w.pace.remove, Latency: 5 * time.Millisecond,
	})
	if err := s.cloud.Start(); err != nil { //nolint:contextcheck // it runs until it is closed
		return nil, nil, fmt.Errorf("start the embedded OpenStack: %w", err)
	}
	s.pool = newPool(func(worker string) bool { return s.sim.Accepts(worker) }, s.serverID)
	s.sim = guest.New(s.cloud, guest.Options{Interval: w.pace.guests, BootDelay: w.pace.boot, Busy: s.pool.busy})
	s.sim.Start() //nolint:contextcheck // it runs until it is closed
	address, stopTools, err := w.batch.serve(ctx, s.pool)
	if err != nil {
		return nil, nil, err
	}
	if err := w.batch.install(dir); err != nil {
		return nil, nil, err
	}
	s.env = []string{poolVariable + "=" + address}
	for k, v := range s.cloud.Env() {
		s.env = append(s.env, k+"="+v)
	}
	if s.cli, err = tfcli.New(cliPath, dir, bin); err != nil {
		return nil, nil, err
	}
	s.cli.Env, s.cli.Out = s.env, s.out
	s.line = newTimeline(s)
	return s, func() {
		s.line.stop()
		stopTools()
		s.sim.Close()
		s.cloud.Close()
		_ = os.RemoveAll(dir) // a temporary folder
	}, nil
}

func (s *stage) serverID(worker string) string {
	for _, server := range s.cloud.Servers() {
		if server.Name == worker {
			return server.ID
		}
	}
	return ""
}

// play plays the story from the first apply to the destroy.
func (s *stage) play(ctx context.Context) error {
	if err := s.cli.Write("main.tf", fmt.Sprintf(configuration, s.batch.least, maxWorkers, s.batch.name)); err != nil {
		return err
	}
	s.line.say("apply: one front-end, %d workers", s.batch.least)
	if _, err := s.cli.Apply(ctx); err != nil {
		return err
	}
	s.line.say("apply is through: %d API calls", s.cloud.TotalCalls())
	stopScaler, err := s.startScaler(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = stopScaler() }() // where the story breaks off, with an error of its own

	for _, l := range s.batch.load {
		s.line.say("%s (%s each)", l.words, s.pace.job)
		s.pool.submit(l, s.pace.job)
	}
	if err := s.until(ctx, "all jobs are done", func() bool { _, _, done := s.pool.counts(); return done == s.batch.jobs() }); err != nil {
		return err
	}
	s.line.say("all jobs are done")
	if err := s.until(ctx, "the surplus workers are gone", func() bool { return len(s.cloud.Servers()) == s.batch.least+1 }); err != nil {
		return err
	}
	s.line.say("the surplus workers are gone")
	if err := stopScaler(); err != nil {
		return err
	}
	text, differs, err := s.cli.Plan(ctx)
	if err != nil {
		return err
	}
	if differs {
		return fmt.Errorf("the plan shows a difference:\n%s", text)
	}
	s.line.say("plan: no difference")
	s.line.say("destroy")
	if _, err := s.cli.Destroy(ctx); err != nil {
		return err
	}
	s.line.say("destroy is through")
	return nil
}

// judge returns an error for each condition that does not hold in the end.
func (s *stage) judge(r result) error {
	var wrong []string
	if jobs := s.batch.jobs(); r.done != jobs {
		wrong = append(wrong, fmt.Sprintf("%d of %d jobs are done", r.done, jobs))
	}
	if r.peak <= s.batch.least || r.peak > maxWorkers {
		wrong = append(wrong, fmt.Sprintf("the peak of %d workers is not between %d and %d", r.peak, s.batch.least+1, maxWorkers))
	}
	if n := s.pool.lost(); n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d running jobs lost their worker", n))
	}
	if n := len(s.cloud.FloatingIPs()) + s.cloud.PortCount() + r.left; n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d servers, %d ports and %d floating IPs are left", r.left, s.cloud.PortCount(), len(s.cloud.FloatingIPs())))
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

// startScaler starts the scaler; stop ends it as an operator would, once.
func (s *stage) startScaler(ctx context.Context) (stop func() error, err error) {
	file := filepath.Join(s.dir, "scaler.hcl")
	hold := 4 * s.pace.interval
	text := fmt.Appendf(nil, scalerConfiguration, poolVariable, s.batch.least, maxWorkers,
		s.pace.interval, hold, hold, 3*hold, s.pace.interval)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, fmt.Errorf("write the scaler's configuration: %w", err)
	}
	program, err := filepath.Abs(filepath.Join(s.bin, "vmcluster-scaler"))
	if err != nil {
		return nil, fmt.Errorf("find the scaler: %w", err)
	}
	cmd := exec.CommandContext(ctx, program, "run", "--config", file)
	cmd.Env = append(os.Environ(), append(s.env, "PATH="+s.dir+string(os.PathListSeparator)+os.Getenv("PATH"))...)
	var said strings.Builder
	cmd.Stdout = io.MultiWriter(&said, s.out)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the scaler: %w; run make build first", err)
	}
	s.line.say("the scaler runs: between %d and %d workers", s.batch.least, maxWorkers)
	stopped := false
	return func() error {
		if stopped {
			return nil
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM) // a process that has ended shows in Wait
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the scaler ended with %w; it said:\n%s", err, said.String())
		}
		s.line.say("the scaler stopped")
		return nil
	}, nil
}

func (s *stage) until(ctx context.Context, what string, ok func() bool) error {
	for !ok() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}
