package loop

import (
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Follower follows the running round. Its methods may be called from two goroutines at
// once.
type Follower interface {
	// Running gets each part of a round when the round comes to it, and the zero
	// Progress when the round is over.
	Running(p record.Progress)
	// Overdue gets a round that has lasted for longer than roundLimit, once.
	Overdue(p record.Progress)
}

// timing measures the parts of one round. The round changes its part; the watchdog
// reads it beside the round.
type timing struct {
	now       clock
	followers []Follower

	mu    sync.Mutex
	at    record.Progress
	spent map[record.Part]time.Duration
}

// newTiming begins to measure a round.
func (l *Loop) newTiming(now clock, begun time.Time) *timing {
	t := &timing{now: now, followers: l.Followers, spent: map[record.Part]time.Duration{}}
	t.at = record.Progress{Begun: begun, Part: record.PartOther, Since: begun}
	t.spent[record.PartRecord] = l.state.recorded
	t.show(t.at)
	return t
}

// enter begins a part of the round, and returns a function that ends it. The time of a
// part inside another one counts for the inner one alone.
func (t *timing) enter(p record.Part) (leave func()) {
	outer := t.change(p)
	return func() { t.change(outer) }
}

// change changes the part that the time counts for, and returns the one before.
func (t *timing) change(p record.Part) (before record.Part) {
	now := t.now()
	t.mu.Lock()
	before = t.at.Part
	t.spent[before] += now.Sub(t.at.Since)
	t.at.Part, t.at.Since = p, now
	at := t.at
	t.mu.Unlock()
	t.show(at)
	return before
}

// progress returns where the round is.
func (t *timing) progress() record.Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

// seconds returns the time of each part up to the latest change.
func (t *timing) seconds() record.PartSeconds {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := record.PartSeconds{}
	for p, d := range t.spent {
		if s := seconds(d); s > 0 {
			out[p] = s
		}
	}
	return out
}

func (t *timing) show(p record.Progress) {
	for _, f := range t.followers {
		f.Running(p)
	}
}
