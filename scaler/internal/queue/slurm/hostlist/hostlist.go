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
	"slices"
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

// List is a list that was read once, to be asked many times.
type List struct{ parts []names }

// Parse reads a list. An error says why it cannot be read.
func Parse(text string) (List, error) {
	var l List
	for n, err := range all(text) {
		if err != nil {
			return List{}, err
		}
		l.parts = append(l.parts, n)
	}
	return l, nil
}

// Contains reports whether the list has a name. It looks at Parts names and ranges.
func (l List) Contains(name string) bool {
	return slices.ContainsFunc(l.parts, func(n names) bool { return n.has(name) })
}

// Parts returns how many names and ranges are written in the list.
func (l List) Parts() int { return len(l.parts) }

// Count returns how many names the list has, at most that many. A name that is written
// twice counts twice.
func (l List) Count(most int) int {
	count := 0
	for _, n := range l.parts {
		count += min(n.count(), max(most-count, 0))
	}
	return count
}

// Contains reports whether a list has a name. An error says that the list cannot be
// read.
func Contains(text, name string) (bool, error) {
	l, err := Parse(text)
	return l.Contains(name), err
}

// Count returns how many names a list has, as List.Count does. An error says that the list
// cannot be read.
func Count(text string, most int) (int, error) {
	l, err := Parse(text)
	return l.Count(most), err
}
