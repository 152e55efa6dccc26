//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// record is a line of the file of decisions, as docs/scaler.md describes it.
type record struct {
	Time    time.Time `json:"time"`
	Seconds float64   `json:"seconds"`

	PartSeconds struct {
		Cluster float64 `json:"cluster"`
		Queue   float64 `json:"queue"`
		Project float64 `json:"project"`
	} `json:"part_seconds"`

	Watching bool `json:"watching"`
	Waiting  int  `json:"jobs_waiting"`
	Needed   int  `json:"workers_needed"`
	Add      []struct {
		Group  string `json:"group"`
		Count  int    `json:"count"`
		Reason string `json:"reason"`
	} `json:"add"`
	Added   []string `json:"added"`
	Drain   steps    `json:"drain"`
	Undrain steps    `json:"undrain"`
	Remove  steps    `json:"remove"`
	Discard steps    `json:"discard"`
	Standby string   `json:"standby"`
	Errors  []string `json:"errors"`
	Error   string   `json:"error"`
}

type steps []struct {
	Worker string `json:"worker"`
	Reason string `json:"reason"`
}

func (s steps) has(worker string) bool {
	for _, step := range s {
		if step.Worker == worker {
			return true
		}
	}
	return false
}

// acted reports whether the round changed something.
func (r record) acted() bool {
	return !r.Watching && r.Standby == "" && (len(r.Add) > 0 || len(r.Drain) > 0 || len(r.Undrain) > 0 || len(r.Remove) > 0 || len(r.Discard) > 0)
}

// read returns what the scaler has written so far.
func (f scalerFile) read(t *testing.T) []record {
	t.Helper()
	var out []record
	for _, line := range f.lines(t) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("a line of %s: %v: %s", f.decisions, err, line)
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b record) int { return a.Time.Compare(b.Time) }) // of several scalers
	return out
}

func (f scalerFile) lines(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(f.decisions)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	return lines[:len(lines)-1] // what follows the last end of a line is being written
}

// last returns the latest line, for the message of a wait that failed.
func (f scalerFile) last(t *testing.T) string {
	t.Helper()
	lines := f.lines(t)
	return strings.Join(lines[max(0, len(lines)-1):], "")
}

// awaitLook waits until the scaler has read cluster and queue for the first time.
func (f scalerFile) awaitLook(t *testing.T) {
	t.Helper()
	eventually(t, "the scaler has looked", 3*time.Minute, func() (string, bool) {
		return f.last(t), slices.ContainsFunc(f.read(t), func(r record) bool { return r.Error == "" })
	})
}

// served reports whether a worker was made and the latest look saw no job that waits.
func (f scalerFile) served(t *testing.T, worker string) bool {
	t.Helper()
	records := slices.DeleteFunc(f.read(t), func(r record) bool { return r.Error != "" })
	made := slices.ContainsFunc(records, func(r record) bool { return slices.Contains(r.Added, worker) })
	return made && records[len(records)-1].Waiting == 0
}
