package status

import (
	"slices"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/usage"
)

// Point is the numbers of jobs and workers at one moment.
type Point struct {
	Time    time.Time               `json:"time"`
	Waiting int                     `json:"waiting"`
	Running int                     `json:"running"`
	Workers map[fleet.Phase]int     `json:"workers"`
	Groups  map[string]record.Group `json:"groups,omitempty"`
}

// Span is a length of time that charts show.
type Span struct {
	Name   string // in addresses and in JSON
	Words  string
	Length time.Duration
}

// Spans are the spans of time that charts show, from the shortest.
var Spans = []Span{
	{"hour", "1 hour", time.Hour},
	{"6h", "6 hours", 6 * time.Hour},
	{"day", "24 hours", 24 * time.Hour},
	{"week", "7 days", 7 * 24 * time.Hour},
	{"month", "30 days", 30 * 24 * time.Hour},
}

// mostPoints is the number of points of a whole chart.
const mostPoints = 360

// series keeps one point for each step of time: the one with the most waiting jobs.
type series struct {
	step   time.Duration
	points []Point
}

func (s *series) add(p Point) {
	if n := len(s.points); n > 0 && p.Time.Truncate(s.step).Equal(s.points[n-1].Time.Truncate(s.step)) {
		if p.Waiting >= s.points[n-1].Waiting {
			s.points[n-1] = p
		}
		return
	}
	if len(s.points) >= mostPoints {
		s.points = slices.Delete(s.points, 0, len(s.points)-mostPoints+1)
	}
	s.points = append(s.points, p)
}

// Board keeps what the scaler saw and did, for the page. It implements loop.Observer and
// loop.Follower, and is safe for concurrent use.
type Board struct {
	Version string // of the scaler; set it before the board is used

	interval func() time.Duration
	now      func() time.Time

	mu       sync.Mutex
	started  time.Time
	status   Status
	record   record.Record
	known    bool // a round has set status
	running  record.Progress
	finished time.Time // when the last round ended
	last     *Last     // that round
	trouble  string
	journal  *journal.Journal
	latest   Point
	series   []series // of Spans
	usage    usage.Meter
	prices   map[string]float64
}

// NewBoard returns an empty board. Interval returns the time between two rounds.
func NewBoard(interval func() time.Duration, now func() time.Time) *Board {
	b := &Board{interval: interval, now: now, started: now(), journal: journal.New(200)}
	for _, span := range Spans {
		b.series = append(b.series, series{step: span.Length / mostPoints})
	}
	return b
}

// SetPrices sets what a worker of each group costs for an hour. A group without a price
// has no cost.
func (b *Board) SetPrices(prices map[string]float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prices = prices
}

// Replay adds a record of an earlier scaler, so that a restart leaves no gap on the
// page. Records come in the order of their times.
func (b *Board) Replay(r record.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.journal.Add(r)
	b.point(r)
}

// Decided shows a round that has decided. It implements loop.Observer.
func (b *Board) Decided(r record.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status, b.record, b.known, b.trouble = Of(r), r, true, ""
	b.point(r) // now, so that charts and status agree while the decision is carried out
}

// Finished shows a round that is over. It implements loop.Observer.
func (b *Board) Finished(r record.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finished, b.trouble = b.now(), r.Error
	b.last = &Last{Time: r.Time, Took: r.Seconds, Parts: r.PartSeconds, Error: r.Error}
	b.status.Error = r.Error
	b.journal.Add(r)
	b.point(r)
}

// point adds a record to the charts. A round that could not read leaves a gap.
func (b *Board) point(r record.Record) {
	if r.Error != "" || r.Time.Equal(b.latest.Time) {
		return
	}
	b.usage.Add(r)
	b.latest = Point{Time: r.Time, Waiting: r.Waiting, Running: r.Running, Workers: r.Workers, Groups: r.Groups}
	for i := range b.series {
		b.series[i].add(b.latest)
	}
}

// View is a copy of what a board holds.
type View struct {
	Now     time.Time
	Version string
	Status  Status
	Record  record.Record // of the round that set Status
	Known   bool          // Status is set
	Events  []journal.Event
	History map[string][]Point // by the name of the span; the last point is the latest one
	Usage   []usage.Day        // the latest first
	Health  Health
	Running record.Progress // of the running round
	Last    *Last           // the last round that ended; nil before the first
}

// history returns the points of each span. The last one is the latest reading, also
// where the step that it belongs to has had more waiting jobs.
func (b *Board) history() map[string][]Point {
	out := map[string][]Point{}
	for i, span := range Spans {
		points := slices.Clone(b.series[i].points)
		if n := len(points); n > 0 && b.latest.Time.After(points[n-1].Time) {
			points = append(points, b.latest)
		}
		out[span.Name] = points
	}
	return out
}

// View returns a copy of what the board holds.
func (b *Board) View() View {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	return View{
		Now: now, Version: b.Version, Status: b.status, Record: b.record, Known: b.known, Events: b.journal.Events(),
		History: b.history(), Usage: b.usage.Days(b.prices), Health: b.health(now),
		Running: b.running, Last: b.last,
	}
}
