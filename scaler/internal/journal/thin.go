package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/usage"
)

// A file of decisions is thinned when it has mostBytes. Then the rounds of the last day
// stay as they are, or those of a shorter time if they fill more than half of that. Of
// the older rounds up to a month, each slot of time leaves one record with its numbers,
// and the first rounds that did something, without their notes and the times of their
// parts.
const (
	mostBytes = 20 << 20
	slot      = 10 * time.Minute
	keptFor   = 30 * Day
)

// mostActions are the numbers of rounds that did something, of which the largest is
// kept in each slot that lets the thinned part take no more than 9/20 of the limit.
var mostActions = []int{30, 10, 3, 1, 0}

// write copies a file of decisions, thinned to less than the limit in bytes. It decodes
// only the lines that it thins.
func write(from, to *os.File, limit int64, now time.Time) error {
	whole, err := wholeFrom(from, limit/2, now)
	if err != nil {
		return err
	}
	for _, most := range mostActions {
		if err := errors.Join(to.Truncate(0), seek(to)); err != nil {
			return err
		}
		out := &bounded{to: bufio.NewWriterSize(to, 64<<10), left: limit * 9 / 20, forced: most == 0}
		err := thinTo(from, out, whole, now, most)
		if errors.Is(err, errTooLarge) {
			continue
		}
		return errors.Join(err, out.to.Flush())
	}
	return nil
}

func seek(f io.Seeker) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

var errTooLarge = errors.New("the thinned part is too large")

// bounded fails when more than a number of bytes is written to it, unless it is forced
// to take all.
type bounded struct {
	to     *bufio.Writer
	left   int64
	forced bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 && !b.forced {
		return 0, errTooLarge
	}
	return b.to.Write(p)
}

// wholeFrom returns the time from which rounds stay as they are: a day ago, or later if
// the rounds since then have more than most bytes.
func wholeFrom(from io.ReadSeeker, most int64, now time.Time) (time.Time, error) {
	sizes := map[time.Time]int64{} // by slot
	err := scan(from, func(at time.Time, raw []byte) error {
		sizes[at.Truncate(slot)] += int64(len(raw))
		return nil
	})
	slots := slices.SortedFunc(maps.Keys(sizes), func(a, b time.Time) int { return b.Compare(a) })
	first := now
	for _, at := range slots {
		most -= sizes[at]
		if most < 0 || at.Before(now.Add(-Day)) {
			break
		}
		first = at
	}
	return first, err
}

// scan calls a function with the time of each record of a file and its line.
func scan(from io.ReadSeeker, do func(at time.Time, raw []byte) error) error {
	if err := seek(from); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(from, 64<<10)
	for {
		at, known := timeOf(lines)
		raw, err := lines.ReadBytes('\n')
		if known {
			if err := do(at, raw); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// thinTo writes the thinned records of the time before whole, and the lines after that.
// Of each slot it keeps as many rounds that did something as most.
func thinTo(from io.ReadSeeker, out *bounded, whole, now time.Time, most int) error {
	t := thinner{out: out, most: most}
	var notes notes
	begun := false // the part that stays as it is
	err := scan(from, func(at time.Time, raw []byte) error {
		if begun {
			_, err := out.to.Write(raw)
			return err
		}
		l, isRecord := lineOf(raw)
		if !isRecord {
			return nil
		}
		r := notes.expand(l)
		switch {
		case at.Before(now.Add(-keptFor)):
			return nil
		case at.Before(whole):
			return t.add(r)
		}
		begun = true
		if err := t.flush(r); err != nil {
			return err
		}
		return record.WriteLine(out.to, line{Record: r}) // its line may refer to the notes of a line that is gone
	})
	if err == nil && !begun {
		err = t.flush(record.Record{})
	}
	return err
}

// lineOf decodes a line, and reports whether it is one of a record.
func lineOf(raw []byte) (l line, isRecord bool) {
	err := json.Unmarshal(raw, &l)
	return l, err == nil
}

// thinner makes the records of slots from those of rounds.
type thinner struct {
	out  io.Writer
	most int

	meter   usage.Meter
	first   *record.Record // of the slot
	seconds map[string]float64
	acted   []record.Record // rounds of the slot that did something, after the first
}

// add takes over a record that is not kept as it is.
func (t *thinner) add(r record.Record) error {
	if t.first != nil && !t.first.Time.Truncate(slot).Equal(r.Time.Truncate(slot)) {
		if err := t.flush(r); err != nil {
			return err
		}
	} else {
		t.count(r)
	}
	did := acts(r)
	r.Notes, r.PartSeconds, r.Coming = nil, nil, nil
	switch {
	case t.first == nil && r.Error == "" && r.Groups != nil:
		t.first = &r
	case did && len(t.acted) < t.most:
		t.acted = append(t.acted, r)
	case t.first != nil && t.first.Waiting < r.Waiting:
		t.first.Waiting = r.Waiting // a peak stays visible
	}
	return nil
}

// count adds the workers' time that a record brings to the slot: the time since the
// record before, or of a record that is thinned already, the time up to the record
// after.
func (t *thinner) count(r record.Record) {
	if t.seconds == nil {
		t.seconds = map[string]float64{}
	}
	for group, seconds := range t.meter.Add(r) {
		t.seconds[group] += seconds
	}
}

// flush writes the slot, which reaches to the next record.
func (t *thinner) flush(next record.Record) error {
	if !next.Thinned {
		t.count(next)
	}
	if err := t.write(); err != nil {
		return err
	}
	t.first, t.acted, t.seconds = nil, nil, nil
	if next.Thinned {
		t.count(next)
	}
	return nil
}

func (t *thinner) write() error {
	if t.first != nil {
		t.first.Thinned = true
		t.first.Groups = maps.Clone(t.first.Groups)
		for name, g := range t.first.Groups {
			g.WorkerSeconds = t.seconds[name]
			t.first.Groups[name] = g
		}
		if err := record.WriteLine(t.out, t.first); err != nil {
			return err
		}
	}
	for _, r := range t.acted {
		r.Groups = nil // the slot's record has them
		if err := record.WriteLine(t.out, r); err != nil {
			return err
		}
	}
	return nil
}

// acts reports whether something was done in a round, or failed.
func acts(r record.Record) bool {
	return !r.Nothing() || len(r.Added)+len(r.Collected)+len(r.Errors) > 0
}
