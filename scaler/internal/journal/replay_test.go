package journal_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
)

var update = flag.Bool("update", false, "write the recorded rounds anew")

// roundsVariable is the environment variable with the path of a file of decisions, with
// facts, that is replayed as well as the files in testdata.
const roundsVariable = "VMCLUSTER_RECORDED_ROUNDS"

// keep writes records with their inputs.
func keep(t *testing.T, path string, records ...record.Record) {
	t.Helper()
	f, err := journal.Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := f.Record(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRecordedRoundsAreDecidedTheSame(t *testing.T) {
	if *update {
		path := filepath.Join("testdata", "rounds.jsonl")
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		keep(t, path, recordtest.Records()...)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded rounds: %v", err)
	}
	if path := os.Getenv(roundsVariable); path != "" {
		files = append(files, path)
	}
	for _, path := range files {
		rounds := 0
		err := journal.Rounds(path, func(r record.Record) error {
			rounds++
			_, err := record.Replay(r)
			return err
		})
		if err != nil || rounds == 0 {
			t.Errorf("%d rounds of %s are the same: %v", rounds, path, err)
		}
		t.Logf("%s: %d rounds", path, rounds)
	}
}

func TestARoundThatIsDecidedOtherwise(t *testing.T) {
	r := recordtest.Records()[1]
	if _, err := record.Replay(r); err != nil {
		t.Fatal(err)
	}
	other := r
	other.Add = nil
	if _, err := record.Replay(other); !errors.Is(err, record.ErrOther) || !strings.Contains(err.Error(), `"group":"gpu"`) {
		t.Errorf("without its new workers: %v", err)
	}
	r.Input = nil
	if _, err := record.Replay(r); err == nil || errors.Is(err, record.ErrOther) {
		t.Errorf("without what was decided on: %v", err)
	}
}

// Inputs do not disturb a reader of the history.
func TestAHistoryWithFacts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	records := recordtest.Records()
	keep(t, path, records...)
	read, err := journal.Read(path)
	if err != nil || len(read) != len(records) || len(read[1].Notes) != len(records[1].Notes) || read[1].Input != nil {
		t.Errorf("%+v, %v", read, err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-11-22T12:02:00Z","input":{"now":"noon"}}` + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := journal.Rounds(path, func(record.Record) error { return nil }); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("an input that can not be read: %v", err)
	}
}
