package node

import (
	"path"
	"strings"
)

// Packages returns the names of the packages, as Debian and Ubuntu call them, that a
// batch system needs on the front-end or on a worker; nil for "none", and for one that no
// distribution has.
func Packages(batchSystem string, frontEnd bool) []string {
	role := "worker"
	if frontEnd {
		role = "front_end"
	}
	return after("packages.txt", batchSystem, role)
}

// Units returns the names of the daemons' units in a batch system's packages, on
// whichever node; nil where there are no packages.
func Units(batchSystem string) []string { return after("units.txt", batchSystem) }

// CanInstall reports whether a distribution has a batch system's packages.
func CanInstall(batchSystem string) bool { return Packages(batchSystem, true) != nil }

// after returns the words that follow the given ones in a list of the batch systems'
// folder: on each line that begins with them, in order.
func after(name string, words ...string) []string {
	text, err := files.ReadFile(path.Join(batchFolder, name))
	if err != nil {
		panic("node: " + err.Error()) // it is embedded
	}
	head := strings.Join(words, " ") + " "
	var found []string
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, head); ok {
			found = append(found, strings.Fields(rest)...)
		}
	}
	return found
}
