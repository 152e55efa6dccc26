package record

import (
	"regexp"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Matter returns a text that is the same for notes of the same matter in later
// rounds. Notes about the workers of a group are one matter: a hundred of them would
// fill a log.
func Matter(n decide.Note) string {
	about := n.About
	if !strings.HasPrefix(about, "group ") {
		about = strings.TrimRight(about, "0123456789")
	}
	return about + "\x00" + n.Reason.Key()
}

// numbers are what changes from round to round in the words of the same matter:
// "12", "0.5", "1m30s".
var numbers = regexp.MustCompile(`[0-9][0-9.hms]*`)

// WithoutNumbers returns words without the numbers and durations in them.
func WithoutNumbers(words string) string { return numbers.ReplaceAllString(words, "") }
