// Package usage counts the time for which workers exist, by group and day, from the
// records of rounds. It consists of functions of values.
package usage

import (
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

const (
	// longest is the longest time for which a reading counts. After it, the number of
	// workers is unknown, as while no scaler ran.
	longest = time.Hour
	// most is the number of days that a meter keeps: a month of 31 days, and today.
	most = 32
)

// Meter adds up worker-seconds. The zero value is an empty meter.
type Meter struct {
	last   time.Time      // time of the latest reading
	counts map[string]int // workers of each group, by that reading
	days   map[time.Time]map[string]float64
}

// Add takes over the record of a finished round. Records come in the order of their
// times. It returns the seconds that workers of each group have existed since the
// record before: each number of workers holds until the next reading. A record that
// stands for several rounds brings its own seconds.
func (m *Meter) Add(r record.Record) map[string]float64 {
	if r.Error != "" || r.Groups == nil {
		return nil // the earlier reading holds
	}
	added := map[string]float64{}
	if r.Thinned {
		for name, g := range r.Groups {
			m.add(added, name, r.Time, g.WorkerSeconds)
		}
	} else if step := r.Time.Sub(m.last); !m.last.IsZero() && step > 0 && step <= longest {
		for name, n := range m.counts {
			m.between(added, name, m.last, r.Time, float64(n))
		}
	}
	m.last, m.counts = r.Time, map[string]int{}
	if r.Thinned { // its seconds reach to the next record
		m.last = time.Time{}
	}
	for name, g := range r.Groups {
		if n := g.Exist(); n > 0 {
			m.counts[name] = n
		}
	}
	return added
}

// between adds the time between two readings, and splits it at midnight.
func (m *Meter) between(added map[string]float64, group string, from, to time.Time, n float64) {
	for from.Before(to) {
		end := day(from).AddDate(0, 0, 1)
		if end.After(to) {
			end = to
		}
		m.add(added, group, from, n*end.Sub(from).Seconds())
		from = end
	}
}

func (m *Meter) add(added map[string]float64, group string, at time.Time, seconds float64) {
	if seconds <= 0 {
		return
	}
	if m.days == nil {
		m.days = map[time.Time]map[string]float64{}
	}
	d := day(at)
	if m.days[d] == nil {
		m.days[d] = map[string]float64{}
		if old := m.sorted(); len(old) > most {
			delete(m.days, old[len(old)-1])
		}
	}
	if m.days[d] != nil { // a record of a day long ago is not kept
		m.days[d][group] += seconds
	}
	added[group] += seconds
}

// sorted returns the days, the latest first.
func (m *Meter) sorted() []time.Time {
	return slices.SortedFunc(maps.Keys(m.days), func(a, b time.Time) int { return b.Compare(a) })
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Day is what the workers of each group used in one day.
type Day struct {
	Date   string         `json:"date"` // of UTC: "2026-11-28"
	Groups map[string]Use `json:"groups"`
}

// Use is the time for which workers existed, and what that costs.
type Use struct {
	WorkerHours float64  `json:"worker_hours"`
	Cost        *float64 `json:"cost,omitempty"` // nil: the group has no price_per_hour
}

// Days returns the days, the latest first. Prices are those of one worker of a group
// for an hour.
func (m *Meter) Days(prices map[string]float64) []Day {
	out := []Day{}
	for _, d := range m.sorted() {
		one := Day{Date: d.Format(time.DateOnly), Groups: map[string]Use{}}
		for group, seconds := range m.days[d] {
			use := Use{WorkerHours: seconds / 3600}
			if price, ok := prices[group]; ok {
				cost := price * use.WorkerHours
				use.Cost = &cost
			}
			one.Groups[group] = use
		}
		out = append(out, one)
	}
	return out
}
