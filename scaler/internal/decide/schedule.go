package decide

import (
	"slices"
	"time"
)

// Window is a time of the day in which a group keeps more workers than its min.
type Window struct {
	Days []time.Weekday // on which it begins; empty means every day
	From Clock
	To   Clock // not later than From: on the next day
	Min  int
	Zone *time.Location
}

// Clock is a time of day in minutes, 0 to 24:00.
type Clock int

// Covers reports whether now is in the window. Only the wall clock counts, and no
// duration: 08:00 is what the clock on the wall shows, on days when the clocks change
// as well.
func (w Window) Covers(now time.Time) bool {
	local := now.In(w.Zone)
	at := Clock(local.Hour()*60 + local.Minute())
	today := local.Weekday()
	if w.From < w.To {
		return w.begins(today) && w.From <= at && at < w.To
	}
	return w.begins(today) && w.From <= at || w.begins((today+6)%7) && at < w.To
}

func (w Window) begins(day time.Weekday) bool {
	return len(w.Days) == 0 || slices.Contains(w.Days, day)
}

// At returns the policy that holds at a time: a group's min is the largest of its
// own and those of the windows that cover now. A max that was said is kept.
func (p Policy) At(now time.Time) Policy {
	out := make(map[string]Bounds, len(p.Groups))
	for name, b := range p.Groups {
		for _, w := range p.Schedules[name] {
			if w.Covers(now) {
				b.Min = max(b.Min, w.Min)
			}
		}
		if b.Max != Unsaid {
			b.Min = min(b.Min, b.Max)
		}
		out[name] = b
	}
	p.Groups = out
	return p
}
