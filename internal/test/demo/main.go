package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// A demo that takes longer hangs.
const timeLimit = 4 * time.Minute

func main() {
	if tool := filepath.Base(os.Args[0]); slices.Contains(tools, tool) {
		if err := runTool(call{Tool: tool, Args: os.Args[1:]}); err != nil {
			fmt.Fprintln(os.Stderr, tool+":", err)
			os.Exit(1)
		}
		return
	}
	cli := flag.String("cli", "", "terraform or tofu")
	bin := flag.String("bin", "bin", "folder of the provider and the scaler")
	verbose := flag.Bool("v", false, "show what the command line and the scaler print")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, timeLimit, errors.New("the demo took too long"))
	defer cancel()
	result, err := run(ctx, *cli, *bin, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	fmt.Printf("demo: jobs done %d, workers peak %d, servers left %d\n", result.done, result.peak, result.left)
	if err != nil {
		os.Exit(1)
	}
}
