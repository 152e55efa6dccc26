// Package text writes numbers and durations for people, in one way everywhere.
package text

import (
	"fmt"
	"strings"
	"time"
)

// Count returns a number with its noun, which takes an s where there is not
// exactly one: "1 job", "2 jobs", "0 jobs".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Duration returns a duration without its empty parts: "45s", "5m", "1h30m",
// "2d3h". It is rounded to a second, from one hour on to a minute, and from two
// days on to an hour. A negative duration counts as none.
func Duration(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	case d >= time.Hour:
		d = d.Round(time.Minute)
	}
	return Seconds(d)
}

// Seconds returns a duration to the second, however long, without its empty parts:
// "1m30s", "1h0m1s".
func Seconds(d time.Duration) string {
	out := d.Round(time.Second).String()
	if strings.HasSuffix(out, "m0s") {
		out = strings.TrimSuffix(out, "0s")
	}
	if strings.HasSuffix(out, "h0m") {
		out = strings.TrimSuffix(out, "0m")
	}
	return out
}
