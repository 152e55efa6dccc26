package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// settings are what the flags say.
type settings struct {
	cli, bin, peer string
	workers        int
	rounds         int
	concurrency    int
	embedded       bool
}

func main() {
	var s settings
	flag.StringVar(&s.cli, "cli", "", "terraform or tofu")
	flag.StringVar(&s.bin, "bin", "bin", "folder of this tree's provider")
	flag.StringVar(&s.peer, "peer", "", "folder of the OpenStack provider; without it that one is left out")
	flag.IntVar(&s.workers, "n", 50, "number of workers; each contestant makes one server more, where ours has its front-end")
	flag.IntVar(&s.rounds, "rounds", 3, "how often each contestant has its turn")
	flag.IntVar(&s.concurrency, "concurrency", provision.DefaultConcurrency, "calls side by side, of each contestant")
	flag.BoolVar(&s.embedded, "embedded", false, "use an embedded cloud that takes its time, not the one that OS_CLOUD names")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "bench-peers:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	if s.workers < 1 || s.rounds < 1 || s.concurrency < 1 {
		return errors.New("-n, -rounds and -concurrency have to be 1 or more")
	}
	if s.cli == "" {
		path, err := tfcli.Find()
		if err != nil {
			return err
		}
		s.cli = path
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	site, end, err := openSite(ctx, s)
	if err != nil {
		return err
	}
	defer end()
	all, err := contestants(s, site)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d servers each, %d calls side by side, %d rounds\n", s.workers+1, s.concurrency, s.rounds)
	var results []result
	err = compete(ctx, s.rounds, all, site.door, func(r result) {
		results = append(results, r)
		fmt.Fprintln(os.Stderr, r)
	})
	if werr := writeResults(os.Stdout, all, results); err == nil {
		err = werr
	}
	return err
}

// compete gives each contestant its turn in each round; another one begins each round.
// After a failure the contestant's servers are deleted and the run ends.
func compete(ctx context.Context, rounds int, all []contestant, door *bench.Door, said func(result)) error {
	for round := range rounds {
		for i := range all {
			c := all[(round+i)%len(all)]
			if err := turn(ctx, round+1, c, door, said); err != nil {
				err = fmt.Errorf("%s, round %d: %w", c.name, round+1, err)
				if cleanErr := c.cleanUp(context.WithoutCancel(ctx)); cleanErr != nil {
					err = fmt.Errorf("%w; what it has made could not be deleted: %w", err, cleanErr)
				}
				return err
			}
		}
	}
	return nil
}

func turn(ctx context.Context, round int, c contestant, door *bench.Door, said func(result)) error {
	for _, step := range c.steps {
		door.Calls()
		used, err := step.act(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		r := result{round: round, contestant: c.name, step: step.name, wall: used.Wall, calls: door.Calls()}
		if c.program != "" {
			r.provider, r.cli = used.MB(c.program), used.MB(c.cli)
		}
		said(r)
	}
	return nil
}
