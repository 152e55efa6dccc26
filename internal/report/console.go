package report

import (
	"regexp"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Mark begins the line of a report on a console.
const Mark = "vmcluster-report "

// ahead is what a terminal's driver and programs that draw on it leave before the
// first character of a line: carriage returns and control sequences (ECMA-48).
var ahead = regexp.MustCompile("^(?:\r|\x1b\\[[0-9;?]*[@-~])*")

// OnConsole returns the newest report in a console log; there is false if it holds
// none. Only a whole line that begins with the mark counts: other programs write lines
// of their own, or between the pieces of one. The log's first line may be the rest of
// one, so it does not count.
//
// A line that is repeated later, by whatever program, does not become newer: of all
// reports that the front-end has signed, the one with the highest generation and
// sequence is the newest.
func (o Origin) OnConsole(console string) (newest cluster.Report, there bool) {
	_, rest, _ := strings.Cut(console, "\n")
	for line := range strings.SplitSeq(rest, "\n") {
		content, marked := strings.CutPrefix(line[len(ahead.FindString(line)):], Mark)
		if !marked {
			continue
		}
		r, err := o.open(strings.TrimRight(content, "\r"))
		if err == nil && (!there || !r.Before(newest)) {
			newest, there = r, true
		}
	}
	return newest, there
}
