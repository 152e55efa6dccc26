// Package loop runs the scaler's tick: snapshot → demand → decide → actuate. It
// is the only place with a ticker.
package loop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Time limits of one tick's calls. An action may boot servers and is allowed to
// be slow; it is finished even when the scaler is asked to stop.
const (
	readTimeout   = 2 * time.Minute
	actionTimeout = 30 * time.Minute
)

// Loop ties the parts together.
type Loop struct {
	Queue    queue.Reader
	Cluster  actuate.Reader
	Actuator actuate.Actuator
	Project  Project  // nil: quota is left to the cloud's refusals
	Consoles Consoles // nil: none is read
	Remains  Remains  // nil: what gone servers left is not looked for
	Policy   decide.Policy
	Interval time.Duration
	DryRun   bool
	Log      hclog.Logger
	Records  Recorder
	// Observers follow the loop.
	Observers []Observer
	// Changes brings new settings. They hold from the next tick on; what is
	// remembered stays.
	Changes <-chan Settings
	Lease   Lease   // nil: there is no other scaler
	Memos   Memos   // nil: nothing outlives this one
	Reports Reports // nil: each reading takes the front-end's report

	memory  decide.Memory
	told    map[string]bool // notes that were logged already
	trouble map[string]bool // failures to read that were told, until it is over
	blind   bool            // the quota can not be read
	stopped bool            // for too many are sick
	shown   map[string]bool // servers whose consoles were logged
	waits   string          // for whom this scaler waits
	mine    bool            // this scaler acts, by the last round
	alone   bool            // no other one does, by the last round
	unsure  bool            // nobody knows yet whether the other scaler lives, by the last round
	leaves  bool            // this round's reading left the front-end's report where it was
	kept    []string        // memos on the front-end

	holdEnds time.Time // of demand that waits, by the last round; zero: none does

	forgetful bool // memos can not be written
}

// Recorder keeps a record of each tick.
type Recorder interface {
	Record(record.Record) error
}

// Run ticks until the context ends. A call under way is then finished, and no
// new one is begun.
func (l *Loop) Run(ctx context.Context) error {
	l.memory.WatchedFrom = time.Now()
	begun := time.Now()
	_, _ = l.Tick(ctx, true)
	timer := time.NewTimer(l.next(begun))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			l.Log.Info("stopped")
			return nil
		case s := <-l.Changes:
			l.apply(s)
			timer.Reset(l.next(begun))
		case <-timer.C:
			if ctx.Err() != nil {
				continue // both are ready, after a long action
			}
			begun = l.due(begun)
			_, _ = l.Tick(ctx, true)
			timer.Reset(l.next(begun))
		}
	}
}

// Once watches for one hold time, then acts on the last reading, and returns
// that tick's record. The time counts from the end of the first look: demand is
// noted then, and the first look takes longer than the others.
func (l *Loop) Once(ctx context.Context) (record.Record, error) {
	r, err := l.once(ctx)
	if err == nil && r.Stopped != "" && r.Standby == "" {
		err = errors.New(r.Stopped)
	}
	return r, err
}

func (l *Loop) once(ctx context.Context) (record.Record, error) {
	hold := max(l.Policy.ScaleOutAfter, l.Policy.DrainRecheck)
	if hold > 0 {
		_, _ = l.Tick(ctx, false)
	}
	until := time.Now().Add(hold)
	for {
		if err := sleep(ctx, min(l.Interval, time.Until(until))); err != nil {
			return record.Record{}, fmt.Errorf("stopped before the end of the watch: %w", err)
		}
		if !time.Now().Before(until) {
			r, err := l.Tick(ctx, true)
			if !l.unsure {
				return r, err
			}
			until = time.Now().Add(l.Interval) // who holds the lease may have died before we came
			continue
		}
		_, _ = l.Tick(ctx, false)
	}
}

// Look reads and decides once and does nothing. Demand counts at once: a single
// look can not know how long it has lasted.
func (l *Loop) Look(ctx context.Context) (record.Record, error) {
	hold := l.Policy.ScaleOutAfter
	l.Policy.ScaleOutAfter = 0
	defer func() { l.Policy.ScaleOutAfter = hold }()
	return l.Tick(ctx, false)
}

