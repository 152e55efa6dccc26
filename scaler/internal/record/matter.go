package record

import (
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Matter returns a text that is equal for notes of the same matter in later rounds.
// Notes about the workers of a group are one matter, because a hundred of them would
// fill a log.
func Matter(n decide.Note) string {
	about := n.About
	if !strings.HasPrefix(about, "group ") {
		about = strings.TrimRight(about, "0123456789")
	}
	return about + "\x00" + n.Reason.Key()
}

// WithoutNumbers returns words without the numbers that change from round to round:
// "12", "0.5", "1m30s".
func WithoutNumbers(words string) string {
	var b strings.Builder
	inside := false
	for i := range len(words) {
		c := words[i]
		digit := '0' <= c && c <= '9'
		inside = digit || inside && strings.IndexByte(".hms", c) >= 0
		if !inside {
			b.WriteByte(c)
		}
	}
	return b.String()
}
