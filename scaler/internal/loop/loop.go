// Package loop runs the scaler's rounds: read → decide → act → record. It decides
// when a round is due and connects the parts; what is done is decided elsewhere.
package loop

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Loop runs rounds. Its clock is the system's; a round gets it as an argument.
type Loop struct {
	Parts
	Settings
	DryRun    bool // decisions are not carried out
	Log       hclog.Logger
	Records   Recorder   // nil: no records are kept
	Observers []Observer // they follow the loop
	Followers []Follower // they follow the running round
	// Changes brings new settings. They hold from the next round on; what is
	// remembered stays.
	Changes <-chan Settings

	state state
}

// state is what a round leaves to the next one.
type state struct {
	memory    decide.Memory
	followed  time.Time // the last reading of the clock to which the memory was adjusted
	holdEnds  time.Time // of demand that waits; zero: none does
	lease     leaseState
	memos     []string // those on the front-end
	warned    warnings
	recorded  time.Duration   // how long the end of the last round took: its record was written
	logged    map[string]bool // matters of the last round's notes, and its summary
	running   bool            // rounds follow each other: none waits for the front-end's report
	begun     begun           // what later rounds finish
	erase     []string        // workers that have left the roster, and that the queue's program has not forgotten yet
	closeNext string          // the call of the queue's program with which the next round begins
	posting   *posting        // create calls without all of their answers; nil: there are none
	late      error           // what the answers said that the last round took of an earlier one's create calls
	consoles  *consoles
	remains   *beside[string, collected] // by the ID of the server that is gone
	reports   *beside[string, reported]  // by the front-end's ID
}

// clock returns the present time.
type clock func() time.Time

// mode is what a round may do.
type mode int

const (
	watching   mode = iota // reads and decides
	acting                 // takes the lease, and carries its decision out if it has it
	finishing              // as acting, but only finishes what an earlier round has begun
	pretending             // decides as an acting round does, takes no lease and does nothing
)

// Run runs rounds until the context ends. A call under way is then finished, and no
// new one is begun.
func (l *Loop) Run(ctx context.Context) error {
	defer l.endBeside()
	begun := time.Now()
	l.state.memory.WatchedFrom, l.state.running = begun, true
	_, _ = l.Tick(ctx, true)
	timer := time.NewTimer(time.Until(l.due(begun, time.Now())))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			l.Log.Info("stopped")
			return nil
		case s := <-l.Changes:
			l.apply(s)
			timer.Reset(time.Until(l.due(begun, time.Now())))
		case <-timer.C:
			if ctx.Err() != nil {
				continue // after a long action both channels are ready
			}
			begun = l.due(begun, time.Now())
			_, _ = l.Tick(ctx, true)
			timer.Reset(time.Until(l.due(begun, time.Now())))
		}
	}
}

// apply puts new settings in force.
func (l *Loop) apply(s Settings) {
	l.Settings = s
	l.state.logged = nil // the notes are logged again under the new policy
	l.Log.Info("the new configuration holds from now on")
}

// due returns the time of the next round: an interval after the last one was due, or the
// end of a hold if that is earlier; now, if that time has passed.
func (l *Loop) due(last, now time.Time) time.Time {
	next := last.Add(l.Interval)
	if end := l.state.holdEnds; end.After(last) && end.Before(next) {
		next = end
	}
	if wake := l.state.consoles.waitEnds(); wake.After(last) && wake.Before(next) {
		next = wake
	}
	if next.Before(now) {
		return now
	}
	return next
}

// Look reads and decides once and changes nothing. Demand counts at once: a single
// reading cannot show how long it has lasted.
func (l *Loop) Look(ctx context.Context) (record.Record, error) {
	p := l.Policy
	p.ScaleOutAfter = 0
	return l.round(ctx, time.Now, watching, p)
}

// Tick runs one round, which acts if act is set. The error says why nothing was
// decided, or which actions failed.
func (l *Loop) Tick(ctx context.Context, act bool) (record.Record, error) {
	m := watching
	if act {
		m = acting
	}
	return l.round(ctx, time.Now, m, l.Policy)
}

// Release gives the lease back, once nothing is under way any more.
func (l *Loop) Release(ctx context.Context) error {
	if l.Lease == nil {
		return nil
	}
	releasing, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	return l.Lease.Release(releasing)
}
