package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

// Size of a chart in its own units; the page scales it.
const (
	width, height      = 720, 240
	left, right        = 60, 8
	top, bottom        = 14, 26
	plotWide, plotHigh = width - left - right, height - top - bottom
	gapInSteps         = 5
)

// chart is a drawing of values over time, as SVG.
type chart struct {
	Title  string
	Empty  bool
	Layers []layer
	Y      []mark
	X      []mark
	Base   string // y of the value 0
}

// layer is one line or one area of a chart, with its entry in the legend.
type layer struct {
	Name  string
	Class string
	Path  string
	Last  int
}

// mark is a label on an axis.
type mark struct {
	At   string
	Text string
}

func place(at float64) string { return fmt.Sprintf("%.1f", at) }

// canvas converts times and values to coordinates.
type canvas struct {
	from, to time.Time
	most     int
	gap      time.Duration // after this time without a point, the value is unknown
}

func (c canvas) x(t time.Time) float64 {
	return left + plotWide*float64(t.Sub(c.from))/float64(c.to.Sub(c.from))
}

func (c canvas) y(n int) float64 {
	return top + plotHigh*(1-float64(n)/float64(c.most))
}

func jobsChart(points []status.Point, from, to time.Time) chart {
	points = within(points, from)
	c := canvas{from: from, to: to, gap: gap(points), most: 1}
	for _, p := range points {
		c.most = max(c.most, p.Waiting, p.Running)
	}
	c.most = round(c.most)
	out := c.frame("Jobs", points)
	lines := []struct {
		name, class string
		value       func(status.Point) int
	}{
		{"waiting", "waiting", func(p status.Point) int { return p.Waiting }},
		{"running", "running", func(p status.Point) int { return p.Running }},
	}
	for _, l := range lines {
		out.add(l.name, l.class, points, l.value, c.line(points, l.value))
	}
	return out
}

// bands are the areas of the workers' chart, from the lowest to the highest.
var bands = []struct {
	name   string
	phases []fleet.Phase
}{
	{"busy", []fleet.Phase{fleet.Busy}},
	{"idle", []fleet.Phase{fleet.Idle}},
	{"booting", []fleet.Phase{fleet.Booting}},
	{"leaving", []fleet.Phase{fleet.Leaving}},
	{"other", []fleet.Phase{fleet.Closed, fleet.Stopped, fleet.Absent, fleet.Broken}},
}

func workersChart(points []status.Point, from, to time.Time) chart {
	points = within(points, from)
	c := canvas{from: from, to: to, gap: gap(points), most: 1}
	upTo := func(p status.Point, band int) int {
		n := 0
		for _, b := range bands[:band+1] {
			for _, phase := range b.phases {
				n += p.Workers[phase]
			}
		}
		return n
	}
	for _, p := range points {
		c.most = max(c.most, upTo(p, len(bands)-1))
	}
	c.most = round(c.most)
	out := c.frame("Workers", points)
	for i, b := range bands {
		below := func(status.Point) int { return 0 }
		if i > 0 {
			below = func(p status.Point) int { return upTo(p, i-1) }
		}
		above := func(p status.Point) int { return upTo(p, i) }
		alone := func(p status.Point) int { return above(p) - below(p) }
		out.add(b.name, b.name, points, alone, c.area(points, below, above))
	}
	return out
}

func (c *chart) add(name, class string, points []status.Point, value func(status.Point) int, path string) {
	l := layer{Name: name, Class: class, Path: path}
	if len(points) > 0 {
		l.Last = value(points[len(points)-1])
	}
	c.Layers = append(c.Layers, l)
}

// within returns the points that are not older than from.
func within(points []status.Point, from time.Time) []status.Point {
	for i, p := range points {
		if !p.Time.Before(from) {
			return points[i:]
		}
	}
	return nil
}

// gap returns the time without a point after which a line ends: a multiple of the
// usual time between two points.
func gap(points []status.Point) time.Duration {
	if len(points) < 2 {
		return time.Minute
	}
	var steps []time.Duration
	for i := 1; i < len(points); i++ {
		steps = append(steps, points[i].Time.Sub(points[i-1].Time))
	}
	slices.Sort(steps)
	return max(steps[len(steps)/2]*gapInSteps, time.Minute)
}

// line draws steps: a value holds until the next one.
func (c canvas) line(points []status.Point, value func(status.Point) int) string {
	var b strings.Builder
	for _, run := range c.runs(points) {
		for i, p := range run {
			if i == 0 {
				fmt.Fprintf(&b, "M%.1f %.1f", c.x(p.Time), c.y(value(p)))
				continue
			}
			fmt.Fprintf(&b, "H%.1f", c.x(p.Time))
			if value(p) != value(run[i-1]) {
				fmt.Fprintf(&b, "V%.1f", c.y(value(p)))
			}
		}
	}
	return b.String()
}

func (c canvas) area(points []status.Point, below, above func(status.Point) int) string {
	var b strings.Builder
	for _, run := range c.runs(points) {
		fmt.Fprintf(&b, "M%.1f %.1f", c.x(run[0].Time), c.y(above(run[0])))
		for i := 1; i < len(run); i++ {
			fmt.Fprintf(&b, "H%.1fV%.1f", c.x(run[i].Time), c.y(above(run[i])))
		}
		for i := len(run) - 1; i > 0; i-- {
			fmt.Fprintf(&b, "V%.1fH%.1f", c.y(below(run[i-1])), c.x(run[i-1].Time))
		}
		b.WriteString("Z")
	}
	return b.String()
}

// runs splits the points at gaps.
func (c canvas) runs(points []status.Point) [][]status.Point {
	var out [][]status.Point
	begin := 0
	for i := 1; i <= len(points); i++ {
		if i == len(points) || points[i].Time.Sub(points[i-1].Time) > c.gap {
			out = append(out, points[begin:i])
			begin = i
		}
	}
	return out
}

func (c canvas) frame(title string, points []status.Point) chart {
	out := chart{Title: title, Empty: len(points) == 0, Base: place(c.y(0))}
	steps := 4
	if c.most < 4 {
		steps = c.most
	}
	for i := range steps + 1 {
		n := c.most * i / steps
		out.Y = append(out.Y, mark{At: place(c.y(n)), Text: fmt.Sprint(n)})
	}
	step := 10 * time.Minute
	if c.to.Sub(c.from) > 2*time.Hour {
		step = 4 * time.Hour
	}
	for t := c.from.Truncate(step).Add(step); t.Before(c.to); t = t.Add(step) {
		if x := c.x(t); x > left+15 && x < width-right-15 {
			out.X = append(out.X, mark{At: place(x), Text: t.UTC().Format("15:04")})
		}
	}
	return out
}

// round returns the next number at or above n that four equal steps divide into round
// numbers.
func round(n int) int {
	if n < 4 {
		return n
	}
	for size := 1; ; size *= 10 {
		for _, unit := range []int{4, 8, 12, 20} {
			if n <= unit*size {
				return unit * size
			}
		}
	}
}
