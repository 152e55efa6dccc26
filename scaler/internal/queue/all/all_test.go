package all_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/all"
)

// The scaler's code names a batch system in its adapter, and here where the adapters
// are listed.
func TestBatchSystemsAreNamedInTheirAdaptersOnly(t *testing.T) {
	const scaler = "../../.." // from this folder
	words := append([]string{"condor", "slurm", "loadleveler"}, adapter.Names()...)
	files := 0
	err := filepath.WalkDir(scaler, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder := filepath.Base(filepath.Dir(name))
		adapters := filepath.Base(filepath.Dir(filepath.Dir(name))) == "queue" && folder != "adapter" && folder != "queuetest"
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || adapters {
			return nil
		}
		files++
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(strings.ToLower(string(raw)), "\n") {
			for _, word := range words {
				if strings.Contains(line, word) {
					t.Errorf("%s:%d names %s: %s", name, i+1, word, strings.TrimSpace(line))
				}
			}
		}
		return nil
	})
	if err != nil || files < 50 {
		t.Errorf("%d files, %v", files, err)
	}
}
