package cloudinit

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

// installed lays out a node's files below a folder, as cloud-init would below /, with
// the paths in the launcher moved there. It returns the launcher.
func installed(t *testing.T, userData []byte, root string) string {
	t.Helper()
	config := parse(t, userData)[0].config
	contents := files(t, config)
	for _, f := range config["write_files"].([]any) {
		entry := f.(map[string]any)
		name := entry["path"].(string)
		mode, err := strconv.ParseUint(entry["permissions"].(string), 8, 32)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if name == launcherPath {
			if strings.Count(contents[name], programFolder) != 1 {
				t.Fatalf("the launcher does not name %s once:\n%s", programFolder, contents[name])
			}
			contents[name] = strings.Replace(contents[name], programFolder, root+programFolder, 1)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(contents[name]), fs.FileMode(mode)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, launcherPath)
}

// Set-up unpacks the program, whatever the umask, and runs it; later starts find it
// compiled. The system's commands are doubles: nothing of this machine changes.
func TestProgramIsUnpackedAndCompiledOnce(t *testing.T) {
	in := worker()
	in.LoginUser = ""
	userData, err := Worker(in)
	if err != nil {
		t.Fatal(err)
	}
	root, doubles := t.TempDir(), t.TempDir()
	program := installed(t, userData, root)
	for _, command := range []string{"nft", "iptables", "systemctl", "useradd", "usermod", "semanage", "restorecon", "chcon", "ip"} {
		if err := os.WriteFile(filepath.Join(doubles, command), []byte("#!/bin/sh\necho ' inet 10.0.0.1/24'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(verb, input string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `umask 077; exec python3 -IS "$0" "$1"`, program, verb)
		cmd.Env = []string{"VMCLUSTER_ROOT=" + root, "PATH=" + doubles + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("setup", ""); err != nil || !strings.Contains(out, "astro-cpu-1 is set up") {
		t.Fatalf("setup: %v\n%s", err, out)
	}
	folder := filepath.Join(root, programFolder, node.Package)
	for name, want := range map[string]fs.FileMode{"": 0o755 | fs.ModeDir, "batch": 0o755 | fs.ModeDir, "node.py": 0o644, "batch/htcondor.py": 0o644} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", info.Name(), info.Mode(), want)
		}
	}
	before := compiled(t, folder)
	if out, err := run("remote", `{"verb":"ping"}`); err != nil || strings.TrimSpace(out) != `{"ok": true, "name": "astro-cpu-1", "generation": null}` {
		t.Errorf("a ping is answered by %s (%v)", out, err)
	}
	if after := compiled(t, folder); len(before) == 0 || !slices.Equal(before, after) {
		t.Errorf("set-up left %q compiled, a request %q: requests must find all that they need", before, after)
	}
	var exit *exec.ExitError
	if out, err := run("no-such-verb", ""); !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(out, "vmcluster-node: what a node") {
		t.Errorf("%v, want exit status 2 and the usage:\n%s", err, out)
	}
}

// compiled returns the names of the compiled modules, in order.
func compiled(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"__pycache__/*.pyc", "batch/__pycache__/*.pyc"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}
