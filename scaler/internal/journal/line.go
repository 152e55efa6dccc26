package journal

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// line is a record as it is written to the file of decisions. Most notes hold for many
// rounds: a worker stays idle, a group is at its maximum. So a line may omit a
// subject's notes if they equal those of the line before, apart from numbers.
type line struct {
	record.Record
	AsBefore bool     `json:"notes_as_before,omitempty"` // subjects that are not named have the notes of the line before
	Over     []string `json:"notes_over,omitempty"`      // subjects that no longer have notes
}

// wholeLine is a record with all its notes and with its round's input.
type wholeLine struct {
	record.Record
	Input *record.Input `json:"input,omitempty"`
}

// wholeAfter is the time after which a line has all notes again, for readers that begin
// in the middle of a file, and for the numbers in the notes.
const wholeAfter = 10 * time.Minute

// notes are the notes of the latest line that was written or read, in order.
type notes struct {
	all   []decide.Note
	keys  map[string]string // by subject, see keysOf
	whole time.Time         // time of the latest line with all notes; zero: there was none
}

// keysOf returns a text for each subject. It changes when the subject's notes change
// in more than numbers.
func keysOf(all []decide.Note) map[string]string {
	out := make(map[string]string, len(all))
	for _, n := range all {
		out[n.About] += n.Reason.Key() + "\n"
	}
	return out
}

// shorten returns the line for the next record, and remembers its notes.
func (n *notes) shorten(r record.Record) line {
	if r.Error != "" {
		return line{Record: r} // it has no decision: the line after it refers to the line before
	}
	before := *n
	n.all, n.keys = r.Notes, keysOf(r.Notes)
	if age := r.Time.Sub(before.whole); before.whole.IsZero() || age < 0 || age >= wholeAfter {
		n.whole = r.Time
		return line{Record: r}
	}
	l := line{Record: r, AsBefore: true}
	l.Notes = nil
	for _, note := range r.Notes {
		if before.keys[note.About] != n.keys[note.About] {
			l.Notes = append(l.Notes, note)
		}
	}
	for _, note := range before.all {
		if n.keys[note.About] == "" && !slices.Contains(l.Over, note.About) {
			l.Over = append(l.Over, note.About)
		}
	}
	return l
}

// expand returns the record of the next line, with all its notes. Consecutive records
// with the same notes share one slice.
func (n *notes) expand(l line) record.Record {
	switch {
	case l.Error != "":
		return l.Record
	case !l.AsBefore:
		n.all = l.Notes
	case len(l.Notes) > 0 || len(l.Over) > 0:
		changed := keysOf(l.Notes)
		kept := slices.DeleteFunc(slices.Clone(n.all), func(note decide.Note) bool {
			return changed[note.About] != "" || slices.Contains(l.Over, note.About)
		})
		n.all = append(kept, l.Notes...)
	}
	l.Notes = n.all
	return l.Record
}
