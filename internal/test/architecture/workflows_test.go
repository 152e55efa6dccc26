package architecture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	uses   = regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(\S+)(.*)$`)
	pinned = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9./-]+@[0-9a-f]{40}$`)
)

// byTag is an action that is named by a tag. Its jobs have no secret and no right to
// write.
const byTag = "gophercloud/devstack-action@v"

// An action can be exchanged under its tag, and not under its commit. The comment says
// which version the commit is.
func TestActionsArePinnedByCommit(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all := uses.FindAllStringSubmatch(string(raw), -1)
		if len(all) == 0 {
			t.Errorf("%s uses no action: the pattern has become wrong", name)
		}
		for _, u := range all {
			switch {
			case strings.HasPrefix(u[1], byTag):
				if strings.Contains(string(raw), "secrets.") || strings.Contains(string(raw), ": write") {
					t.Errorf("%s: %s is named by a tag beside a secret or a right to write", name, u[1])
				}
			case !pinned.MatchString(u[1]) || !strings.Contains(u[2], "# v"):
				t.Errorf("%s: %s is not pinned by a commit with its version behind it", name, u[1])
			}
		}
	}
}

// Nothing is signed or published before the tests of the same commit have passed.
func TestReleasesAreTestedFirst(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, ".github/workflows/release.yml"))
	if err != nil {
		t.Fatal(err)
	}
	test, release, is := strings.Cut(string(raw), "\n  release:\n")
	if !is || !strings.Contains(test, "run: make test\n") || !strings.HasPrefix(release, "    needs: [test]\n") {
		t.Error("release.yml does not run the tests in a job that the release needs")
	}
	if strings.Contains(test, "secrets.") || strings.Contains(test, ": write") {
		t.Error("the tests have a secret or a right to write")
	}
	for _, part := range []string{"make release", "attest-build-provenance@", "download-syft@"} {
		if !strings.Contains(release, part) {
			t.Errorf("the release lacks %s", part)
		}
	}
}
