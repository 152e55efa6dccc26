package loop

import (
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// tell logs what was seen and decided, before it is acted upon: actions always,
// the rest when it is new.
func (l *Loop) tell(r record.Record) {
	log := l.Log
	if r.DryRun {
		log = log.With("dry_run", true)
	}
	if r.Watching {
		log = log.With("watching", true) // it is not done in this round
	}
	told := map[string]bool{}
	summary := summaryOf(r)
	if !l.told[summary] {
		log.Info("queue and workers", "jobs_waiting", r.Waiting, "jobs_running", r.Running, "workers", r.WorkersText(), "workers_needed", r.Needed)
	}
	told[summary] = true
	for _, u := range r.Undrain {
		log.Info("worker stays after all", "worker", u.Worker, "because", u.Reason.String())
	}
	for _, s := range r.Drain {
		log.Info("worker is asked to leave", "worker", s.Worker, "because", s.Reason.String())
	}
	for _, s := range r.Remove {
		log.Info("worker is removed", "worker", s.Worker, "because", s.Reason.String())
	}
	for _, s := range r.Discard {
		log.Info("a server is deleted", "worker", s.Worker, "server", s.Server, "because", s.Reason.String())
	}
	for _, a := range r.Add {
		log.Info("workers are added", "group", a.Group, "count", a.Count, "because", a.Reason.String())
	}
	for _, n := range r.Notes {
		key := record.Matter(n)
		if !l.told[key] {
			log.Info("not done", "about", n.About, "because", n.Reason.String())
		}
		told[key] = true
	}
	l.told = told
}

// summaryOf returns a text that changes only when something happens.
func summaryOf(r record.Record) string {
	return fmt.Sprintf("%d %d %v", r.Waiting, r.Running, r.Workers)
}
