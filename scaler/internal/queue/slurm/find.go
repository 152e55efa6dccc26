package slurm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/hostlist"
)

var jobID = regexp.MustCompile(`^[0-9]{1,10}([_+][0-9]{1,10})?$`)

// Find implements queue.Finder. An ID is "6", "6_1" for a task of an array, or "6+1" for a
// part of a heterogeneous job.
func (r *Reader) Find(ctx context.Context, id string) (queue.Job, error) {
	if !jobID.MatchString(id) {
		return queue.Job{}, fmt.Errorf("%q is not a job's number, such as 6 or 6_1", id)
	}
	c, _, err := r.terms(ctx, time.Now().UTC(), func(string, string) {})
	if err != nil {
		return queue.Job{}, err
	}
	whole, _, _ := strings.Cut(id, "+")
	excluded, err := r.excluded(ctx, "-j", whole)
	if err != nil {
		return queue.Job{}, found(err)
	}
	jobs := newJobList(c, excluded)
	var job queue.Job
	jobs.watch = func(r record) {
		if part := strings.Contains(id, "+"); job.ID == "" && (!part || r.id() == id) {
			job = jobs.named(r)
		}
	}
	if err := r.squeue(ctx, jobs, "-j", whole); err != nil {
		return queue.Job{}, found(err)
	}
	if job.ID == "" {
		return queue.Job{}, queue.ErrNoJob
	}
	job.ID = id // the record of an array names another task
	var s queue.Snapshot
	jobs.fill(&s)
	switch {
	case job.State != queue.JobWaits:
	case len(s.Jobs) > 0:
		job.Kind = s.Jobs[0]
	case len(s.Skipped) > 0:
		job.Why = s.Skipped[0].Why
	}
	return job, nil
}

// named returns the job of a record, without its kind.
func (l *jobList) named(r record) queue.Job {
	job := queue.Job{ID: r.id(), State: queue.JobOther}
	switch {
	case r.runs():
		job.State = queue.JobRuns
		if nodes, err := hostlist.Expand(r.text(fieldNodes), mostHosts); err == nil && len(nodes) > 0 {
			job.Node = strings.ToLower(nodes[0])
		}
	case r.waits():
		job.State = queue.JobWaits
		if k := l.kind(r); k.held {
			if job.State, job.Why = queue.JobHeld, k.why; k.why == badConstraints {
				job.Why += ": scontrol release " + job.ID
			}
		}
	}
	return job
}

// found returns ErrNoJob for the words by which squeue says that there is no such job.
func found(err error) error {
	var failed *command.Error
	if errors.As(err, &failed) && strings.Contains(failed.Stderr, "Invalid job id specified") {
		return queue.ErrNoJob
	}
	return err
}