// Watch reads and decides for one hold time, does nothing, and returns the last
// tick's record.
func (l *Loop) Watch(ctx context.Context) (record.Record, error) {
	actuator, remains, lease, memos := l.Actuator, l.Remains, l.Lease, l.Memos
	l.Actuator, l.Remains, l.Lease, l.Memos = actuate.DryRun{}, nil, nil, nil
	defer func() { l.Actuator, l.Remains, l.Lease, l.Memos = actuator, remains, lease, memos }()
	return l.once(ctx)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Tick reads, decides, acts if it may, and records. The error says why nothing was
// decided, or which actions failed.
func (l *Loop) Tick(ctx context.Context, act bool) (record.Record, error) {
	start := time.Now()
	r := record.Record{Time: start.UTC(), DryRun: l.DryRun, Watching: !act}
	facts, tools, err := l.read(ctx)
	r.ReadSeconds, r.QueueSeconds = time.Since(start).Seconds(), tools.Seconds()
	switch {
	case err != nil && ctx.Err() != nil:
		err = fmt.Errorf("stopped in the middle of a reading: %w", ctx.Err())
		r.Error = err.Error()
		l.Log.Info("stopped in the middle of a reading: nothing was decided in this round")
	case err != nil:
		r.Error, r.Unread = err.Error(), unread(err)
		l.complain(r.Error)
	default:
		l.complain("")
		err = l.judge(ctx, facts, act, &r)
	}
	r.Seconds = time.Since(start).Seconds()
	if len(r.Added) > 0 {
		l.Log.Info("workers were made", "names", strings.Join(r.Added, " "))
	}
	for _, e := range r.Errors {
		l.Log.Error("an action failed; it is tried again while it is needed", "error", e)
	}
	for _, o := range l.Observers {
		o.Finished(r)
	}
	if l.Records != nil {
		if err := l.Records.Record(r); err != nil {
			l.Log.Error("the record of this decision could not be kept", "error", err)
		}
	}
	return r, err
}

// judge decides on what was read, and acts if it may.
func (l *Loop) judge(ctx context.Context, facts decide.Facts, act bool, r *record.Record) error {
	l.recall(facts)
	var out decide.Outcome
	out, l.memory = decide.Tick(facts, l.Policy, l.memory, time.Now())
	l.holdEnds = out.HoldEnds
	r.Decided(facts, out)
	r.Policy = l.Policy.At(r.Time).For(facts.Cluster.Document.Groups)
	act, err := l.hold(ctx, facts, act, r)
	if r.Standby == "" {
		l.alarm(r.Stopped)
		l.tell(*r)
	}
	for _, o := range l.Observers {
		o.Decided(*r)
	}
	if act {
		err = l.act(ctx, facts, out.Decision, r)
		l.keep(ctx, facts, going(out.Decision), true)
	}
	return err
}

// complain logs a failure to read once, not in every round, and that it is over.
// The same trouble may have several wordings, in turn.
func (l *Loop) complain(trouble string) {
	switch {
	case trouble == "" && l.trouble == nil:
	case trouble == "":
		l.Log.Info("cluster and queue can be read again")
		l.trouble = nil
	case l.trouble[trouble]:
		l.Log.Debug("still: " + trouble)
	default:
		l.Log.Error(trouble)
		if l.trouble == nil {
			l.trouble = map[string]bool{}
		}
		l.trouble[trouble] = true
	}
}

// read reads the cluster, then the queue: a worker's job must not be missed
// because it began in between. It tells how long the queue's reader took.
func (l *Loop) read(ctx context.Context) (f decide.Facts, queueTook time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	l.keepReports()
	if f.Cluster, err = l.Cluster.Read(ctx); err != nil {
		return f, 0, &ReadError{What: record.SourceCluster, Err: err}
	}
	began := time.Now()
	f.Queue, err = l.Queue.Read(ctx)
	if queueTook = time.Since(began); err != nil {
		return f, queueTook, &ReadError{What: record.SourceQueue, Err: err}
	}
	f.Flavors, f.Sizes = map[string]queue.Shape{}, map[string]decide.Size{}
	ours := l.Policy.For(f.Cluster.Document.Groups).Groups
	for group, spec := range f.Cluster.Document.Groups {
		if _, managed := ours[group]; !managed {
			continue
		}
		if size, known := l.size(ctx, group, spec.Flavor); known {
			f.Sizes[group], f.Flavors[group] = size, actuate.ShapeOfFlavor(size.Cores, size.RAMMiB)
		}
	}
	f.Room = l.room(ctx)
	return f, queueTook, nil
}
