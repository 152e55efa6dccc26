package terraform

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestFile(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "scaler.auto.tfvars.json"), Variable: "vmcluster_workers"}
	got, err := f.Read()
	if err != nil || len(got) != 0 {
		t.Fatalf("no file yet: %v, %v", got, err)
	}
	want := map[string]Group{"cpu": {3, []string{"astro-cpu-2"}}, "gpu": {0, []string{}}}
	if err := f.Write(want); err != nil {
		t.Fatal(err)
	}
	if got, err = f.Read(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Chmod(f.Path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(want); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(f.Path); err != nil || info.Mode() != fs.FileMode(0o640) {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(f.Path))
	if err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// The content of other programs is not overwritten.
func TestFileOfAnother(t *testing.T) {
	for content, says := range map[string]string{
		`{"flavor": {}, "vmcluster_workers": {}}`:              `sets "flavor"`,
		`{"flavor": "m1"}`:                                     "none of the scaler's",
		`{"vmcluster_workers": {"cpu": {"count": 1, "a": 2}}}`: "none of the scaler's",
		`{`: "none of the scaler's",
	} {
		f := File{Path: filepath.Join(t.TempDir(), "x.auto.tfvars.json"), Variable: "vmcluster_workers"}
		if err := os.WriteFile(f.Path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Read(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", content, err)
		}
	}
}

// A reader during a write finds a whole file.
func TestFileIsWrittenAtOnce(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "scaler.auto.tfvars.json"), Variable: "v"}
	if err := f.Write(map[string]Group{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 100 {
			if err := f.Write(map[string]Group{"cpu": {i, []string{strings.Repeat("n", 10*i)}}}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 300 {
		if _, err := f.Read(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}
