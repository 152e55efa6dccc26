package loop

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// round is one round in the making.
type round struct {
	*Loop
	now    clock
	mode   mode
	policy decide.Policy
	facts  decide.Facts
	record record.Record
	times  *timing
	// earlier is what came of reports that earlier rounds have asked for.
	earlier map[string]reported
}

// round reads, decides, acts if it may, and records.
func (l *Loop) round(ctx context.Context, now clock, m mode, p decide.Policy) (record.Record, error) {
	start := now()
	l.state.prepare()
	l.state.lease.unsure = false // a round that cannot read does not ask for the lease
	r := &round{Loop: l, now: now, mode: m, policy: p, times: l.newTiming(now, start)}
	defer l.watch(r.times)()
	r.record = record.Record{Time: start.UTC(), DryRun: l.DryRun, Watching: m == watching, Finishing: m == finishing}
	r.takeConsoles()
	r.takeRemains()
	r.takePosted()
	err := r.read(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		err = fmt.Errorf("stopped in the middle of a reading: %w", ctx.Err())
		r.record.Error = err.Error()
		l.Log.Info("stopped in the middle of a reading: nothing was decided in this round")
	case err != nil:
		r.record.Error, r.record.Unread = err.Error(), unread(err)
		l.logUnread(r.record.Error)
	default:
		l.logRead()
		err = r.judge(ctx)
	}
	leave := r.times.enter(record.PartRecord)
	begun := r.times.progress().Since
	r.record.Seconds, r.record.PartSeconds = seconds(begun.Sub(start)), r.times.seconds()
	r.finish()
	leave()
	l.state.recorded = now().Sub(begun)
	return r.record, err
}

// seconds returns a duration for records, to the millisecond.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// judge decides on what was read, and acts if it may.
func (r *round) judge(ctx context.Context) error {
	s := &r.state
	r.recall()
	now := s.follow(r.now())
	input := record.Input{Facts: r.facts, Policy: r.policy, Memory: s.memory, Now: now}
	decided := r.times.enter(record.PartDecide)
	out, memory := input.Decide()
	decided()
	if r.mode == finishing {
		out.Decision = out.Decision.Finishing()
	}
	s.memory, s.holdEnds = memory, out.HoldEnds
	s.begun.follow(out.Fleet)
	r.keepConsoles(out.Decision)
	r.record.Decided(input, out)
	may, err := r.hold(ctx)
	told := r.times.enter(record.PartRecord)
	if r.record.Standby == "" {
		r.logStop(r.record.Stopped)
		r.logDecision(r.record)
	}
	for _, o := range r.Observers {
		o.Decided(r.record)
	}
	told()
	if may {
		err = r.act(ctx, out.Decision)
	}
	return err
}

// finish logs what came of the round, and records it.
func (r *round) finish() {
	if len(r.record.Added) > 0 {
		r.Log.Info("workers are being made", "names", strings.Join(r.record.Added, " "))
	}
	if len(r.record.Unanswered) > 0 {
		r.Log.Warn("create calls got no answer; their servers may still come", "names", strings.Join(r.record.Unanswered, " "))
	}
	if len(r.record.Enrolled) > 0 {
		r.Log.Info("workers are in the roster", "names", strings.Join(r.record.Enrolled, " "))
	}
	for _, e := range r.record.Errors {
		r.Log.Error("an action failed; it is tried again while it is needed", "error", e)
	}
	for _, o := range r.Observers {
		o.Finished(r.record)
	}
	if r.Records == nil {
		return
	}
	if err := r.Records.Record(r.record); err != nil {
		r.Log.Error("the record of this round could not be written", "error", err)
	}
}
