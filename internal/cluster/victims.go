package cluster

import (
	"cmp"
	"slices"
)

// Victims returns the n workers of a group that leave, in order: those named in
// retire, then those marked as leaving already, then unfit ones, then the
// newest. Names in retire that the group does not have are ignored.
func Victims(workers Nodes, n int, retire []string, leaving func(name string) bool) Nodes {
	rank := func(w Node) int {
		switch {
		case slices.Contains(retire, w.Name):
			return 0
		case leaving != nil && leaving(w.Name):
			return 1
		case w.Unfit():
			return 2
		default:
			return 3
		}
	}
	sorted := slices.Clone(workers)
	slices.SortStableFunc(sorted, func(a, b Node) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			compareAge(b, a), // newest first
			CompareNames(b.Name, a.Name),
		)
	})
	return sorted[:max(0, min(n, len(sorted)))]
}
