package loadleveler

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// Bounds of what the tools print. What exceeds them is left out.
const (
	longestLine = 1 << 20 // bytes
	mostEntries = 2_000_000
)

// message matches a line in which a tool speaks of itself; some versions put the time
// before it: "06/19 09:51:45 llq: 2539-457 Cannot gethostbyname for machine: …".
var message = regexp.MustCompile(`^\s*([0-9]{2}/[0-9]{2} [0-9:]{8} )?ll[a-z]+: `)

// nothing is how llq says that there are no steps, or none of those that were asked for.
const nothing = "There is currently no job status to report"

// errUnended is the error for an output whose last line has no end.
var errUnended = errors.New("the output breaks off in the middle of a line")

// lines reads an output line by line. Each gets a line without its end and without spaces
// there; it is valid until each returns. Of a line that is too long each gets the
// beginning, and whole is false. All tools end their last line.
func lines(r io.Reader, each func(line []byte, whole bool)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var part []byte
	whole := true
	for {
		piece, err := in.ReadSlice('\n')
		room := longestLine - len(part)
		whole = whole && len(piece) <= room
		part = append(part, piece[:min(len(piece), room)]...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			if len(part) > 0 {
				return errUnended
			}
			return nil
		case err != nil:
			return err
		}
		each(bytes.TrimRight(part, " \t\r\n"), whole)
		part, whole = part[:0], true
	}
}

// odd keeps the first line of an output that belongs to no listing, for an error.
type odd struct{ first string }

func (o *odd) note(line []byte) {
	if o.first == "" && len(line) > 0 {
		o.first = text.Line(string(line[:min(len(line), 800)]), 200)
	}
}

// err returns the error for an output that is no listing.
func (o *odd) err(what string) error {
	if o.first == "" {
		return fmt.Errorf("%s printed nothing", what)
	}
	return fmt.Errorf("what %s prints is no listing: %s", what, o.first)
}

// leave takes an entry that is left out: which step or machine it is, "?" if that is not
// known, and why.
type leave func(label, why string)

// leaver returns a leave that keeps up to ten words on entries of a kind.
func leaver(kind string, into *[]string) leave {
	n := 0
	return func(label, why string) {
		switch n++; {
		case n <= 10:
			*into = append(*into, text.Line(fmt.Sprintf("%s %s: %s", kind, label, why), 200))
		case n == 11:
			*into = append(*into, "further entries: "+kind)
		}
	}
}

// hostName matches what can be the name of a machine. It may become an argument of a tool.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$`)

// short returns the node name in the name of a machine: what comes before the first dot.
func short(machine string) string {
	name, _, _ := strings.Cut(machine, ".")
	return strings.ToLower(name)
}
