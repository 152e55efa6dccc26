package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Rounds that read what real tools printed are recorded whole, and decided again from
// the file alone.
func TestRecordedRoundsAreDecidedAgain(t *testing.T) {
	log := filepath.Join(t.TempDir(), "decisions.jsonl")
	s := newStage(t, fmt.Sprintf(bounds, 5)+fmt.Sprintf("log {\n  decisions = %q\n  facts = true\n}\nactuator \"dry-run\" {}\n", log))
	s.run(exitOK, "once")
	rounds := 0
	err := journal.Rounds(log, func(r record.Record) error {
		rounds++
		if f := r.Input.Facts; len(f.Queue.Jobs) == 0 || len(f.Queue.Workers) == 0 || len(f.Cluster.Nodes) != 3 {
			t.Errorf("facts: %d kinds of jobs, %d workers in the pool, %d nodes", len(f.Queue.Jobs), len(f.Queue.Workers), len(f.Cluster.Nodes))
		}
		_, err := record.Replay(r)
		return err
	})
	if err != nil || rounds == 0 {
		t.Errorf("%d rounds: %v", rounds, err)
	}
}
