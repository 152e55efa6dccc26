package bench

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Only a count beyond its goal fails a benchmark.
func TestTable(t *testing.T) {
	var said []string
	table := &Table{Said: func(r Row) { said = append(said, r.What) }}
	table.Ratio("wall", 13*time.Second, 10*time.Second, 1.1)
	table.Time("plan", 3*time.Second, 2*time.Second)
	table.Time("plan without a goal", 3*time.Second, 0)
	table.Count("calls", 20, 20)
	if failed := table.Failed(); failed != nil {
		t.Errorf("failed: %v", failed)
	}
	table.Count("more calls", 21, 20)
	if failed := table.Failed(); !slices.Equal(failed, []string{"more calls: 21, goal ≤ 20"}) {
		t.Errorf("failed: %v", failed)
	}
	table.Note("note", "%d MB", 7)
	var out strings.Builder
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	want := `WHAT                 GOAL      FIGURE
wall                 ≤ 1.10    1.30 (13.00 s, bare API 10.00 s)  missed
plan                 ≤ 2.00 s  3.00 s                            missed
plan without a goal            3.00 s
calls                ≤ 20      20
more calls           ≤ 20      21                                FAILED
note                           7 MB
`
	var got strings.Builder
	for line := range strings.Lines(out.String()) {
		got.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	if got.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", got.String(), want)
	}
	if len(said) != 6 {
		t.Errorf("said %v", said)
	}
}
