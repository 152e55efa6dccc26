package loop_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// recorded runs a world whose rounds are recorded with their facts.
func recorded(t *testing.T, path string, world func(t *testing.T, f *journal.File)) {
	t.Helper()
	f, err := journal.Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { world(t, f) })
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// In an hour with bursts of jobs, failures and restarts, each round is decided again,
// from the file alone, as it was decided then.
func TestRecordedRoundsAreDecidedTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	recorded(t, path, func(t *testing.T, f *journal.File) {
		s := newSim()
		start := func() {
			l := newLoop(s, 4)
			l.Records = f
			l.Policy.Groups["typo"] = decide.Bounds{Max: 1}
			l.Policy.Schedules = map[string][]decide.Window{"cpu": {{From: 8 * 60, To: 9 * 60, Min: 1, Zone: time.UTC}}}
			running(t, l, 20*time.Minute)
		}
		s.submit(30, 30*time.Second, 5*time.Minute)
		start()
		s.fullZone = "a"
		s.submit(10, 25*time.Minute, time.Minute)
		start()
		s.fullZone, s.neverJoin = "", true
		s.submit(10, 50*time.Minute, time.Minute)
		start()
		start()
		if s.created < 5 || s.removed < 3 {
			t.Errorf("%d workers made, %d removed: too little happened", s.created, s.removed)
		}
	})
	rounds, notes := 0, 0
	err := journal.Rounds(path, func(r record.Record) error {
		rounds++
		notes += len(r.Notes)
		_, err := record.Replay(r)
		return err
	})
	info, _ := os.Stat(path)
	t.Logf("%d rounds with %d notes, %d bytes a round", rounds, notes, info.Size()/int64(max(rounds, 1)))
	if err != nil || rounds < 400 {
		t.Errorf("%d rounds: %v", rounds, err)
	}
}
