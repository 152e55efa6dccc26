package status

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Limits of the time that a healthy loop needs: a round reads for two minutes at most,
// then acts, by several calls of half an hour at most.
const (
	readLimit   = 3 * time.Minute
	actionLimit = 2 * time.Hour
)

// Point is the numbers of jobs and workers at one moment.
type Point struct {
	Time    time.Time           `json:"time"`
	Waiting int                 `json:"waiting"`
	Running int                 `json:"running"`
	Workers map[fleet.Phase]int `json:"workers"`
}

// series keeps one point for each step of time: the one with the most waiting jobs.
type series struct {
	step   time.Duration
	most   int
	points []Point
}

func (s *series) add(p Point) {
	if n := len(s.points); n > 0 && p.Time.Truncate(s.step).Equal(s.points[n-1].Time.Truncate(s.step)) {
		if p.Waiting >= s.points[n-1].Waiting {
			s.points[n-1] = p
		}
		return
	}
	if len(s.points) >= s.most {
		s.points = slices.Delete(s.points, 0, len(s.points)-s.most+1)
	}
	s.points = append(s.points, p)
}

// Board keeps what the scaler saw and did, for the page. It implements loop.Observer
// and is safe for concurrent use.
type Board struct {
	interval func() time.Duration
	now      func() time.Time

	mu       sync.Mutex
	started  time.Time
	status   Status
	known    bool // a round has set status
	acting   bool
	begun    time.Time // of the round that acts
	finished time.Time
	trouble  string
	journal  *journal.Journal
	hour     series
	day      series
}

// NewBoard returns an empty board. Interval returns the time between two rounds.
func NewBoard(interval func() time.Duration, now func() time.Time) *Board {
	return &Board{
		interval: interval, now: now, started: now(), journal: journal.New(200),
		hour: series{step: 10 * time.Second, most: 360}, day: series{step: 4 * time.Minute, most: 360},
	}
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
	b.status, b.known, b.trouble = Of(r), true, ""
	b.acting, b.begun = true, r.Time
}

// Finished shows a round that is over. It implements loop.Observer.
func (b *Board) Finished(r record.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acting, b.finished, b.trouble = false, b.now(), r.Error
	b.status.Error = r.Error
	b.journal.Add(r)
	b.point(r)
}

// point adds a record to the charts. A round that could not read leaves a gap.
func (b *Board) point(r record.Record) {
	if r.Error != "" {
		return
	}
	p := Point{Time: r.Time, Waiting: r.Waiting, Running: r.Running, Workers: r.Workers}
	b.hour.add(p)
	b.day.add(p)
}

// View is a copy of what a board holds.
type View struct {
	Now    time.Time
	Status Status
	Known  bool // Status is set
	Events []journal.Event
	Hour   []Point // one in 10 s
	Day    []Point // one in 4 min
	Health Health
}

// Health reports whether the loop runs.
type Health struct {
	OK       bool       `json:"ok"`
	Text     string     `json:"text"`
	LastTick *time.Time `json:"last_tick,omitempty"`
	Error    string     `json:"error,omitempty"` // why nothing can be decided
}

// View returns a copy of what the board holds.
func (b *Board) View() View {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	return View{
		Now: now, Status: b.status, Known: b.known, Events: b.journal.Events(),
		Hour: slices.Clone(b.hour.points), Day: slices.Clone(b.day.points), Health: b.health(now),
	}
}

// health returns the loop's health. A cloud or a queue that cannot be read does not
// count: a restart of the scaler would not help.
func (b *Board) health(now time.Time) Health {
	h := Health{LastTick: when(b.finished), Error: b.trouble}
	since, limit, what := b.started, readLimit+2*b.interval(), "no round has ended since the start, %s ago"
	switch {
	case b.acting:
		since, limit, what = b.begun, actionLimit, "a decision is carried out since %s"
	case !b.finished.IsZero():
		since, what = b.finished, "the last round ended %s ago"
	}
	h.OK = now.Sub(since) <= limit
	h.Text = fmt.Sprintf(what, text.Duration(now.Sub(since)))
	if !h.OK {
		h.Text += fmt.Sprintf(", longer than %s", text.Duration(limit))
	}
	return h
}
