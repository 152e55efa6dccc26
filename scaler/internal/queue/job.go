package queue

import (
	"context"
	"errors"
)

// States of a job.
const (
	JobWaits = "waiting"
	JobRuns  = "running"
	JobHeld  = "held"
	JobOther = "neither waiting nor running"
)

// Job is one job, as the verb explain shows it.
type Job struct {
	ID    string
	State string
	Why   string   // why it does not count, or why it is held
	Node  string   // the node that it runs on
	Kind  JobGroup // its job group, of a job that waits and counts
}

// ErrNoJob is the error for an ID that no job in a queue has.
var ErrNoJob = errors.New("no queue holds that job: it has ended, or never was")

// Finder finds a single job. A Reader never reads jobs one by one.
type Finder interface {
	// Find returns the job with that ID, or ErrNoJob.
	Find(ctx context.Context, id string) (Job, error)
}
