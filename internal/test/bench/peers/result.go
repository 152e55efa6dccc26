package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
)

// result is what one step of one turn took.
type result struct {
	round            int
	contestant, step string
	wall             time.Duration
	calls            int
	provider, cli    float64 // most resident memory in MB; 0 for a contestant without a program
}

func (r result) String() string {
	return fmt.Sprintf("round %d: %s, %s: %s, %d calls", r.round, r.contestant, r.step, bench.Seconds(r.wall), r.calls)
}

// medians are those of several results.
type medians struct {
	walls         []time.Duration // in order of the rounds
	wall          time.Duration
	calls         int
	provider, cli float64
}

func mediansOf(results []result, contestant, step string) (medians, bool) {
	var m medians
	var calls []int
	var provider, cli []float64
	for _, r := range results {
		if r.contestant == contestant && r.step == step {
			m.walls, calls = append(m.walls, r.wall), append(calls, r.calls)
			provider, cli = append(provider, r.provider), append(cli, r.cli)
		}
	}
	if len(calls) == 0 {
		return m, false
	}
	m.wall, m.calls, m.provider, m.cli = median(m.walls), median(calls), median(provider), median(cli)
	return m, true
}

// median returns the middle one of the values, of an even number the lower.
func median[T int | float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// writeResults prints the medians of each contestant in each step, with the ratio to the
// last contestant's wall time.
func writeResults(w io.Writer, all []contestant, results []result) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "STEP\tBY\tWALL (MEDIAN)\tRATIO\tROUNDS\tCALLS\tPROVIDER\tCOMMAND LINE")
	for _, step := range []string{create, plan, destroy} {
		base, based := mediansOf(results, all[len(all)-1].name, step)
		for _, c := range all {
			m, ok := mediansOf(results, c.name, step)
			if !ok {
				continue
			}
			ratio, provider, cli := "", "", ""
			if based {
				ratio = fmt.Sprintf("%.2f", m.wall.Seconds()/base.wall.Seconds())
			}
			if c.program != "" {
				provider, cli = fmt.Sprintf("%.0f MB", m.provider), fmt.Sprintf("%.0f MB", m.cli)
			}
			rounds := ""
			for _, wall := range m.walls {
				rounds += fmt.Sprintf(" %.1f", wall.Seconds())
			}
			fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", step, c.name, bench.Seconds(m.wall), ratio, rounds, m.calls, provider, cli)
		}
	}
	return columns.Flush()
}
