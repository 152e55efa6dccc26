package record

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Part is a part of a round, by what the round does in that time.
type Part string

// The parts of a round, in the order in which a round comes to them. No two of them
// overlap, and PartOther is the rest, so together they are the whole round.
const (
	PartCluster    Part = "cluster"    // the servers, the document and the front-end's report are read
	PartQueue      Part = "queue"      // the batch system's tools run
	PartProject    Part = "project"    // the quota and the flavors' sizes are read
	PartDecide     Part = "decide"     // the decision is computed
	PartLease      Part = "lease"      // the lease is read and taken
	PartMarks      Part = "marks"      // marks to leave or stay are written to the document
	PartEnrolments Part = "enrolments" // servers that are ready are written into the roster
	PartDeletions  Part = "deletions"  // the deletion of servers is asked for
	PartForgets    Part = "forgets"    // workers without a server are taken out of the roster
	PartCreations  Part = "creations"  // create calls are sent
	PartMemos      Part = "memos"      // memos are written to the front-end
	PartRecord     Part = "record"     // page, metrics and log are served, and the record of the round before was written
	PartOther      Part = "other"      // the rest
)

// RoundParts are all parts of a round, in their order.
var RoundParts = []Part{
	PartCluster, PartQueue, PartProject, PartDecide, PartLease, PartMarks, PartEnrolments, PartDeletions, PartForgets,
	PartCreations, PartMemos, PartRecord, PartOther,
}

// PartSeconds is the time that each part of a round took, in seconds. A part that took
// less than half a millisecond is missing.
type PartSeconds map[Part]float64

// Reading returns the time that the facts of the decision took to read.
func (s PartSeconds) Reading() float64 { return s[PartCluster] + s[PartQueue] + s[PartProject] }

// Text returns the parts in words, the longest first: "queue 0.4 s, cluster 0.2 s".
// It leaves out the parts under 50 ms, and names that are no part. It is empty where
// nothing is left.
func (s PartSeconds) Text() string {
	parts := slices.DeleteFunc(slices.Collect(maps.Keys(s)), func(p Part) bool {
		return s[p] < 0.05 || !slices.Contains(RoundParts, p)
	})
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Or(cmp.Compare(s[b], s[a]), cmp.Compare(a, b)) })
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = fmt.Sprintf("%s %.1f s", p, s[p])
	}
	return strings.Join(words, ", ")
}

// Progress is where the running round is. The zero value is that no round runs.
type Progress struct {
	Begun time.Time // of the round
	Part  Part      // that the round is in
	Since time.Time // when the round came to it
}

// Runs reports whether a round runs.
func (p Progress) Runs() bool { return !p.Begun.IsZero() }
