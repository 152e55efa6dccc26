package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A demo that takes longer hangs.
const timeLimit = 4 * time.Minute

func main() {
	if runAsTool() {
		return
	}
	cli := flag.String("cli", "", "terraform or tofu")
	bin := flag.String("bin", "bin", "folder of the provider and the scaler")
	name := flag.String("batch", batchSystems[0].name, "batch system that is played")
	verbose := flag.Bool("v", false, "show what the command line and the scaler print")
	flag.Parse()

	batch, err := findBatchSystem(*name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, timeLimit, errors.New("the demo took too long"))
	defer cancel()
	result, err := show{batch: batch, pace: forPeople}.run(ctx, *cli, *bin, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	fmt.Printf("demo: jobs done %d, workers peak %d, servers left %d\n", result.done, result.peak, result.left)
	if err != nil {
		os.Exit(1)
	}
}
