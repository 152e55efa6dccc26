package terraform

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a command line whose applies take a minute and change nothing.
type slow struct {
	failing
	applies *int
}

func (s slow) Apply(context.Context, string) (string, error) {
	*s.applies++
	time.Sleep(time.Minute)
	return "", nil
}

// A scaler that is asked to stop finishes the current run and begins no other one. A
// wish whose run has not begun yet gets one run, as with once.
func TestFinish(t *testing.T) {
	for _, row := range []struct {
		name  string
		after time.Duration // between the first wish and the second
		runs  int
	}{
		{"while a run is going", 30 * time.Second, 1},
		{"before a run is begun", 0, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			cloud := still{nodes: workers("astro-cpu-1", "astro-gpu-1")}
			applies := 0
			a := New(Options{
				Reader: cloud, Cloud: cloud, CLI: slow{applies: &applies}, Resource: address, Timeout: longestPause,
				File: File{Path: filepath.Join(t.TempDir(), "scaler.auto.tfvars.json"), Variable: "v"},
			})
			wish := func(group string) {
				if _, err := a.Read(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := a.Add(t.Context(), "id", group, 0); err != nil {
					t.Fatal(err)
				}
			}
			wish("gpu")
			time.Sleep(row.after)
			if row.after > 0 {
				wish("cpu")
			}
			if err := a.Finish(t.Context()); err != nil || applies != row.runs {
				t.Errorf("%s: %d runs, want %d; %v", row.name, applies, row.runs, err)
			}
		})
	}
}
