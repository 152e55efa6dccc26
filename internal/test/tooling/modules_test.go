package tooling_test

import (
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

const root = "../../.." // of the repository, from this package

var (
	goLine        = regexp.MustCompile(`(?m)^go (\S+)$`)
	toolchainLine = regexp.MustCompile(`(?m)^toolchain (\S+)$`)
)

// modules returns the go.mod files of the repository by their names.
func modules(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "tools", "*", "go.mod"))
	if err != nil || len(names) == 0 {
		t.Fatalf("the tools' modules: %v, %v", names, err)
	}
	texts := map[string]string{}
	for _, name := range append(names, filepath.Join(root, "go.mod")) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(raw)
	}
	return texts
}

// Workflows install the toolchain that go.mod names and take no other. So each
// module names the same one, and none needs a newer one.
func TestModulesNameOneToolchain(t *testing.T) {
	all := modules(t)
	want := toolchainLine.FindStringSubmatch(all[filepath.Join(root, "go.mod")])
	if want == nil {
		t.Fatal("go.mod names no toolchain")
	}
	for name, text := range all {
		needs, names := goLine.FindStringSubmatch(text), toolchainLine.FindStringSubmatch(text)
		switch {
		case needs == nil || names == nil || names[1] != want[1]:
			t.Errorf("%s: go %v, toolchain %v, want the toolchain %s", name, needs, names, want[1])
		case version.Compare("go"+needs[1], want[1]) > 0:
			t.Errorf("%s needs Go %s, which is newer than %s", name, needs[1], want[1])
		}
	}
}
