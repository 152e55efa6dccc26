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
	Flavors  actuate.Flavors
	Policy   decide.Policy
	Interval time.Duration
	DryRun   bool
	Log      hclog.Logger
	Records  Recorder
	Lease    Lease // nil: there is no other scaler

	memory  decide.Memory
	flavors map[string]queue.Shape // by flavor ID
	told    map[string]bool        // notes that were logged already
	trouble string                 // the last failure to read, until it is over
	waits   string                 // for whom this scaler waits
}

// Recorder keeps a record of each tick.
type Recorder interface {
	Record(Record) error
}

// Run ticks until the context ends. A call under way is then finished, and no
// new one is begun.
func (l *Loop) Run(ctx context.Context) error {
	l.memory.WatchedFrom = time.Now()
	ticker := time.NewTicker(l.Interval)
	defer ticker.Stop()
	for {
		l.Tick(ctx, true)
		select {
		case <-ctx.Done():
			l.Log.Info("stopped")
			return nil
		case <-ticker.C:
		}
	}
}

// Once watches for one hold time, then acts on the last reading, and returns
// that tick's record.
func (l *Loop) Once(ctx context.Context) (Record, error) {
	until := time.Now().Add(max(l.Policy.ScaleOutAfter, l.Policy.DrainRecheck))
	for {
		wait := min(l.Interval, time.Until(until))
		if wait > 0 {
			l.Tick(ctx, false)
		} else if r := l.Tick(ctx, true); !r.unsure {
			return r, r.failed()
		} else {
			wait = l.Interval // the holder may have died before we came
		}
		if err := sleep(ctx, wait); err != nil {
			return Record{}, fmt.Errorf("stopped before the end of the watch: %w", err)
		}
	}
}

// Look reads and decides once and does nothing. Demand counts at once: a single
// look can not know how long it has lasted.
func (l *Loop) Look(ctx context.Context) (Record, error) {
	hold := l.Policy.ScaleOutAfter
	l.Policy.ScaleOutAfter = 0
	defer func() { l.Policy.ScaleOutAfter = hold }()
	r := l.Tick(ctx, false)
	return r, r.failed()
}

// Watch reads and decides for one hold time, does nothing, and returns the last
// tick's record.
func (l *Loop) Watch(ctx context.Context) (Record, error) {
	actuator, lease := l.Actuator, l.Lease
	l.Actuator, l.Lease = actuate.DryRun{}, nil
	defer func() { l.Actuator, l.Lease = actuator, lease }()
	return l.Once(ctx)
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

// Tick reads, decides, acts if it may, and records.
func (l *Loop) Tick(ctx context.Context, act bool) Record {
	start := time.Now()
	r := Record{Time: start.UTC(), DryRun: l.DryRun, Watching: !act}
	facts, err := l.read(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("stopped: %w", ctx.Err())
		}
		r.Error = err.Error()
		r.err = err
		l.complain(r.Error)
	} else {
		l.complain("")
		var out decide.Outcome
		out, l.memory = decide.Tick(facts, l.Policy, l.memory, time.Now())
		r.fill(facts, out)
		if act = l.hold(ctx, facts, act, &r); r.Standby == "" {
			l.tell(r)
		}
		if act {
			r.err = l.act(ctx, facts, out.Decision, &r)
		}
	}
	r.Seconds = time.Since(start).Seconds()
	if len(r.Added) > 0 {
		l.Log.Info("workers were made", "names", strings.Join(r.Added, " "))
	}
	for _, e := range r.Errors {
		l.Log.Error("an action failed; it is tried again while it is needed", "error", e)
	}
	if l.Records != nil {
		if err := l.Records.Record(r); err != nil {
			l.Log.Error("the record of this decision could not be kept", "error", err)
		}
	}
	return r
}

// complain logs a failure to read once, not in every round, and that it is over.
func (l *Loop) complain(trouble string) {
	switch {
	case trouble == l.trouble && trouble == "":
	case trouble == l.trouble:
		l.Log.Debug("still: " + trouble)
	case trouble != "":
		l.Log.Error(trouble)
	default:
		l.Log.Info("cluster and queue can be read again")
	}
	l.trouble = trouble
}

// read reads the cluster, then the queue: a worker's job must not be missed
// because it began in between.
func (l *Loop) read(ctx context.Context) (decide.Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var f decide.Facts
	var err error
	if f.Cluster, err = l.Cluster.Read(ctx); err != nil {
		return f, fmt.Errorf("nothing is done in this round: read the cluster: %w", err)
	}
	if f.Queue, err = l.Queue.Read(ctx); err != nil {
		return f, fmt.Errorf("nothing is done in this round: read the queue: %w", err)
	}
	f.Flavors = map[string]queue.Shape{}
	ours := l.Policy.For(f.Cluster.Document.Groups).Groups
	for group, spec := range f.Cluster.Document.Groups {
		if _, managed := ours[group]; managed && l.Flavors != nil {
			f.Flavors[group] = l.shape(ctx, group, spec.Flavor)
		}
	}
	return f, nil
}

// shape returns a flavor's shape, asked for once. Where it can't be known, the
// group waits for a worker in the pool, and the decision says so.
func (l *Loop) shape(ctx context.Context, group, flavor string) queue.Shape {
	if s, ok := l.flavors[flavor]; ok {
		return s
	}
	s, err := l.Flavors.FlavorShape(ctx, flavor)
	if err != nil {
		l.Log.Warn("the size of a group's flavor is not known", "group", group, "flavor", flavor, "error", err)
		return queue.Shape{}
	}
	if l.flavors == nil {
		l.flavors = map[string]queue.Shape{}
	}
	l.flavors[flavor] = s
	return s
}

// act carries a decision out: marks first, for they are cheap and undo what the
// rest must not do; then removals, which free quota; then new workers. What is
// not begun before the facts are too old is left to the next tick.
func (l *Loop) act(ctx context.Context, facts decide.Facts, d decide.Decision, r *Record) error {
	clusterID := facts.Cluster.Document.ID
	var failed []error
	do := func(what string, call func(ctx context.Context) error) {
		if ctx.Err() != nil {
			return // asked to stop: the next scaler sees the same need
		}
		if age := time.Since(facts.Queue.ReadAt()); age > l.Policy.MaxAge {
			why := fmt.Sprintf("put off: what was read is %s old by now", age.Round(time.Second))
			r.Notes = append(r.Notes, decide.Note{About: what, Reason: why})
			l.Log.Info("not done", "about", what, "because", why)
			return
		}
		calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), actionTimeout)
		defer cancel()
		calling, release := l.guard(calling)
		defer release()
		if err := call(calling); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", what, err))
			r.Errors = append(r.Errors, failed[len(failed)-1].Error())
		}
	}
	if marks := d.Marks(); len(marks) > 0 {
		do("ask workers to leave or stay", func(ctx context.Context) error { return l.Actuator.Mark(ctx, clusterID, marks) })
	}
	if names := d.Removals(); len(names) > 0 {
		do("remove workers", func(ctx context.Context) error { return l.Actuator.Remove(ctx, clusterID, names) })
	}
	for _, a := range d.Add {
		do(fmt.Sprintf("add %d to group %s", a.Count, a.Group), func(ctx context.Context) error {
			names, err := l.Actuator.Add(ctx, clusterID, a.Group, a.Count)
			r.Added = append(r.Added, names...)
			if err != nil {
				l.memory = l.memory.Failed(a.Group, err.Error(), time.Now())
			}
			return err
		})
	}
	return errors.Join(failed...)
}
