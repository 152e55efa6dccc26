package loadleveler

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Bounds of one reading.
const (
	mostAsked    = 100_000  // steps that llq -l is asked for
	mostInCall   = 2_000    // steps that one call of llq -l is asked for
	longestIDs   = 48 << 10 // bytes of their IDs: a command line has a limit, and ssh makes one word of it
	mostRepeated = 60       // calls for steps that could not be read at first

	longestRepeats = 20 * time.Second // until the last of these calls begins: a round has two minutes for all that it reads
)

// detailed reads steps with all that llq -l says of them. Users write a part of that, which
// can look like records of others' steps. So a step counts that is listed once and whole
// among those that were asked for in the same call; the others are asked for again, by ever
// fewer in a call, until each either is in a call without the text that stood in its way, or
// is alone: then the text is its own user's.
type detailed struct {
	r    *Reader
	each func(*step)
	left leave

	repeats int
	begun   time.Time // the first repeated call; zero: there was none
	partial string    // in which respect the steps are not whole; "": in none
}

// read asks for steps. A step that is not listed has ended.
func (d *detailed) read(ctx context.Context, ids []stepID) error {
	for len(ids) > 0 {
		n := portion(ids)
		if err := d.call(ctx, ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// portion returns how many of the steps one call is asked for.
func portion(ids []stepID) int {
	n, bytes := 0, 0
	for n < len(ids) && n < mostInCall && bytes+len(ids[n].text) < longestIDs {
		bytes += 1 + len(ids[n].text)
		n++
	}
	return max(n, 1)
}

// call asks for some steps, and again for those that it could not read.
func (d *detailed) call(ctx context.Context, ids []stepID) error {
	args := make([]string, 1, 1+len(ids))
	args[0] = "-l"
	asked := make(map[string]bool, len(ids))
	for _, id := range ids {
		args = append(args, id.text)
		asked[id.key] = true
	}
	found := make(map[string]*step, len(ids))
	twice, cut := map[string]bool{}, map[string]bool{}
	var lost int
	err := d.r.run(ctx, "llq", args, func(in io.Reader) (err error) {
		lost, err = steps(in, func(s *step) {
			switch key := s.id.key; {
			case !asked[key]:
			case !s.isWhole():
				cut[key] = true
			case found[key] != nil:
				twice[key] = true
			default:
				found[key] = s
			}
		})
		return err
	})
	if err != nil {
		return err
	}
	var again [2][]stepID // those in part may be the cause of those that are listed twice
	for _, id := range ids {
		switch {
		case cut[id.key]:
			again[0] = append(again[0], id)
		case twice[id.key]:
			again[1] = append(again[1], id)
		case found[id.key] != nil:
			d.each(found[id.key])
		}
	}
	if lost > 0 && d.partial == "" {
		d.partial = fmt.Sprintf("llq -l lists %d steps fewer than its last line counts", lost)
	}
	for _, some := range again {
		if err := d.again(ctx, some, len(ids)); err != nil {
			return err
		}
	}
	return nil
}

// again asks for steps that could not be read in a call of so many steps.
func (d *detailed) again(ctx context.Context, ids []stepID, of int) error {
	switch {
	case len(ids) == 0:
		return nil
	case of == 1:
		d.leave(ids)
		return nil
	case len(ids) < of:
		return d.repeat(ctx, ids)
	}
	for _, half := range [][]stepID{ids[:len(ids)/2], ids[len(ids)/2:]} {
		if err := d.repeat(ctx, half); err != nil {
			return err
		}
	}
	return nil
}

// repeat asks for steps once more, unless there were too many such calls, or they took too
// long.
func (d *detailed) repeat(ctx context.Context, ids []stepID) error {
	if d.begun.IsZero() {
		d.begun = time.Now()
	}
	if d.repeats++; d.repeats > mostRepeated || time.Since(d.begun) > longestRepeats {
		d.leave(ids)
		return nil
	}
	return d.call(ctx, ids)
}

// leave leaves out steps.
func (d *detailed) leave(ids []stepID) {
	for _, id := range ids {
		d.left(id.text, "what llq -l prints of it is not whole, or text in it looks like other steps")
	}
}
