package tooling_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const playedCLI = `echo "OpenTofu v1.12.6"`

// goThat plays the go command as with-cli uses it. It writes down its arguments;
// download and build succeed if they are said to.
func goThat(downloads, builds bool) string {
	return `
shopt -s extglob
echo "$(cd "$PWD" && echo "${PWD##*/}"): $*" >>"$TREE/calls"
out=
for ((i = 1; i <= $#; i++)); do [[ ${!i} == -o ]] && { i=$((i + 1)); out=${!i}; }; done
make() { printf '#!/bin/bash\necho "OpenTofu v1.12.6"\n' >"$out"; chmod +x "$out"; }
case "$1" in
run) ` + map[bool]string{true: "make", false: `echo "tofudl: connection refused" >&2; exit 1`}[downloads] + ` ;;
list) for ((n = 0; n < 250; n++)); do echo "package$n"; done ;;
build) for ((n = 0; n < 250; n++)); do echo "package$n"; done >&2
  ` + map[bool]string{true: "make", false: `echo "go: no space left on device" >&2; exit 1`}[builds] + ` ;;
esac`
}

func newWithCLI(t *testing.T) *script {
	t.Helper()
	s := newScript(t, "with-cli")
	s.file(filepath.Join(s.tree, "tools", "tofu", "go.mod"), "module tofu\n\nrequire github.com/opentofu/opentofu v1.12.6 // indirect\n")
	s.file(filepath.Join(s.tree, "tools", "tofudl", "go.mod"), "module tofudl\n")
	s.link("dirname", "grep", "sed", "sort", "head", "mkdir", "chmod", "wc", "bash")
	return s
}

func (s *script) calls() []string {
	raw, err := os.ReadFile(filepath.Join(s.tree, "calls"))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

func TestWithCLITakesWhatIsInThePath(t *testing.T) {
	for name, c := range map[string]struct {
		programs map[string]string
		want     string
	}{
		"terraform first":   {map[string]string{"terraform": `echo "Terraform v1.11.4"`, "tofu": playedCLI}, "terraform"},
		"tofu alone":        {map[string]string{"tofu": playedCLI}, "tofu"},
		"an old one is not": {map[string]string{"terraform": `echo "Terraform v1.9.8"`, "tofu": playedCLI}, "tofu"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newWithCLI(t)
			s.play("go", goThat(true, true))
			for name, text := range c.programs {
				s.play(name, text)
			}
			stdout, stderr, status := s.run("with-cli")
			if want := filepath.Join(s.bin, c.want) + "\n"; stdout != want || status != 0 {
				t.Errorf("status %d, printed %q, want %q\n%s", status, stdout, want, stderr)
			}
			if calls := s.calls(); len(calls) > 0 {
				t.Errorf("go was called: %q", calls)
			}
		})
	}
}

func TestWithCLIDownloadsAndElseBuilds(t *testing.T) {
	for name, c := range map[string]struct {
		downloads, builds bool
		status            int
		calls             []string // folder and verb
		says              []string
	}{
		"the download succeeds": {true, true, 0, []string{"tofudl: run"}, []string{"downloading OpenTofu 1.12.6"}},
		"the network refuses it": {
			false, true, 0, []string{"tofudl: run", "tofu: list", "tofu: build"},
			[]string{"tofudl: connection refused", "the download did not succeed", "3.6 GB", "200 of at most 250 packages are compiled"},
		},
		"neither succeeds": {
			false, false, 1, []string{"tofudl: run", "tofu: list", "tofu: build"},
			[]string{"go: no space left on device"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newWithCLI(t)
			s.play("go", goThat(c.downloads, c.builds))
			path := filepath.Join(s.tree, ".tools", "bin", "tofu")
			stdout, stderr, status := s.run("with-cli", "bash", "-c", `echo "$TF_ACC_TERRAFORM_PATH on $TF_ACC_PROVIDER_HOST"`)
			want := ""
			if c.status == 0 {
				want = path + " on registry.opentofu.org\n"
			}
			if stdout != want || status != c.status {
				t.Errorf("status %d, want %d; printed %q, want %q\n%s", status, c.status, stdout, want, stderr)
			}
			for _, text := range c.says {
				if !strings.Contains(stderr, text) {
					t.Errorf("it does not say %q:\n%s", text, stderr)
				}
			}
			calls := s.calls()
			if len(calls) != len(c.calls) {
				t.Fatalf("calls %q, want %q", calls, c.calls)
			}
			for i, want := range c.calls {
				if !strings.HasPrefix(calls[i], want+" ") {
					t.Errorf("call %q, want %q", calls[i], want)
				}
			}
			if !strings.HasSuffix(calls[0], " -version 1.12.6 -o "+path) {
				t.Errorf("call %q does not name version and file", calls[0])
			}
			if c.status == 0 { // once
				if _, stderr, status := s.run("with-cli"); status != 0 || stderr != "" || len(s.calls()) != len(calls) {
					t.Errorf("the second run: status %d, %q, calls %q", status, stderr, s.calls()[len(calls):])
				}
			}
		})
	}
}
