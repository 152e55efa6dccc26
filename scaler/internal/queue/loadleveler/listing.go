package loadleveler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// totals are the numbers in the last line of llq.
type totals struct {
	all    int
	counts [countKinds]int
}

// totalsLine matches that line; it says "in query" where steps were named.
var totalsLine = regexp.MustCompile(`^([0-9]{1,9}) job step\(s\) in (?:queue|query), ([0-9]{1,9}) waiting, ([0-9]{1,9}) pending, ([0-9]{1,9}) running, ([0-9]{1,9}) held, ([0-9]{1,9}) preempted$`)

func totalsOf(line []byte) (t totals, is bool) {
	if len(line) == 0 || line[0] < '0' || line[0] > '9' {
		return totals{}, false
	}
	parts := totalsLine.FindSubmatch(line)
	if parts == nil {
		return totals{}, false
	}
	t.all = whole(string(parts[1]))
	for i, n := range parts[2:] {
		t.counts[i] = whole(string(n))
	}
	return t, true
}

// check counts the steps of a listing by their states.
type check struct {
	listed       int
	surely, most [countKinds]int // steps that a number counts at least, and at most
	ended        int             // of listed: those that the number of all need not count
}

func (c *check) add(st string) {
	c.listed++
	s, known := states[st]
	if !known {
		s.totals = anyCount
	}
	if s.means == ended {
		c.ended++
	}
	if len(s.totals) == 1 {
		c.surely[s.totals[0]]++
	}
	for _, at := range s.totals {
		c.most[at]++
	}
}

// contradiction returns in which respect a totals line is not that of the listed steps; ""
// if in none.
func (c *check) contradiction(t totals) string {
	if t.all > c.listed || t.all < c.listed-c.ended {
		return fmt.Sprintf("it lists %d steps, and its last line counts %d", c.listed, t.all)
	}
	for at, name := range []string{"waiting", "pending", "running", "held", "preempted"} {
		if n := t.counts[at]; n < c.surely[at] || n > c.most[at] {
			return fmt.Sprintf("it lists %d steps as %s, and its last line counts %d", c.surely[at], name, n)
		}
	}
	return ""
}

// ending follows an output of llq to its last line.
type ending struct {
	totals totals
	told   bool // the last line that is not empty is a totals line
	empty  bool // llq has said that there is nothing
}

// takes reports whether a line belongs to the end of an output: a totals line, or the
// sentence that there is nothing. Text of users can look like either; what comes after it
// takes it back.
func (e *ending) takes(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	e.told = false
	if t, is := totalsOf(line); is {
		e.totals, e.told = t, true
		return true
	}
	if bytes.Contains(line, []byte(nothing)) && message.Match(line) {
		e.empty = true
		return true
	}
	return false
}

// count returns the numbers of steps by llq's own count. It reads the whole listing, whose
// first column may be cut off, and compares it with its last line.
func (r *Reader) count(ctx context.Context) (totals, error) {
	var e ending
	var c check
	var o odd
	rows := false
	err := r.run(ctx, "llq", nil, func(in io.Reader) error {
		err := lines(in, func(line []byte, _ bool) {
			switch {
			case e.takes(line) || len(line) == 0:
			case isRule(line):
				rows = true
			case rows && !message.Match(line):
				c.add(stateIn(line))
			default:
				o.note(line)
			}
		})
		switch {
		case err != nil:
			return err
		case e.told:
			if why := c.contradiction(e.totals); why != "" {
				return errors.New(why)
			}
			return nil
		case e.empty && c.listed == 0:
			return nil
		case c.listed > 0:
			return fmt.Errorf("its last line, which counts the steps, is missing after %d of them", c.listed)
		}
		return o.err("llq")
	})
	return e.totals, err
}

// isRule reports whether a line is the one of dashes below a heading.
func isRule(line []byte) bool {
	return len(line) > 10 && len(bytes.Trim(line, "- ")) == 0
}

// stateIn returns the state in a row of llq: "host.12.0  owner  9/1 04:00 R  50  class  host".
// The date is two words.
func stateIn(line []byte) string {
	if f := bytes.Fields(line); len(f) > 4 {
		return string(f[4])
	}
	return ""
}

// row is what llq -r says of a step.
type row struct {
	id    stepID
	state string
	class string
	host  string // the first of its hosts; "": it has none
	hosts int    // number of its hosts
}

// rowCodes are what the reader asks of each step. The ID comes last. No text of users is
// among them.
var rowCodes = []string{"%st", "%c", "%nh", "%h", "%id"}

// rows lists the steps, and returns their number. An entry with a state that is not known
// is left out.
func (r *Reader) rows(ctx context.Context, each func(row), left leave) (int, error) {
	n := 0
	var e ending
	var o odd
	err := r.run(ctx, "llq", append([]string{"-r"}, rowCodes...), func(in io.Reader) error {
		err := lines(in, func(line []byte, _ bool) {
			if e.takes(line) {
				return
			}
			f := bytes.Split(line, []byte("!"))
			if len(f) != len(rowCodes) {
				o.note(line) // of several clusters the name, or a complaint about one machine
				return
			}
			if n++; n > mostEntries {
				return
			}
			w := row{state: string(f[0]), class: string(f[1]), hosts: whole(string(f[2])), host: string(f[3])}
			var is bool
			if w.id, is = idOf(string(f[4])); !is {
				left("?", "its ID is none")
				return
			}
			if states[w.state].means == unknown {
				left(w.id.text, fmt.Sprintf("its state is %q", text.Line(w.state, 20)))
				return
			}
			each(w)
		})
		switch {
		case err != nil:
			return err
		case n > mostEntries:
			return fmt.Errorf("it prints more than %d entries", mostEntries)
		case n == 0 && !e.empty:
			return o.err("llq -r")
		}
		return nil
	})
	return n, err
}

// stepID is the ID of a step: "front.12.0". Its host may be written with or without its
// domain.
type stepID struct {
	text string
	key  string // the same for both forms
}

var stepIDs = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]{0,200})\.([0-9]{1,10})\.([0-9]{1,10})$`)

func idOf(text string) (stepID, bool) {
	parts := stepIDs.FindStringSubmatch(text)
	if parts == nil {
		return stepID{}, false
	}
	return stepID{text: text, key: short(parts[1]) + "." + parts[2] + "." + parts[3]}, true
}

// whole reads a whole number; what is none, or negative, is 0.
func whole(text string) int {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return int(min(n, mostAmount))
}
