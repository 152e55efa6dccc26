// Package node holds the program that runs on every node of a cluster, and packs
// it for a node's user data.
//
// The program is a Python package (the .py files beside this one; __init__.py
// says what it does). Each batch system is one module in batch/, and a node gets
// the one of its cluster. The tests of the package are in tests/.
package node

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Package is the name under which a node imports the program.
const Package = "vmcluster_node"

const batchFolder = "batch"

//go:embed *.py batch/*.py *.txt batch/*.txt
var files embed.FS

// BatchSystems returns the names of the batch systems that a cluster can run, in
// order. "none", for a cluster without one, is among them.
func BatchSystems() []string {
	var names []string
	for _, name := range modules(batchFolder) {
		if base := strings.TrimSuffix(path.Base(name), ".py"); !strings.Contains(base, "_") {
			names = append(names, base)
		}
	}
	return names
}

// CheckBatchSystem refuses a name that is none of BatchSystems.
func CheckBatchSystem(name string) error {
	if names := BatchSystems(); !slices.Contains(names, name) {
		return fmt.Errorf("%q is none of %s", name, strings.Join(names, ", "))
	}
	return nil
}

// Choices returns BatchSystems in Markdown, as in "`a`, `b` or `none`".
func Choices() string {
	names := slices.DeleteFunc(BatchSystems(), func(name string) bool { return name == "none" })
	return "`" + strings.Join(names, "`, `") + "` or `none`"
}

// ReservedAccounts returns the names of the accounts and groups that a node has
// beside the login user's: those that images bring along (the distributions' system
// accounts and cloud images' default users), and those that the packages of batch
// systems make.
func ReservedAccounts() []string {
	return slices.Concat(list("accounts.txt"), list(batchFolder+"/accounts.txt"))
}

// OwnPaths returns the files that the program, its set-up and the batch systems'
// modules write on a node. A path that ends with a slash is a folder that is theirs
// as a whole.
func OwnPaths() []string { return slices.Concat(list("paths.txt"), list(batchFolder+"/paths.txt")) }

// OwnSettings returns the names of a batch system's settings that belong to vmcluster:
// those that its module sets, and those by which it would do vmcluster's work itself.
func OwnSettings(batchSystem string) []string {
	return entries(batchFolder+"/settings.txt", batchSystem)
}

// ReservedGroups returns the names that a batch system does not take for a worker group,
// in lower case.
func ReservedGroups(batchSystem string) []string {
	return entries(batchFolder+"/groups.txt", batchSystem)
}

// KnowsWaiting reports whether a batch system's module says which waiting jobs only one
// group can run. The module's own tests hold the list to it.
func KnowsWaiting(batchSystem string) bool {
	return slices.Contains(list(batchFolder+"/waiting.txt"), batchSystem)
}

// entries returns the words of an embedded file's lines that begin with a key, without the
// key.
func entries(name, key string) []string {
	var out []string
	for line := range strings.Lines(read(name)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] == key {
			out = append(out, words[1:]...)
		}
	}
	return out
}

// list returns the words of an embedded file.
func list(name string) []string { return strings.Fields(read(name)) }

// read returns the text of an embedded file.
func read(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic("node: " + err.Error()) // it is embedded
	}
	return string(text)
}

// frontEndOnly are the modules of the coordinator, which take a third of the program
// and do nothing on a worker.
var frontEndOnly = []string{
	"answers.py", "bundle.py", "calls.py", "coordinator.py", "progress.py", "records.py", "report.py",
	"state.py", "tasks.py", "trust.py",
}

// Archive returns the program with the module of one batch system, for a front-end or
// for workers, as a ZIP archive of the folder Package, comments and docstrings left
// out. Its files are not compressed, since together they compress better. The same
// arguments always give the same bytes.
func Archive(batchSystem string, frontEnd bool) ([]byte, error) {
	if err := CheckBatchSystem(batchSystem); err != nil {
		return nil, fmt.Errorf("batch system %w", err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Concat(modules("."), batchModules(batchSystem)) {
		if !frontEnd && slices.Contains(frontEndOnly, name) {
			continue
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: path.Join(Package, name), Method: zip.Store})
		if err == nil {
			_, err = f.Write(strip(text))
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// batchModules returns the paths of the modules for one batch system: its own, and
// further ones whose names begin with its name and an underscore.
func batchModules(batchSystem string) []string {
	return slices.DeleteFunc(modules(batchFolder), func(name string) bool {
		base := path.Base(name)
		return base != "__init__.py" && base != batchSystem+".py" && !strings.HasPrefix(base, batchSystem+"_")
	})
}

// modules returns the paths of a folder's Python files, in order.
func modules(folder string) []string {
	entries, err := files.ReadDir(folder)
	if err != nil {
		panic("node: " + err.Error()) // it is embedded
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".py") {
			names = append(names, path.Join(folder, e.Name()))
		}
	}
	return names
}
