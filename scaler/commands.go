package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/access"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/explain"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

// looks reports whether the verb only reads, and leaves no trace.
func (o order) looks() bool { return o.verb == "plan" || o.verb == "status" || o.verb == "explain" }

// act runs a verb that reads the queue.
func act(ctx context.Context, o order, c config.Config, stdout, stderr io.Writer) int {
	log := newLogger(c, stderr)
	written := c.Decisions // the file of an earlier scaler
	if o.looks() {
		c.Decisions = ""
		if log.GetLevel() >= hclog.Info {
			log.SetLevel(hclog.Off) // its output is the table, or the error
		}
	}
	if o.accessRules {
		return exitOf(printAccessRules(ctx, c, log, stdout), nil, o, stderr)
	}
	if o.verb != "run" {
		forgetPassword()
	}
	l, end, err := build(ctx, c, log, o.looks())
	if err != nil && o.verb == "explain" && written != "" {
		return exitOf(explainOffline(o, written, err, stdout), nil, o, stderr)
	}
	if err != nil && o.verb == "run" && ctx.Err() != nil {
		log.Info("stopped")
		return exitOK
	}
	if err != nil {
		return exitOf(err, nil, o, stderr)
	}
	var done *record.Record
	switch o.verb {
	case "run":
		err = serve(ctx, l, o, c, log)
	case "once":
		var r record.Record
		r, err = l.Once(ctx)
		done = &r
	case "plan":
		done, err = plan(ctx, l, o, c, stdout)
	case "status":
		err = show(ctx, l, o, c, written, stdout)
	case "explain":
		err = explainSubject(ctx, l, o, written, stdout)
	}
	if done != nil {
		err = errors.Join(err, done.Misplaced())
	}
	// Calls that are under way end first, also after a signal.
	ctx = context.WithoutCancel(ctx)
	return exitOf(errors.Join(err, end(ctx), l.Release(ctx)), done, o, stderr)
}

// exitOf returns the exit status, and prints on stderr what failed.
func exitOf(err error, done *record.Record, o order, stderr io.Writer) int {
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "vmcluster-scaler:", err)
		return exitFailed
	case o.detailed && done != nil && done.Standby == "" && done.Acted():
		return exitActed
	}
	return exitOK
}

func plan(ctx context.Context, l *loop.Loop, o order, c config.Config, stdout io.Writer) (*record.Record, error) {
	look := l.Look
	if o.wait {
		look = l.Watch
	}
	r, err := look(ctx)
	if err != nil {
		return nil, err
	}
	if o.json {
		return &r, (&record.JSONLines{W: stdout}).Record(r)
	}
	return &r, status.WritePlan(stdout, r, c.Policy.ScaleOutAfter, o.wait)
}

// show prints the status, once or in each interval. A round that fails does not
// end a watch.
func show(ctx context.Context, l *loop.Loop, o order, c config.Config, written string, stdout io.Writer) error {
	for {
		r, err := l.Look(ctx)
		switch {
		case o.watch && ctx.Err() != nil:
			return nil //nolint:nilerr // a watch that is interrupted has not failed
		case err != nil && !o.watch:
			return err
		case err != nil:
			fmt.Fprintln(stdout, err)
		default:
			if o.watch && !o.json && isTerminal(stdout) {
				fmt.Fprint(stdout, "\x1b[H\x1b[2J")
			}
			if err := showOnce(status.Of(r), o, written, stdout); err != nil {
				return err
			}
		}
		if !o.watch {
			return nil
		}
		timer := time.NewTimer(c.Interval)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

func showOnce(s status.Status, o order, written string, stdout io.Writer) error {
	var last *status.Last
	if written != "" {
		// The scaler may run on another machine or account: its file helps, and may be missing.
		last, _ = status.LastOf(written)
	}
	if !o.json {
		return status.Write(stdout, s, last)
	}
	e := json.NewEncoder(stdout)
	e.SetEscapeHTML(false)
	if !o.watch {
		e.SetIndent("", "  ")
	}
	return e.Encode(struct {
		status.Status
		Scaler *status.Last `json:"scaler,omitempty"`
	}{s, last})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// explainSubject reads once, and explains a job, a worker or a group.
func explainSubject(ctx context.Context, l *loop.Loop, o order, written string, stdout io.Writer) error {
	r, err := l.Look(ctx)
	if err != nil {
		if written != "" {
			return explainOffline(o, written, err, stdout)
		}
		return err
	}
	events := eventsOf(written)
	kind := explain.Kind(o.subject, r, events)
	var e explain.Explanation
	switch kind {
	case explain.Job:
		reader, err := queue.For(l.Queue, string(r.Facts.Cluster.Document.BatchSystem))
		if err != nil {
			return err
		}
		finder, ok := reader.(queue.Finder)
		if !ok {
			return errors.New("single jobs can not be looked for in this queue")
		}
		j, err := finder.Find(ctx, o.subject)
		if err != nil {
			return fmt.Errorf("job %s: %w", o.subject, err)
		}
		e = explain.OfJob(j, r, events)
	case explain.Group:
		e = explain.OfGroup(o.subject, r, events)
	default:
		e = explain.OfWorker(o.subject, r, events)
		if !e.Known(r) && len(e.Events) == 0 {
			return fmt.Errorf("nothing is known of %q; there are: %s", o.subject, explain.NamesOf(r))
		}
	}
	return writeExplanation(e, o, stdout)
}

// explainOffline explains from the file of decisions, if reading is not possible.
func explainOffline(o order, written string, why error, stdout io.Writer) error {
	records, err := journal.Read(written)
	if err != nil {
		return errors.Join(why, err)
	}
	events := journal.Of(records)
	var e explain.Explanation
	switch explain.Kind(o.subject, record.Record{}, events) {
	case explain.Job:
		return fmt.Errorf("job %s: only the queue knows it, and it can not be read: %w", o.subject, why)
	case explain.Group:
		e = explain.OfGroup(o.subject, record.Record{}, events)
	default:
		e = explain.OfWorker(o.subject, record.Record{}, events)
	}
	if len(e.Events) == 0 {
		return fmt.Errorf("the file of decisions does not name %q, and how things are can not be seen: %w", o.subject, why)
	}
	e.Now = []string{"How it is now can not be seen: " + why.Error()}
	return writeExplanation(e, o, stdout)
}

func eventsOf(written string) []journal.Event {
	if written == "" {
		return nil
	}
	records, err := journal.Read(written)
	if err != nil {
		return nil // the reading is enough
	}
	return journal.Of(records)
}

func writeExplanation(e explain.Explanation, o order, stdout io.Writer) error {
	if !o.json {
		return explain.Write(stdout, e)
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(e)
}

// printAccessRules prints the access rules for this cloud.
func printAccessRules(ctx context.Context, c config.Config, log hclog.Logger, stdout io.Writer) error {
	cloud, err := login(ctx, c, log)
	if err != nil {
		return err
	}
	endpoints, err := cloud.Endpoints()
	if err != nil {
		return err
	}
	return access.Write(stdout, access.Rules(endpoints))
}
