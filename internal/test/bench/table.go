package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Row is a line of a Table: what was measured, the goal, and the figure.
type Row struct {
	What, Figure string
	Goal         string // "" where there is none
	Missed       bool   // the figure is beyond the goal
	Counted      bool   // the figure is a count: beyond its goal the benchmark fails
}

// Table is a benchmark's result.
type Table struct {
	rows []Row
	Said func(Row) // gets each row when it is added; may be nil
}

// Add adds a row.
func (t *Table) Add(r Row) {
	t.rows = append(t.rows, r)
	if t.Said != nil {
		t.Said(r)
	}
}

// Note adds a figure without a goal.
func (t *Table) Note(what, format string, args ...any) {
	t.Add(Row{What: what, Figure: fmt.Sprintf(format, args...)})
}

// Time adds a duration with its goal; 0 is no goal.
func (t *Table) Time(what string, figure, goal time.Duration) {
	r := Row{What: what, Figure: Seconds(figure)}
	if goal > 0 {
		r.Goal, r.Missed = "≤ "+Seconds(goal), figure > goal
	}
	t.Add(r)
}

// Ratio adds the ratio of two durations with its goal.
func (t *Table) Ratio(what string, ours, bare time.Duration, goal float64) {
	ratio := ours.Seconds() / bare.Seconds()
	t.Add(Row{
		What: what, Goal: fmt.Sprintf("≤ %.2f", goal), Missed: ratio > goal,
		Figure: fmt.Sprintf("%.2f (%s, bare API %s)", ratio, Seconds(ours), Seconds(bare)),
	})
}

// Count adds a number that must not be beyond its goal.
func (t *Table) Count(what string, figure, goal int) {
	t.Add(Row{What: what, Goal: fmt.Sprintf("≤ %d", goal), Figure: fmt.Sprint(figure), Missed: figure > goal, Counted: true})
}

// Failed returns what was counted beyond its goal.
func (t *Table) Failed() []string {
	var out []string
	for _, r := range t.rows {
		if r.Counted && r.Missed {
			out = append(out, fmt.Sprintf("%s: %s, goal %s", r.What, r.Figure, r.Goal))
		}
	}
	return out
}

// Write prints the table.
func (t *Table) Write(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "WHAT\tGOAL\tFIGURE\t")
	for _, r := range t.rows {
		fmt.Fprintln(columns, strings.Join([]string{r.What, r.Goal, r.Figure, r.Verdict()}, "\t"))
	}
	return columns.Flush()
}

// Verdict returns a word on a missed goal.
func (r Row) Verdict() string {
	switch {
	case r.Missed && r.Counted:
		return "FAILED"
	case r.Missed:
		return "missed"
	}
	return ""
}

// Seconds returns a duration as text in seconds.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
