package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

func TestMain(m *testing.M) {
	if runAsTool() {
		return
	}
	os.Exit(m.Run())
}

// forTests is as fast as the programs are.
var forTests = pace{
	build: 100 * time.Millisecond, boot: 100 * time.Millisecond, remove: 50 * time.Millisecond,
	guests: 50 * time.Millisecond, job: time.Second, interval: 250 * time.Millisecond,
}

// The demo's story ends as it should with every batch system: all jobs are done, workers
// came and went, no job lost a worker, and nothing is left.
func TestStory(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: as all tests with a real command line, run it by make test")
	}
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	bin := build(t)
	for _, b := range batchSystems {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
			defer cancel()
			if _, err := (show{batch: b, pace: forTests}).run(ctx, path, bin, false); err != nil {
				t.Error(err)
			}
		})
	}
}

// build builds the provider and the scaler of this tree.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	for program, folder := range map[string]string{"terraform-provider-vmcluster": "../../..", "vmcluster-scaler": "../../../scaler"} {
		out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, program), folder).CombinedOutput()
		if err != nil {
			t.Fatalf("build %s: %v\n%s", program, err, out)
		}
	}
	return bin
}
