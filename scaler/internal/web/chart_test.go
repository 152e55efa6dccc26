package web

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

func points(values ...int) (from time.Time, out []status.Point) {
	from = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for i, v := range values {
		if v < 0 {
			continue // nothing was read
		}
		out = append(out, status.Point{Time: from.Add(time.Duration(i) * 6 * time.Minute), Waiting: v, Workers: map[fleet.Phase]int{fleet.Busy: v, fleet.Idle: 1}})
	}
	return from, out
}

// A value holds until the next one is read; the plot is 652 wide and 200 high,
// from 60, 14 on.
func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []int
		line   string
		area   string // of the busy workers
		most   string
	}{
		{"none", nil, "", "", "1"},
		{"one", []int{1}, "M60.0 14.0", "M60.0 114.0Z", "1"},
		{"up and down", []int{0, 4, 4, 2}, "M60.0 214.0H125.2V14.0H190.4H255.6V114.0", "M60.0 214.0H125.2V114.0H190.4V114.0H255.6V164.0V214.0H190.4V214.0H125.2V214.0H60.0Z", "4"},
		{"a gap", []int{0, 1, 0, 1, 0, 1, 0, 1, -1, -1, -1, -1, -1, -1, -1, -1, 1}, "M60.0 214.0H125.2V14.0H190.4V214.0H255.6V14.0H320.8V214.0H386.0V14.0H451.2V214.0H516.4V14.0M1103.2 14.0", "", "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, all := points(tt.values...)
			h := history{points: all, from: from, to: from.Add(time.Hour)}
			jobs := jobsChart(h)
			if jobs.Layers[0].Path != tt.line {
				t.Errorf("line %s, want %s", jobs.Layers[0].Path, tt.line)
			}
			if got := workersChart(h).Layers[0].Path; tt.area != "" && got != tt.area {
				t.Errorf("area %s, want %s", got, tt.area)
			}
			if y := jobs.Y[len(jobs.Y)-1]; y.Text != tt.most {
				t.Errorf("the scale ends at %s, want %s", y.Text, tt.most)
			}
		})
	}
}

func TestScale(t *testing.T) {
	for n, want := range map[int]int{1: 1, 3: 3, 4: 4, 5: 8, 9: 12, 13: 20, 21: 40, 41: 80, 90: 120, 150: 200, 201: 400, 50000: 80000, 121000: 200000} {
		if got := round(n); got != want {
			t.Errorf("%d: a scale to %d, want %d", n, got, want)
		}
	}
}

// A history that is shorter than the span fills the chart.
func TestAShortHistoryFillsTheChart(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name        string
		first, span time.Duration // of the points, before now
		want        time.Duration
	}{
		{"a whole hour", 2 * time.Hour, time.Hour, time.Hour},
		{"twenty minutes of a month", 20 * time.Minute, 30 * 24 * time.Hour, 20 * time.Minute},
		{"the first minute", time.Minute, time.Hour, 5 * time.Minute},
		{"nothing", -time.Minute, time.Hour, time.Hour},
	} {
		var all []status.Point
		for at := now.Add(-tt.first); !at.After(now); at = at.Add(time.Minute) {
			all = append(all, status.Point{Time: at})
		}
		h := historyOf(all, tt.span, now)
		if got := h.to.Sub(h.from); got != tt.want {
			t.Errorf("%s: the chart shows %s, want %s", tt.name, got, tt.want)
		}
		if n := len(jobsChart(h).X); n > 7 {
			t.Errorf("%s: %d labels", tt.name, n)
		}
	}
}

// A group's chart has lines for its bounds; a maximum far above its workers would
// flatten them, and is in the legend alone.
func TestAGroupsBounds(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		group  record.Group
		most   string
		layers int
		drawn  bool // the line of the maximum
	}{
		{"near", record.Group{Scaled: true, Min: 1, Max: 12, Workers: map[fleet.Phase]int{fleet.Busy: 3}}, "12", 7, true},
		{"far", record.Group{Scaled: true, Min: 1, Max: 1000, Workers: map[fleet.Phase]int{fleet.Busy: 3}}, "3", 7, false},
		{"empty", record.Group{Scaled: true, Max: 4}, "4", 7, true},
		{"of Terraform's count", record.Group{Workers: map[fleet.Phase]int{fleet.Busy: 3}}, "3", 5, false},
	} {
		points := []status.Point{{Time: now.Add(-10 * time.Minute), Groups: map[string]record.Group{"cpu": tt.group}}, {Time: now.Add(-5 * time.Minute)}}
		c := groupChart(historyOf(points, time.Hour, now), "cpu")
		if got := c.Y[len(c.Y)-1].Text; got != tt.most || len(c.Layers) != tt.layers {
			t.Errorf("%s: the scale ends at %s, want %s; %d layers", tt.name, got, tt.most, len(c.Layers))
		}
		if tt.layers < 7 {
			continue
		}
		if top := c.Layers[6]; top.Name != "max" || top.Last != tt.group.Max || top.Path != "" != tt.drawn {
			t.Errorf("%s: %+v", tt.name, top)
		}
	}
}
