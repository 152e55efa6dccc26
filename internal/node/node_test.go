package node_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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

// A front-end gets every common module, and of the batch systems the one that it needs. A
// worker gets no module of the coordinator.
func TestArchive(t *testing.T) {
	if _, err := node.Archive("fork", true); err == nil {
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
		further, err := filepath.Glob("batch/" + name + "_*.py")
		if err != nil {
			t.Fatal(err)
		}
		want = slices.Concat(want, common, further)
		got := packed(t, name, true)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("a front-end with %s gets %q, want %q", name, got, want)
		}
		onWorkers := packed(t, name, false)
		for _, file := range onWorkers {
			if !slices.Contains(want, file) {
				t.Errorf("a worker with %s gets %s", name, file)
			}
		}
		if slices.Contains(onWorkers, "coordinator.py") || !slices.Contains(onWorkers, "batch/"+name+".py") {
			t.Errorf("a worker with %s gets %q", name, onWorkers)
		}
	}
}

func packed(t *testing.T, batchSystem string, frontEnd bool) []string {
	t.Helper()
	var names []string
	for file := range unpack(t, batchSystem, frontEnd) {
		names = append(names, strings.TrimPrefix(file, node.Package+"/"))
	}
	slices.Sort(names)
	return names
}

// What a worker gets is complete: each of its modules can be imported, and so can those
// that a module imports when it needs them.
func TestWorkersArchiveIsComplete(t *testing.T) {
	const imports = `
import ast, importlib, pathlib, sys

sys.path.insert(0, sys.argv[1])
root = pathlib.Path(sys.argv[1], sys.argv[2])
for path in sorted(root.rglob("*.py")):
    module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
    importlib.import_module(module.removesuffix(".__init__"))
    folder = module.rpartition(".")[0]
    for n in ast.walk(ast.parse(path.read_text())):
        if path.stem != "__init__" and isinstance(n, ast.ImportFrom) and n.level == 1 and n.module is None:
            for name in n.names:
                if not hasattr(sys.modules[folder], name.name):
                    importlib.import_module(folder + "." + name.name)
`
	for _, batchSystem := range node.BatchSystems() {
		dir := t.TempDir()
		for file, text := range unpack(t, batchSystem, false) {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := exec.CommandContext(t.Context(), "python3", "-B", "-c", imports, dir, node.Package).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", batchSystem, err, out)
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
            n.end_lineno = None  # it may end with a docstring
        if hasattr(n, "col_offset"):
            n.col_offset = n.end_col_offset = None
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
		for file, text := range unpack(t, batchSystem, true) {
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

func unpack(t *testing.T, batchSystem string, frontEnd bool) map[string]string {
	t.Helper()
	archive, err := node.Archive(batchSystem, frontEnd)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := node.Archive(batchSystem, frontEnd); err != nil || !bytes.Equal(archive, again) {
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

// A user's file can't take the place of a unit of the program's.
func TestUnitsAreOwnPaths(t *testing.T) {
	files, err := filepath.Glob("*.py")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, unit := range regexp.MustCompile(`\bvmcluster-[a-z-]+\.(?:service|timer)\b`).FindAllString(string(text), -1) {
			seen++
			if !slices.Contains(node.OwnPaths(), "/etc/systemd/system/"+unit) {
				t.Errorf("%s names %s, which is not in paths.txt", file, unit)
			}
		}
	}
	if seen < 5 {
		t.Errorf("only %d names of units found", seen)
	}
}

// systemd itself judges the coordinator's unit: nothing unknown, and little exposed.
func TestCoordinatorUnit(t *testing.T) {
	unit := func(home string, memory int) string {
		cmd := exec.CommandContext(t.Context(), "python3", "-B", "-c", "import sys; from node import units; sys.stdout.write(units.coordinator(sys.argv[1], int(sys.argv[2])))", home, strconv.Itoa(memory))
		cmd.Dir = ".."
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, c := range []struct {
		home   string
		memory int
		want   string
	}{
		{"/home/astro", 64 << 20, "\nMemoryMax=1048576K\n"},
		{"/home/astro", 400000, "\nMemoryMax=300000K\n"},
		{"", 0, "\nMemoryMax=1048576K\n"},
		{"/data/astro", 0, "\nReadWritePaths=/etc /run /tmp /var -/home -/data/astro\n"},
		{"/data/x y", 0, "\nReadWritePaths=/etc /run /tmp /var -/home\n"},
	} {
		if text := unit(c.home, c.memory); !strings.Contains(text, c.want) {
			t.Errorf("home %q, memory %d kB: no %q in\n%s", c.home, c.memory, c.want, text)
		}
	}
	text := unit("/home/astro", 64<<20)
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	here, err := exec.LookPath("true") // the program is not installed on this machine
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vmcluster-coordinator.service")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "/usr/local/sbin/vmcluster-node", here)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", path).CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", path).CombinedOutput()
	if err != nil {
		t.Skipf("this systemd-analyze does not judge units offline: %v", err)
	}
	m := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no verdict in:\n%s", out)
	}
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > 3 {
		t.Errorf("the unit's exposure level is %s, want at most 3.0", m[1])
	}
}

// The settings and groups that are a batch system's or vmcluster's own are lists by batch
// system.
func TestListsByBatchSystem(t *testing.T) {
	for _, name := range node.BatchSystems() {
		own := node.OwnSettings(name)
		if (len(own) == 0) != (name == "none") {
			t.Errorf("%s: %d settings of vmcluster's own", name, len(own))
		}
		for _, list := range [][]string{own, node.ReservedGroups(name)} {
			slices.Sort(list)
			if len(slices.Compact(list)) != len(list) {
				t.Errorf("%s: a word stands twice in %q", name, list)
			}
		}
	}
	if node.KnowsWaiting("none") || node.KnowsWaiting("other") || !node.KnowsWaiting("slurm") {
		t.Error("which batch systems say what waits is not what their modules have")
	}
	if own := node.OwnSettings("htcondor"); !slices.Contains(own, "CONDOR_HOST") || slices.Contains(own, "htcondor") {
		t.Errorf("the own settings are %q", own)
	}
}
