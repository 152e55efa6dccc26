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

// Job is one job, for people.
type Job struct {
	ID    string
	State string
	Why   string   // it does not count, or is held
	Node  string   // that it runs on
	Kind  JobGroup // what it asks for; of a job that waits and counts
}

// ErrNoJob says that no queue holds a job of that number.
var ErrNoJob = errors.New("no queue holds that job: it has ended, or never was")

// Finder finds a single job. Reader never reads them one by one.
type Finder interface {
	Find(ctx context.Context, id string) (Job, error)
}
