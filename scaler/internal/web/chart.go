package web

import (
	"fmt"
	"slices"
	"strconv"
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
	shortest           = 5 * time.Minute // that a chart shows
	mostBound          = 4               // a bound this many times above the workers would flatten them
)

// chart is a drawing of values over time, as SVG. The page's script reads Times and the
// layers' Values to show the values at one moment.
type chart struct {
	ID     string
	Title  string
	Empty  bool
	Layers []layer
	Y      []mark
	X      []mark
	Base   string // y of the value 0
	From   int64  // seconds since 1970
	To     int64
	Times  string // of the points: "1764331200,1764331210"
}

// layer is one line or one area of a chart, with its entry in the legend.
type layer struct {
	Name   string
	Class  string
	Path   string
	Last   int
	Values string // of the points: "3,4"
}

// mark is a label on an axis.
type mark struct {
	At   string
	Text string
}

func place(at float64) string { return fmt.Sprintf("%.1f", at) }

// history is the points of a chart, and the time that it shows.
type history struct {
	points   []status.Point
	from, to time.Time
}

// historyOf returns the points within a span of time before now. A history that is
// shorter than the span fills the chart.
func historyOf(points []status.Point, span time.Duration, now time.Time) history {
	h := history{from: now.Add(-span), to: now}
	first := slices.IndexFunc(points, func(p status.Point) bool { return !p.Time.Before(h.from) })
	if first < 0 {
		return h
	}
	h.points = points[first:]
	h.from = h.points[0].Time
	if latest := now.Add(-min(shortest, span)); h.from.After(latest) {
		h.from = latest
	}
	return h
}

// canvas converts times and values to coordinates.
type canvas struct {
	from, to time.Time
	most     int
	gap      time.Duration // after this time without a point, the value is unknown
}

func (h history) canvas(most int) canvas {
	return canvas{from: h.from, to: h.to, gap: gap(h.points), most: round(max(1, most))}
}

func (c canvas) x(t time.Time) float64 {
	return left + plotWide*float64(t.Sub(c.from))/float64(c.to.Sub(c.from))
}

func (c canvas) y(n int) float64 {
	return top + plotHigh*(1-float64(n)/float64(c.most))
}

func jobsChart(h history) chart {
	most := 0
	for _, p := range h.points {
		most = max(most, p.Waiting, p.Running)
	}
	c := h.canvas(most)
	out := c.frame("jobs", "Jobs", h.points)
	for _, l := range []struct {
		name  string
		value func(status.Point) int
	}{
		{"waiting", func(p status.Point) int { return p.Waiting }},
		{"running", func(p status.Point) int { return p.Running }},
	} {
		out.add(l.name, l.name, h.points, l.value, c.line(h.points, l.value))
	}
	return out
}

// bands are the areas of a chart of workers, from the lowest to the highest.
var bands = []struct {
	name   string
	phases []fleet.Phase
}{
	{"busy", []fleet.Phase{fleet.Busy}},
	{"idle", []fleet.Phase{fleet.Idle}},
	{"booting", []fleet.Phase{fleet.Booting}},
	{"leaving", []fleet.Phase{fleet.Leaving, fleet.Deleting}},
	{"other", []fleet.Phase{fleet.Closed, fleet.Stopped, fleet.Absent, fleet.Broken}},
}

func upTo(workers map[fleet.Phase]int, band int) int {
	n := 0
	for _, b := range bands[:band+1] {
		for _, phase := range b.phases {
			n += workers[phase]
		}
	}
	return n
}

func workersChart(h history) chart {
	return stack(h, "workers", "Workers", func(p status.Point) map[fleet.Phase]int { return p.Workers }, 0)
}

// groupChart shows the workers of a group, and the bounds that the scaler keeps.
func groupChart(h history, name string) chart {
	h.points = slices.DeleteFunc(slices.Clone(h.points), func(p status.Point) bool {
		_, known := p.Groups[name]
		return !known
	})
	peak, bound, scaled := 0, 0, false
	for _, p := range h.points {
		g := p.Groups[name]
		peak = max(peak, upTo(g.Workers, len(bands)-1))
		bound, scaled = max(bound, g.Max), scaled || g.Scaled
	}
	if bound > mostBound*max(peak, 1) {
		bound = 0
	}
	out := stack(h, "group-"+name, "Workers of "+name, func(p status.Point) map[fleet.Phase]int { return p.Groups[name].Workers }, bound)
	if !scaled {
		return out
	}
	c := h.canvas(max(peak, bound))
	for _, l := range []struct {
		name  string
		value func(status.Point) int
	}{
		{"min", func(p status.Point) int { return p.Groups[name].Min }},
		{"max", func(p status.Point) int { return p.Groups[name].Max }},
	} {
		path := ""
		if l.name == "min" || bound > 0 {
			path = c.line(h.points, l.value)
		}
		out.add(l.name, l.name, h.points, l.value, path)
	}
	return out
}

// stack draws the bands of workers on each other. The scale reaches to least at least.
func stack(h history, id, title string, workers func(status.Point) map[fleet.Phase]int, least int) chart {
	most := least
	for _, p := range h.points {
		most = max(most, upTo(workers(p), len(bands)-1))
	}
	c := h.canvas(most)
	out := c.frame(id, title, h.points)
	for i, b := range bands {
		below := func(status.Point) int { return 0 }
		if i > 0 {
			below = func(p status.Point) int { return upTo(workers(p), i-1) }
		}
		above := func(p status.Point) int { return upTo(workers(p), i) }
		alone := func(p status.Point) int { return above(p) - below(p) }
		out.add(b.name, b.name, h.points, alone, c.area(h.points, below, above))
	}
	return out
}

func (c *chart) add(name, class string, points []status.Point, value func(status.Point) int, path string) {
	l := layer{Name: name, Class: class, Path: path}
	var values []string
	for _, p := range points {
		l.Last = value(p)
		values = append(values, strconv.Itoa(l.Last))
	}
	l.Values = strings.Join(values, ",")
	c.Layers = append(c.Layers, l)
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

func (c canvas) frame(id, title string, points []status.Point) chart {
	out := chart{ID: id, Title: title, Empty: len(points) == 0, Base: place(c.y(0)), From: c.from.Unix(), To: c.to.Unix()}
	steps := 4
	if c.most < 4 {
		steps = c.most
	}
	for i := range steps + 1 {
		n := c.most * i / steps
		out.Y = append(out.Y, mark{At: place(c.y(n)), Text: fmt.Sprint(n)})
	}
	out.X = c.ticks()
	var times []string
	for _, p := range points {
		times = append(times, strconv.FormatInt(p.Time.Unix(), 10))
	}
	out.Times = strings.Join(times, ",")
	return out
}

// tickSteps are the times between two labels of the x axis.
var tickSteps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 5 * 24 * time.Hour,
}

// ticks returns the labels of the x axis in UTC. The page's script replaces them by
// labels in local time.
func (c canvas) ticks() []mark {
	const most = 7
	step, span := tickSteps[len(tickSteps)-1], c.to.Sub(c.from)
	for _, s := range tickSteps {
		if span/s <= most {
			step = s
			break
		}
	}
	format := "15:04"
	if step >= 24*time.Hour {
		format = "2 Jan"
	}
	var out []mark
	for t := c.from.Truncate(step).Add(step); t.Before(c.to); t = t.Add(step) {
		if x := c.x(t); x > left+15 && x < width-right-15 {
			out = append(out, mark{At: place(x), Text: t.UTC().Format(format)})
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
