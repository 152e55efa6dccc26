package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container often has no time zones of its own

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// scheduleText is a window as it is written.
type scheduleText struct {
	from, to, zone string
	days           []string
}

func scheduleOptions(w *decide.Window, s *scheduleText) []option.Option {
	from := option.Text("from", "", &s.from, func(s string) error {
		if s == "24:00" {
			return fmt.Errorf("a window begins at \"00:00\" and not at %q", s)
		}
		return clockText(s)
	})
	from.Required, from.Allowed = true, "00:00 to 23:59"
	to := option.Text("to", "", &s.to, clockText)
	to.Required, to.Allowed = true, "00:00 to 24:00"
	least := option.Number("min", "", 1, 10000, &w.Min)
	least.Required = true
	zone := option.Text("time_zone", "UTC", &s.zone, func(name string) error {
		if _, err := time.LoadLocation(name); err != nil {
			return fmt.Errorf("%q is no time zone; write a name such as \"Europe/Zurich\"", name)
		}
		return nil
	})
	list := strings.Join(weekdays, ", ")
	days := option.Words("days", &s.days, func(day string) error {
		if !slices.Contains(weekdays, day) {
			return fmt.Errorf("%q is none of %s", day, list)
		}
		return nil
	})
	days.Allowed = list
	take := days.Set
	days.Set = func(v cty.Value) error {
		if v.LengthInt() == 0 {
			return fmt.Errorf("it is empty; leave it out for every day")
		}
		return take(v)
	}
	return []option.Option{from, to, least, days, zone}
}

// schedule adds a window to a group.
func (d *decoder) schedule(b *hcl.Block, group string, bounds decide.Bounds, c *Config) {
	var w decide.Window
	var s scheduleText
	before := len(d.diags)
	d.body(b.Body, scheduleOptions(&w, &s))
	if len(d.diags) > before {
		return
	}
	w.From, w.To = clock(s.from), clock(s.to)
	w.Zone, _ = time.LoadLocation(s.zone) // checked
	for _, day := range s.days {
		w.Days = append(w.Days, time.Weekday(slices.Index(weekdays, day)))
	}
	if bounds.Max != decide.Unsaid && w.Min > bounds.Max {
		d.fail(b.DefRange, "Contradictory bounds", fmt.Sprintf("Group %q: the schedule's min = %d is more than max = %d.", group, w.Min, bounds.Max))
	}
	if c.Policy.Schedules == nil {
		c.Policy.Schedules = map[string][]decide.Window{}
	}
	c.Policy.Schedules[group] = append(c.Policy.Schedules[group], w)
}

func clockText(s string) error {
	if clock(s) < 0 {
		return fmt.Errorf("%q is no time of day; write hours and minutes, as in \"08:00\"", s)
	}
	return nil
}

// clock reads "08:00", and "24:00" for the end of the day; -1 is none.
func clock(s string) decide.Clock {
	if s == "24:00" {
		return 24 * 60
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return -1
	}
	return decide.Clock(t.Hour()*60 + t.Minute())
}
