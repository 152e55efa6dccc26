package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
)

// Rounds count from the first that asked for a server to the one by whose end all were
// asked for; a line that is being written is left for later.
func TestRounds(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	file := filepath.Join(t.TempDir(), "decisions.jsonl")
	var text strings.Builder
	for _, begin := range []float64{0, 10, 20} {
		fmt.Fprintf(&text, "{\"time\": %q, \"seconds\": 2}\n", at(begin).Format(time.RFC3339Nano))
	}
	if err := os.WriteFile(file, []byte(text.String()+`{"time": "2026`), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked posts
	for i := range scaledTo {
		asked.at = append(asked.at, at(11+float64(i)*10/scaledTo)) // until 21 s
	}
	a := account{samples: []sample{{at(0), 0}, {at(10), time.Second}, {at(12), 3 * time.Second}, {at(30), 4 * time.Second}}}
	rounds, err := a.rounds(file, &asked)
	if err != nil || len(rounds) != 2 || rounds[0].begin != at(10) || rounds[0].wall() != 2*time.Second || rounds[0].cpu != 2*time.Second || rounds[1].cpu != 0 {
		t.Fatalf("rounds %+v, %v", rounds, err)
	}
	for _, row := range []struct {
		rounds []round
		failed bool
	}{
		{rounds, false}, {rounds[:1], true}, {append([]round{{begin: at(9), end: at(10)}}, rounds...), true},
	} {
		table := &bench.Table{}
		report(table, row.rounds, &asked)
		if got := len(table.Failed()) > 0; got != row.failed {
			t.Errorf("%d rounds: failed %v", len(row.rounds), table.Failed())
		}
	}
}
