package loop

import (
	"errors"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Observer follows the loop: it is told of each tick twice, once the decision is
// made, for carrying it out may take minutes, and when the tick is over. A tick
// that could not read is only over.
type Observer interface {
	Decided(record.Record)
	Finished(record.Record)
}

// ReadError says that nothing was decided, because what is needed for it could
// not be read.
type ReadError struct {
	What record.Source
	Err  error
}

func (e *ReadError) Error() string {
	return "nothing is done in this round: read the " + string(e.What) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// unread returns what could not be read.
func unread(err error) record.Source {
	var e *ReadError
	if errors.As(err, &e) {
		return e.What
	}
	return ""
}

// Settings are what may change while the loop runs.
type Settings struct {
	Policy   decide.Policy
	Interval time.Duration
	Queue    queue.Reader
}

func (l *Loop) apply(s Settings) {
	l.Policy, l.Interval, l.Queue = s.Policy, s.Interval, s.Queue
	l.told = nil // what holds now is said again under the new policy
	l.Log.Info("the new configuration holds from now on")
}

// due returns when the tick that follows the one due at last is due: an interval
// later, or when a hold ends before that; at once, if that should have been long ago.
func (l *Loop) due(last time.Time) time.Time {
	next := last.Add(l.Interval)
	if end := l.holdEnds; end.After(last) && end.Before(next) {
		next = end // whoever waits has waited long enough
	}
	if now := time.Now(); next.Before(now) {
		return now
	}
	return next
}

func (l *Loop) next(last time.Time) time.Duration { return time.Until(l.due(last)) }
