package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// finishTime bounds the rounds of Once after the one that acts. What takes longer is
// finished by the next run.
const finishTime = 3 * time.Minute

// Once watches for one hold time, then acts on the last reading, and returns that
// round's record. The time counts from the end of the first reading: demand is noted
// then, and the first reading takes longer than the others. After that it finishes what
// it has begun, for finishTime at most: it enrols the workers that it has made when they
// have addresses, and forgets those whose servers are gone.
func (l *Loop) Once(ctx context.Context) (record.Record, error) {
	defer l.endBeside()
	r, err := l.once(ctx, watching, acting)
	if err = errors.Join(err, l.finishBegun(ctx, &r), l.endPosting(&r)); err == nil && r.Stopped != "" && r.Standby == "" {
		err = errors.New(r.Stopped)
	}
	return r, err
}

// Watch decides as Once does, but changes nothing and takes no lease.
func (l *Loop) Watch(ctx context.Context) (record.Record, error) {
	return l.once(ctx, pretending, pretending)
}

// once runs rounds of the first mode for one hold time, and then one of the last
// mode.
func (l *Loop) once(ctx context.Context, first, last mode) (record.Record, error) {
	hold := max(l.Policy.ScaleOutAfter, l.Policy.DrainRecheck)
	if hold > 0 {
		_, _ = l.round(ctx, time.Now, first, l.Policy)
	}
	until := time.Now().Add(hold)
	for {
		if err := wait.Sleep(ctx, min(l.Interval, time.Until(until))); err != nil {
			return record.Record{}, fmt.Errorf("stopped before the end of the watch: %w", err)
		}
		if time.Now().Before(until) {
			_, _ = l.round(ctx, time.Now, first, l.Policy)
			continue
		}
		r, err := l.round(ctx, time.Now, last, l.Policy)
		if !l.state.lease.unsure {
			return r, err
		}
		until = time.Now().Add(l.Interval) // the holder of the lease may have died before we came
	}
}

// finishBegun runs rounds until what this scaler has begun is finished, for finishTime at
// most. It adds what came of them to the record. The error is that of the last one's
// actions, and that of create calls: no later round makes up for these.
func (l *Loop) finishBegun(ctx context.Context, r *record.Record) (failed error) {
	var late error
	defer func() { failed = errors.Join(late, failed) }()
	end := time.Now().Add(finishTime)
	for r.Standby == "" && l.state.unfinished() && time.Now().Before(end) {
		if wait.Sleep(ctx, min(l.Interval, time.Until(end))) != nil {
			return failed // the next run finishes it
		}
		last, err := l.round(ctx, time.Now, finishing, l.Policy)
		if refused := l.state.late; refused != nil {
			r.Failed(refused)
			late = errors.Join(late, refused)
		}
		r.Added = append(r.Added, last.Added...)
		r.Unanswered = append(r.Unanswered, last.Unanswered...)
		r.Enrolled = append(r.Enrolled, last.Enrolled...)
		r.Collected = append(r.Collected, last.Collected...)
		if failed = err; len(last.Errors) == 0 {
			failed = nil // a reading that failed is logged
		}
	}
	return failed
}

// begun is what this scaler has begun and what later rounds finish: names of workers.
type begun struct {
	coming []string // their create calls were sent, and no roster has them
	going  []string // the cloud has accepted their servers' deletion, and the roster has them
}

// follow drops the workers that have come, or will not, and those that are forgotten.
func (b *begun) follow(f fleet.Fleet) {
	of := map[string]fleet.Worker{}
	for _, w := range slices.Backward(f.Workers) {
		of[w.Name] = w
	}
	b.coming = slices.DeleteFunc(b.coming, func(name string) bool { return !of[name].Orphan || of[name].Phase != fleet.Booting })
	b.going = slices.DeleteFunc(b.going, func(name string) bool { return !of[name].Listed })
}

// unfinished reports whether a round in some seconds can finish something that was begun.
func (s *state) unfinished() bool {
	return s.posting != nil || len(s.begun.coming)+len(s.begun.going)+len(s.erase) > 0 || !s.consoles.waitEnds().IsZero() || s.remains.busy()
}
