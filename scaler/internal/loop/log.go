package loop

import (
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// logDecision logs what was seen and decided, before it is acted upon: actions
// always, the rest when it is new.
func (l *Loop) logDecision(r record.Record) {
	log := l.Log
	if r.DryRun {
		log = log.With("dry_run", true)
	}
	if r.Watching {
		log = log.With("watching", true)
	}
	logged := map[string]bool{}
	summary := summaryOf(r)
	if !l.state.logged[summary] {
		log.Info("queue and workers", "jobs_waiting", r.Waiting, "jobs_running", r.Running, "workers", record.PhasesText(r.Workers), "workers_needed", r.Needed)
	}
	logged[summary] = true
	for _, u := range r.Undrain {
		log.Info("worker stays after all", "worker", u.Worker, "because", u.Reason.String())
	}
	for _, s := range r.Drain {
		log.Info("worker is asked to leave", "worker", s.Worker, "because", s.Reason.String())
	}
	for _, s := range r.Forget {
		log.Info("worker is forgotten", "worker", s.Worker, "because", s.Reason.String())
	}
	for _, s := range r.Remove {
		log.Info("worker is removed", "worker", s.Worker, "because", s.Reason.String())
	}
	for _, s := range r.Discard {
		log.Info("a server is deleted", "worker", s.Worker, "server", s.Server, "because", s.Reason.String())
	}
	for _, a := range r.Add {
		if l.state.posting != nil {
			break // they are put off, and a line says so
		}
		log.Info("workers are added", "group", a.Group, "count", a.Count, "because", a.Reason.String())
	}
	for _, n := range r.Notes {
		key := record.Matter(n)
		switch {
		case l.state.logged[key]:
		case record.Misplaced(n):
			log.Error("a group's block is not used", "about", n.About, "because", n.Reason.String())
		default:
			log.Info("not done", "about", n.About, "because", n.Reason.String())
		}
		logged[key] = true
	}
	l.state.logged = logged
}

// summaryOf returns a text that changes only when something happens.
func summaryOf(r record.Record) string {
	return fmt.Sprintf("%d %d %v", r.Waiting, r.Running, r.Workers)
}

// logUnread logs a failure to read if its wording is new: the failures of consecutive
// rounds may have several wordings in turn.
func (l *Loop) logUnread(text string) {
	if l.state.warned.begin(unreadable, text) {
		l.Log.Error(text)
	} else {
		l.Log.Debug("still: " + text)
	}
}

// logRead logs that a failure to read is over.
func (l *Loop) logRead() {
	if l.state.warned.end(unreadable) {
		l.Log.Info("cluster and queue can be read again")
	}
}

// logStop logs once that nothing is done, and once that it is over.
func (l *Loop) logStop(why string) {
	switch {
	case why != "" && l.state.warned.begin(tooManySick, ""):
		l.Log.Error("stopped: " + why)
	case why == "" && l.state.warned.end(tooManySick):
		l.Log.Info("workers are made and removed again: most of them are healthy")
	}
}

// logWait logs why this scaler waits, when that changes, and when it acts again.
func (l *Loop) logWait(why string) {
	switch {
	case why != "" && l.state.warned.change(noLease, why):
		l.Log.Warn("nothing is done: " + why)
	case why == "" && l.state.warned.end(noLease):
		l.Log.Info("this scaler acts")
	}
}
