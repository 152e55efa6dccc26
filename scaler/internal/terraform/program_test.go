package terraform

import (
	"os"
	"path/filepath"
	"testing"
)

// A relative path begins at the scaler's directory, as all paths of its configuration
// do, and not at the directory in which the program runs.
func TestFindProgramByARelativePath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("tofu-1.11", []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	want, err := filepath.EvalSymlinks(filepath.Join(dir, "tofu-1.11"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := FindProgram("./tofu-1.11"); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if got, err := FindProgram("./another"); err == nil {
		t.Errorf("%q was found", got)
	}
}
