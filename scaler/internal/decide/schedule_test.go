package decide_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the tests' zones, on any machine

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

func clock(h, m int) decide.Clock { return decide.Clock(60*h + m) }

// The rows' times are UTC, the windows' are Zurich's: UTC+1 in winter, UTC+2 from
// 2026-03-29 01:00 UTC to 2026-10-25 01:00 UTC. 2026-11-23 is a Monday.
func TestWindowsCover(t *testing.T) {
	zurich, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	weekdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	office := decide.Window{Days: weekdays, From: clock(8, 0), To: clock(18, 0), Zone: zurich}
	night := decide.Window{Days: []time.Weekday{time.Friday}, From: clock(22, 0), To: clock(6, 0), Zone: zurich}
	always := decide.Window{From: 0, To: clock(24, 0), Zone: zurich}
	changing := decide.Window{From: clock(2, 30), To: clock(3, 0), Zone: zurich} // does not exist in one night, is twice in another
	around := decide.Window{From: clock(1, 0), To: clock(4, 0), Zone: zurich}
	for _, row := range []struct {
		name   string
		window decide.Window
		at     string
		want   bool
	}{
		{"a minute before it begins", office, "2026-11-23T06:59:59Z", false},
		{"as it begins", office, "2026-11-23T07:00:00Z", true},
		{"its last second", office, "2026-11-23T16:59:59Z", true},
		{"as it ends", office, "2026-11-23T17:00:00Z", false},
		{"a Sunday", office, "2026-11-22T10:00:00Z", false},
		{"the same wall clock in summer", office, "2026-07-06T06:00:00Z", true},
		{"and not an hour earlier", office, "2026-07-06T05:59:00Z", false},
		{"the Monday after the clocks went back", office, "2026-10-26T06:30:00Z", false},
		{"the Monday after the clocks went forward", office, "2026-03-30T06:00:00Z", true},
		{"over midnight: Friday evening", night, "2026-11-27T21:00:00Z", true},
		{"over midnight: Saturday morning belongs to Friday", night, "2026-11-28T04:59:00Z", true},
		{"over midnight: until its end", night, "2026-11-28T05:00:00Z", false},
		{"over midnight: Friday morning is Thursday's", night, "2026-11-27T03:00:00Z", false},
		{"over midnight: the next evening", night, "2026-11-28T21:30:00Z", false},
		{"all day, at midnight", always, "2026-11-22T23:00:00Z", true},
		{"all day, the last minute", always, "2026-11-22T22:59:00Z", true},
		{"02:30 is skipped in spring: before", changing, "2026-03-29T00:59:59Z", false},
		{"02:30 is skipped in spring: after", changing, "2026-03-29T01:00:00Z", false},
		{"02:30 is twice in autumn: the first", changing, "2026-10-25T00:30:00Z", true},
		{"02:30 is twice in autumn: in between", changing, "2026-10-25T01:00:00Z", false},
		{"02:30 is twice in autumn: the second", changing, "2026-10-25T01:45:00Z", true},
		{"through the change in spring", around, "2026-03-29T01:30:00Z", true},
		{"two hours long in spring, on the wall", around, "2026-03-29T02:00:00Z", false},
		{"four hours long in autumn", around, "2026-10-25T02:59:00Z", true},
	} {
		at, err := time.Parse(time.RFC3339, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := row.window.Covers(at); got != row.want {
			t.Errorf("%s: %t at %s", row.name, got, at.In(zurich).Format("Mon 15:04 MST"))
		}
	}
}

func schedule(least int, from, to decide.Clock) func(*world) {
	return policy(func(p *decide.Policy) {
		p.Schedules = map[string][]decide.Window{"cpu": {
			{From: from, To: to, Min: least, Zone: time.UTC},
			{From: from, To: to, Min: 1, Zone: time.UTC},
		}}
	})
}

// It is 12:00.
func TestSchedule(t *testing.T) {
	check(t, []row{
		{"a window raises the min, and nothing is held", newWorld(schedule(3, clock(8, 0), clock(18, 0))), "+3cpu", "fewer_than_min workers=0 min=3"},
		{"outside of it the group's own min holds", newWorld(schedule(3, clock(18, 0), clock(8, 0))), "", ""},
		{"a window never lowers the min", newWorld(bounds(4, 10), schedule(3, clock(8, 0), clock(18, 0))), "+4cpu", "fewer_than_min workers=0 min=4"},
		{"nor raises it above max", newWorld(bounds(0, 2), schedule(3, clock(8, 0), clock(18, 0))), "+2cpu", "fewer_than_min workers=0 min=2"},
		{"idle workers of the window stay", newWorld(schedule(1, clock(8, 0), clock(18, 0)), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900)), "", "astro-cpu-1: idle_at_min idle=15m min=1"},
		{"and go when it is over", newWorld(schedule(1, clock(8, 0), clock(12, 0)), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900)), "drain:cpu-1", ""},
	})
}
