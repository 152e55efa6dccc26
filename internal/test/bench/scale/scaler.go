package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

const (
	scaledTo    = 200 // workers
	goalRounds  = 2   // in which all POSTs are made
	goalOwnTime = time.Second

	// The scaler has this long until it has made its POSTs. One that waits for servers
	// is stopped once the rounds that count are over.
	scalerLimit = 5 * time.Minute
)

const scaledConfiguration = `
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

  front_end    = { flavor = %[2]q }
  workers      = { cpu = { flavor = %[2]q, scaling = { min = 0, max = %[3]d, initial = 0 } } }
  batch_system = { type = "htcondor" }
}
`

const scalerConfiguration = `
cluster = "bench"

queue "htcondor" {
  bin = %q
}

policy {
  interval        = "10s"
  scale_out_after = "0s"
}

log {
  decisions = %q
}
`

// posts notes when servers are asked for.
type posts struct {
	mu sync.Mutex
	at []time.Time
}

func (p *posts) call(_ int, method, path string) {
	if method == "POST" && path == "/compute/servers" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.at = append(p.at, time.Now())
	}
}

func (p *posts) until(end time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, at := range p.at {
		if !at.After(end) {
			n++
		}
	}
	return n
}

// measureScaler has the built scaler grow a cluster without workers for a long queue.
// Guests are played, so that the front-end reports; the workers join no pool, because
// only the making of servers is measured.
func measureScaler(ctx context.Context, s settings, table *bench.Table) error {
	st, end, err := newStage(s) //nolint:contextcheck // the cloud runs until it is closed
	if err != nil {
		return err
	}
	defer end()
	sim := guest.New(st.cloud, guest.Options{Interval: 2 * time.Second, BootDelay: 5 * time.Second, Joins: func(string) bool { return false }})
	sim.Start() //nolint:contextcheck // it runs until it is closed
	defer sim.Close()
	if err := st.cli.Write("main.tf", fmt.Sprintf(scaledConfiguration, imageName, flavorName, scaledTo)); err != nil {
		return err
	}
	if _, _, err := st.run(ctx, "apply", "-auto-approve", "-no-color"); err != nil {
		return err
	}
	if err := playQueue(st.cli.Dir); err != nil {
		return err
	}
	var asked posts
	st.cloud.Configure(func(o *openstacktest.Options) { o.OnCall = asked.call })
	rounds, err := st.runScaler(ctx, s, &asked)
	if err != nil {
		return err
	}
	report(table, rounds, &asked)
	return nil
}

// runScaler runs the scaler until it has asked for all servers, or has had one round
// more than it may take for that. It returns the rounds that have ended.
func (st *stage) runScaler(ctx context.Context, s settings, asked *posts) ([]round, error) {
	program, err := filepath.Abs(filepath.Join(s.bin, "vmcluster-scaler"))
	if err != nil {
		return nil, fmt.Errorf("find the scaler: %w", err)
	}
	decisions := filepath.Join(st.cli.Dir, "decisions.jsonl")
	file := filepath.Join(st.cli.Dir, "scaler.hcl")
	if err := os.WriteFile(file, fmt.Appendf(nil, scalerConfiguration, st.cli.Dir, decisions), 0o600); err != nil {
		return nil, fmt.Errorf("write the scaler's configuration: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, scalerLimit, errors.New("the scaler took too long"))
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "run", "--config", file)
	cmd.Env = append(os.Environ(), st.env...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the scaler: %w", err)
	}
	used := &account{pid: cmd.Process.Pid}
	rounds, err := used.follow(ctx, decisions, asked)
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	time.AfterFunc(time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // it was ended in the middle of its work
	if err != nil {
		return nil, fmt.Errorf("%w; the scaler said:\n%s", err, lastOf(said.String()))
	}
	return rounds, nil
}

// report adds the rows of the scaler.
func report(table *bench.Table, rounds []round, asked *posts) {
	what := fmt.Sprintf("scaler 0 to %d, %d waiting jobs", scaledTo, waitingJobs)
	needed := 0 // rounds from the first with a POST to the one by whose end all were made
	var longest, own time.Duration
	for i, r := range rounds {
		longest, own = max(longest, r.wall()), max(own, r.cpu)
		table.Note(fmt.Sprintf("  round %d", i+1), "%d of %d POSTs so far, %s long, %s of processor time",
			asked.until(r.end), scaledTo, bench.Seconds(r.wall()), bench.Seconds(r.cpu))
		if needed == 0 && asked.until(r.end) >= scaledTo {
			needed = i + 1
		}
	}
	if needed == 0 {
		table.Add(bench.Row{
			What: what + ", rounds until all POSTs", Goal: fmt.Sprintf("≤ %d", goalRounds), Missed: true, Counted: true,
			Figure: fmt.Sprintf("more than %d", len(rounds)),
		})
	} else {
		table.Count(what+", rounds until all POSTs", needed, goalRounds)
	}
	table.Time("  own (processor) time of the longest round", own, goalOwnTime)
	table.Note("  longest round, with the cloud's answers", "%s", bench.Seconds(longest))
}
