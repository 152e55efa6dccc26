// Package hostlist reads lists of node names in the form that Slurm writes and
// accepts: `a[1-3,7],b[001-010]-x`.
//
// The form is that of the option --nodelist (man page sbatch) and of NodeName (man
// page slurm.conf). A name has one pair of brackets at most: lists with several, such
// as those of a machine with two dimensions (`rack[1-4]node[1-8]`, `bgp[000x133]`), are
// refused with an error that says so.
package hostlist

import (
	"fmt"
)

// Expand returns the names of a list in its order, each of them once. A list of more
// than that many names is an error, and so is one that cannot be read.
func Expand(text string, most int) ([]string, error) {
	var names []string
	known := map[string]bool{}
	for n, err := range all(text) {
		if err != nil {
			return nil, err
		}
		for name := range n.each() {
			if known[name] {
				continue
			}
			if len(names) >= most {
				return nil, fmt.Errorf("the list has more than %d names", most)
			}
			known[name] = true
			names = append(names, name)
		}
	}
	return names, nil
}

// Contains reports whether a list has a name. An error says that the list cannot be
// read.
func Contains(text, name string) (bool, error) {
	found := false
	for n, err := range all(text) {
		if err != nil {
			return false, err
		}
		found = found || n.has(name)
	}
	return found, nil
}

// Count returns how many names a list has, at most that many. A name that is written
// twice counts twice. An error says that the list cannot be read.
func Count(text string, most int) (int, error) {
	count := 0
	for n, err := range all(text) {
		if err != nil {
			return 0, err
		}
		count += min(n.count(), max(most-count, 0))
	}
	return count, nil
}
