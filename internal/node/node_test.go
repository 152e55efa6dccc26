package node_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/sshkeygen"
)

// The program is Python and so are its tests, of which each file runs by itself. Those
// that call ssh-keygen run with our small one, and with OpenSSH's where it is
// installed.
func TestProgram(t *testing.T) {
	ours := sshkeygen.Install(t) + string(os.PathListSeparator) + os.Getenv("PATH")
	_, missing := exec.LookPath("ssh-keygen")
	files, err := filepath.Glob("tests/*_test.py")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of tests, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".py")
		if missing == nil {
			runTests(t, name, strings.TrimSuffix(name, "_test"), os.Getenv("PATH"))
		}
		if missing != nil || bytes.Contains(text, []byte(`"ssh-keygen"`)) {
			runTests(t, name, strings.TrimSuffix(name, "_test")+" with our ssh-keygen", ours)
		}
	}
}

// runTests runs a file of tests with a search path, beside other files.
func runTests(t *testing.T, file, title, path string) {
	t.Run(title, func(t *testing.T) {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), "python3", "-B", "-m", "unittest", "node.tests."+file)
		cmd.Dir, cmd.Env = "..", append(os.Environ(), "PATH="+path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", cmd, err, out)
		}
	})
}

// A node gets every common module, and of the batch systems the one that it needs.
func TestArchive(t *testing.T) {
	if _, err := node.Archive("fork"); err == nil {
		t.Error("an unknown batch system is packed")
	}
	names := node.BatchSystems()
	if len(names) < 2 || !slices.Contains(names, "none") || slices.Contains(names, "__init__") {
		t.Fatalf("the batch systems are %q", names)
	}
	common, err := filepath.Glob("*.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		want := []string{"batch/__init__.py", "batch/" + name + ".py"}
		want = append(want, common...)
		var got []string
		for file := range unpack(t, name) {
			got = append(got, strings.TrimPrefix(file, node.Package+"/"))
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("a node with %s gets %q, want %q", name, got, want)
		}
	}
}

// What a node gets means the same as the source, line by line.
func TestStrip(t *testing.T) {
	const compare = `
import ast, sys

def tree(name):
    t = ast.parse(open(name).read(), name)
    for n in ast.walk(t):
        if isinstance(getattr(n, "body", None), list):
            n.body = [s for s in n.body if not is_text(s) and not isinstance(s, ast.Pass)]
            n.end_lineno = n.end_col_offset = None  # it may end with a docstring
    return ast.dump(t, include_attributes=True)

def is_text(s):
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and isinstance(s.value.value, str)

for name in sys.stdin.read().split():
    packed = sys.argv[1] + "/" + name
    assert tree(name) == tree(packed), name + " means something else"
`
	dir := t.TempDir()
	var names []string
	for _, batchSystem := range node.BatchSystems() {
		for file, text := range unpack(t, batchSystem) {
			name := strings.TrimPrefix(file, node.Package+"/")
			names = append(names, name)
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(text) >= len(source) || strings.Count(text, "\n") != strings.Count(string(source), "\n") {
				t.Errorf("%s: %d bytes became %d", name, len(source), len(text))
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-c", compare, dir)
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func unpack(t *testing.T, batchSystem string) map[string]string {
	t.Helper()
	archive, err := node.Archive(batchSystem)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := node.Archive(batchSystem); err != nil || !bytes.Equal(archive, again) {
		t.Errorf("the archive for %s is another one the second time (%v)", batchSystem, err)
	}
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range r.File {
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}
