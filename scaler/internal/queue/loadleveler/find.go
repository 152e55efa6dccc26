package loadleveler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// jobID matches the ID of a step, or that of a job, as llsubmit prints it.
var jobID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.[0-9]{1,10}$`)

// Find implements queue.Finder. An ID is "front.12.0"; "front.12" is the first step of that
// job.
func (r *Reader) Find(ctx context.Context, id string) (queue.Job, error) {
	if !jobID.MatchString(id) {
		return queue.Job{}, fmt.Errorf("%q is not a step's ID, such as front.12.0", id)
	}
	wanted, isStep := idOf(id)
	first, _ := idOf(id + ".0")
	classes, err := r.classes(ctx, func(string, string) {})
	if err != nil {
		return queue.Job{}, fmt.Errorf("read the classes: %w", err)
	}
	jobs := newJobList(time.Now().UTC(), classes)
	var found *step
	err = r.run(ctx, "llq", []string{"-l", id}, func(in io.Reader) error {
		_, err := steps(in, func(s *step) {
			if found == nil && (isStep && s.id.key == wanted.key || !isStep && isOfJob(s.id, first)) {
				found = s
			}
		})
		return err
	})
	switch {
	case isGone(err), err == nil && found == nil:
		return queue.Job{}, queue.ErrNoJob
	case err != nil:
		return queue.Job{}, err
	case !found.isWhole():
		return queue.Job{}, fmt.Errorf("what llq -l prints of step %s is not whole", found.id.text)
	}
	return jobs.named(found), nil
}

// isOfJob reports whether a step is of the same job as another.
func isOfJob(id, other stepID) bool {
	return job(id) == job(other)
}

func job(id stepID) string { return id.key[:strings.LastIndexByte(id.key, '.')+1] }

// isGone reports whether llq fails because there is no such step: by its sentence, or
// without a word and with an exit status of its own (recorded by xsub on an SR16000).
func isGone(err error) bool {
	var failed *command.Error
	return errors.As(err, &failed) && (strings.Contains(failed.Stderr, nothing) || failed.Stderr == "" && strings.Contains(failed.Err.Error(), "exit status 153"))
}

// named returns the job of a step.
func (l *jobList) named(s *step) queue.Job {
	job := queue.Job{ID: s.id.text, State: queue.JobOther}
	state := states[abbreviations[s.values[labelStatus]]]
	switch state.means {
	case busy:
		job.State = queue.JobRuns
		if hosts := s.hosts(); len(hosts) > 0 {
			job.Node = hosts[0]
		}
	case rests:
		job.State, job.Why = queue.JobWaits, state.why
	case held:
		job.State, job.Why = queue.JobHeld, state.why
	case waits:
		job.State = queue.JobWaits
		l.waits(s, s.values[labelClass])
		if len(l.jobs) > 0 {
			job.Kind = l.jobs[0]
		}
		for why := range l.skipped {
			job.Why = why
		}
	}
	return job
}
