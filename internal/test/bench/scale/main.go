package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// settings are what the flags say.
type settings struct {
	cli, bin string
	sizes    []int
	scaler   bool
	verbose  bool
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-scale:", err)
		os.Exit(1)
	}
}

func run() error {
	s, err := readFlags()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	table := &bench.Table{Said: func(r bench.Row) {
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(r.What+": "+r.Figure+" "+r.Goal+" "+r.Verdict()), " "))
	}}
	err = measure(ctx, s, table)
	if werr := table.Write(os.Stdout); werr != nil {
		return errors.Join(err, werr)
	}
	if failed := table.Failed(); err == nil && len(failed) > 0 {
		return errors.New(strings.Join(failed, "; "))
	}
	return err
}

func readFlags() (settings, error) {
	var s settings
	flag.StringVar(&s.cli, "cli", "", "terraform or tofu")
	flag.StringVar(&s.bin, "bin", "bin", "folder of the provider and the scaler")
	sizes := flag.String("sizes", "100,500,1000", "numbers of workers; refresh and plan are measured with the largest")
	flag.BoolVar(&s.scaler, "scaler", true, "measure the scaler, too")
	flag.BoolVar(&s.verbose, "v", false, "show what the programs print")
	flag.Parse()
	for text := range strings.SplitSeq(*sizes, ",") {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return s, fmt.Errorf("-sizes: %q is not a number of workers", text)
		}
		s.sizes = append(s.sizes, n)
	}
	if s.cli == "" {
		path, err := tfcli.Find()
		if err != nil {
			return s, err
		}
		s.cli = path
	}
	return s, nil
}

// measure runs all parts and adds their figures to the table.
func measure(ctx context.Context, s settings, table *bench.Table) error {
	for _, n := range s.sizes {
		if err := measureProvider(ctx, s, table, n, n == slices.Max(s.sizes)); err != nil {
			return fmt.Errorf("%d workers: %w", n, err)
		}
	}
	if !s.scaler {
		return nil
	}
	if err := measureScaler(ctx, s, table); err != nil {
		return fmt.Errorf("the scaler: %w", err)
	}
	return nil
}
