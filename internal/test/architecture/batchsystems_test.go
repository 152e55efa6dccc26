package architecture_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The two folders in which a batch system has its own module or package.
const (
	nodeModules   = "internal/node/batch"    // one Python module each
	nodeDoubles   = "internal/node/tests"    // one Python module for each whose programs need much to stand in for
	queueAdapters = "scaler/internal/queue"  // one package each, which registers itself
	allAdapters   = queueAdapters + "/all"   // imports them
	registration  = "register.go"            // marks an adapter's package
	moduleOfNone  = nodeModules + "/none.py" // stands for no batch system
	adapterOfAny  = "program"                // stands for a batch system that only the user knows
)

// furtherNames are the words of a batch system that begin no file's name: its tools
// and daemons, and how people call it. Two batch systems may have a word in common.
var furtherNames = map[string][]string{
	"htcondor":    {"condor", "schedd", "startd", "classad", "idtoken"},
	"loadleveler": {"llq", "llctl", "llstatus", "llclass", "loadl_", "schedd", "startd"},
	"slurm":       {"slurmd", "slurmctld", "munge", "sbatch", "squeue"},
}

// batchSystems returns the batch systems that have a module or an adapter.
func batchSystems(t *testing.T) []string {
	t.Helper()
	var names []string
	modules, err := filepath.Glob(filepath.Join(root, nodeModules, "*.py"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range modules {
		name := strings.TrimSuffix(filepath.Base(m), ".py")
		if !strings.Contains(name, "_") && !strings.HasSuffix(moduleOfNone, "/"+filepath.Base(m)) {
			names = append(names, name)
		}
	}
	adapters, err := filepath.Glob(filepath.Join(root, queueAdapters, "*", registration))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range adapters {
		if name := filepath.Base(filepath.Dir(a)); name != adapterOfAny {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(modules) < 3 || len(adapters) == 0 || len(names) == 0 {
		t.Fatalf("%d modules and %d adapters of batch systems: they have moved", len(modules), len(adapters))
	}
	return names
}

// mayName reports whether a file may name a batch system: its own module and package,
// what lists all of them, tests and their data.
func mayName(file, system string) bool {
	base := path.Base(file)
	switch {
	case file == nodeModules+"/"+system+".py", strings.HasPrefix(file, nodeModules+"/"+system+"_"), path.Dir(file) == nodeModules && path.Ext(file) == ".txt":
		return true
	case file == nodeDoubles+"/"+system+".py":
		return true
	case covers([]string{queueAdapters + "/" + system, allAdapters}, path.Dir(file)):
		return true
	case strings.HasSuffix(base, "_test.go"), strings.HasSuffix(base, "_test.py"), strings.Contains(file, "/testdata/"):
		return true
	}
	return testSupport(path.Dir(file))
}

// ownWord reports whether a file may use a word as that of another batch system, which has
// it in common with the first.
func ownWord(file, word string, systems []string) bool {
	return slices.ContainsFunc(systems, func(s string) bool {
		return mayName(file, s) && slices.Contains(furtherNames[s], strings.ToLower(word))
	})
}

// The seams hold as long as nothing outside knows which batch systems there are: a
// further one is a module and a package more, and no other change.
func TestBatchSystemsAreNamedInTheirOwnRooms(t *testing.T) {
	systems := batchSystems(t)
	words := map[string]*regexp.Regexp{}
	for _, s := range systems {
		words[s] = regexp.MustCompile(`(?i)` + strings.Join(append([]string{regexp.QuoteMeta(s)}, furtherNames[s]...), "|"))
	}
	for _, folder := range []string{"internal", "scaler", "main.go"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			file, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			file = filepath.ToSlash(file)
			switch path.Ext(file) {
			case ".go", ".py", ".js", ".html", ".tmpl", ".txt", ".sh":
			default:
				return nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, s := range systems {
				if mayName(file, s) {
					continue
				}
				for i, line := range strings.Split(string(text), "\n") {
					for _, found := range words[s].FindAllString(line, -1) {
						if ownWord(file, found, systems) {
							continue
						}
						t.Errorf("%s:%d says %q, a word of batch system %s: it belongs into the module or the adapter", file, i+1, found, s)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The lists that a batch system's module has lines in are those that newcomers read of.
func TestEveryListOfBatchSystemsIsExplained(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## How to add a batch system\n")
	section, _, _ = strings.Cut(section, "\n## ")
	lists, err := filepath.Glob(filepath.Join(root, nodeModules, "*.txt"))
	if err != nil || !found || len(lists) < 6 {
		t.Fatalf("%d lists, %v; CONTRIBUTING.md has the section: %v", len(lists), err, found)
	}
	for _, list := range lists {
		if !strings.Contains(section, filepath.Base(list)) {
			t.Errorf("CONTRIBUTING.md does not say what %s holds", filepath.Base(list))
		}
	}
}
