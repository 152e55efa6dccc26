package status

import (
	"fmt"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Limits of the time that a healthy loop needs.
const (
	readLimit   = 3 * time.Minute // of a part of a round; reading takes two minutes at most
	actionLimit = 6 * time.Minute // of a part in which something is changed; an action takes five minutes at most
	roundLimit  = time.Hour       // of a round
)

// Health reports whether the loop runs.
type Health struct {
	OK       bool       `json:"ok"`
	Text     string     `json:"text"`
	LastTick *time.Time `json:"last_tick,omitempty"`
	Error    string     `json:"error,omitempty"` // why nothing can be decided
}

// Running notes where the running round is. It implements loop.Follower.
func (b *Board) Running(p record.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = p
}

// Overdue does nothing: the board shows how long the running round has lasted. It
// implements loop.Follower.
func (b *Board) Overdue(record.Progress) {}

// health returns the loop's health. A cloud or a queue that cannot be read does not
// count: a restart of the scaler would not help.
func (b *Board) health(now time.Time) Health {
	h := Health{LastTick: when(b.finished), Error: b.trouble}
	if b.running.Runs() {
		h.running(b.running, now)
		return h
	}
	since, what := b.started, "no round has ended since the start, %s ago"
	if !b.finished.IsZero() {
		since, what = b.finished, "the last round ended %s ago"
	}
	h.judge(now.Sub(since), readLimit+2*b.interval(), what)
	return h
}

// running judges a round that runs: the time in its part counts, and its whole time.
func (h *Health) running(p record.Progress, now time.Time) {
	limit := readLimit
	switch p.Part {
	case record.PartMarks, record.PartEnrolments, record.PartDeletions, record.PartForgets, record.PartCreations:
		limit = actionLimit
	}
	h.judge(now.Sub(p.Since), limit, "a round runs, in its part "+string(p.Part)+" since %s")
	if h.OK {
		h.judge(now.Sub(p.Begun), roundLimit, "a round runs since %s, in its part "+string(p.Part))
	}
}

// judge sets the health by a time and its limit. what has a verb for the time.
func (h *Health) judge(passed, limit time.Duration, what string) {
	h.OK = passed <= limit
	h.Text = fmt.Sprintf(what, text.Duration(passed))
	if !h.OK {
		h.Text += fmt.Sprintf(", longer than %s", text.Duration(limit))
	}
}
