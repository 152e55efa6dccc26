package tooling_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script is a copy of a script in a tree of its own, on a machine that has the
// played programs and no other.
type script struct {
	t    *testing.T
	tree string
	bin  string
}

func newScript(t *testing.T, name string) *script {
	t.Helper()
	s := &script{t: t, tree: t.TempDir(), bin: t.TempDir()}
	raw, err := os.ReadFile(filepath.Join(root, "scripts", name))
	if err != nil {
		t.Fatal(err)
	}
	s.file(filepath.Join(s.tree, "scripts", name), string(raw))
	return s
}

func (s *script) file(path, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// play puts a program into the search path.
func (s *script) play(name, text string) { s.file(filepath.Join(s.bin, name), "#!/bin/bash\n"+text) }

// link puts programs of this machine into the search path.
func (s *script) link(names ...string) {
	s.t.Helper()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil {
			err = os.Symlink(path, filepath.Join(s.bin, name))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// run returns what the script printed to each stream, and its exit status.
func (s *script) run(name string, args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "/bin/bash", append([]string{filepath.Join(s.tree, "scripts", name)}, args...)...)
	cmd.Env = []string{"PATH=" + s.bin, "TREE=" + s.tree}
	var out, text strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &text
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return out.String(), text.String(), cmd.ProcessState.ExitCode()
}

const playedGo = `
case "$1" in
env) echo auto ;;
version) echo "go version go1.26.8 linux/amd64" ;;
esac`

func TestCheckNeedsNamesAllThatIsMissing(t *testing.T) {
	oldGo := strings.Replace(playedGo, "1.26.8", "1.19.3", 1)
	pinnedGo := strings.NewReplacer("auto", "local", "1.26.8", "1.25").Replace(playedGo)
	for name, c := range map[string]struct {
		programs map[string]string
		tools    []string
		want     []string // after the first line; none where all is there
	}{
		"all is there": {
			programs: map[string]string{"go": playedGo, "git": "", "python3": "echo Python 3.13.5", "gcc": ""},
			tools:    []string{"go", "git", "python3", "cc"},
		},
		"nothing is there": {
			tools: []string{"go", "git", "python3", "cc"},
			want: []string{
				"  go 1.26.0 or newer (https://go.dev/dl)", "  git (Debian: git)", "  python3 3.9 or newer (Debian: python3)",
				"  a C compiler (for the race detector; Debian: gcc libc6-dev)",
			},
		},
		"what is not needed may be missing": {
			programs: map[string]string{"go": playedGo},
			tools:    []string{"go"},
		},
		"some are too old": {
			programs: map[string]string{"go": oldGo, "git": "", "python3": "echo Python 3.7.3"},
			tools:    []string{"go", "git", "python3"},
			want:     []string{"  go 1.21 or newer (https://go.dev/dl); here is 1.19.3", "  python3 3.9 or newer (Debian: python3); here is 3.7.3"},
		},
		"a go that may not fetch another": {
			programs: map[string]string{"go": pinnedGo},
			tools:    []string{"go"},
			want:     []string{"  go 1.26.0 or newer (https://go.dev/dl); here is 1.25"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, "check-needs")
			s.file(filepath.Join(s.tree, "go.mod"), "module example.org/x\n\ngo 1.26.0\n\ntoolchain go1.26.8\n")
			for name, text := range c.programs {
				s.play(name, text)
			}
			stdout, stderr, status := s.run("check-needs", append([]string{"make test"}, c.tools...)...)
			want, wantStatus := "", 0
			if len(c.want) > 0 {
				want = "error: make test needs what this machine does not have:\n" + strings.Join(c.want, "\n") + "\n"
				wantStatus = 2
			}
			if stdout != "" || stderr != want || status != wantStatus {
				t.Errorf("status %d, want %d; printed %q and\n%s\nwant\n%s", status, wantStatus, stdout, stderr, want)
			}
		})
	}
}
