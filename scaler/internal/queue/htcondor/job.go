package htcondor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// heldAttribute has the reason why a job is held.
const heldAttribute = "HoldReason"

const statusHeld = 5

// Find implements queue.Finder. An ID is "6.0", or "6" for the first job of that
// cluster of jobs.
func (r *Reader) Find(ctx context.Context, id string) (queue.Job, error) {
	constraint, err := selecting(id)
	if err != nil {
		return queue.Job{}, err
	}
	schedds, err := r.schedds(ctx)
	if err != nil {
		return queue.Job{}, err
	}
	var failed []error
	for _, schedd := range schedds {
		job, found, err := r.find(ctx, schedd, constraint)
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("look for the job on %s: %w", schedd, err))
		case found:
			return job, nil
		}
	}
	if len(failed) > 0 {
		return queue.Job{}, errors.Join(failed...)
	}
	return queue.Job{}, queue.ErrNoJob
}

// find looks for a job in the queue of one schedd: first for its ID (of several jobs
// the first one's), then for all of its ad, because the attributes that its
// expressions name are not known before.
func (r *Reader) find(ctx context.Context, schedd, constraint string) (queue.Job, bool, error) {
	id := ""
	err := r.jobs(ctx, schedd, constraint, func(_ *adTemplate, d *delta) error {
		if id == "" {
			id = d.first()
		}
		return nil
	}, "-attributes", "ClusterId,ProcId")
	if err != nil || id == "" {
		return queue.Job{}, false, err
	}
	if constraint, err = selecting(id); err != nil {
		return queue.Job{}, false, err
	}
	list := newJobList(time.Now(), 0)
	list.schedd = schedd
	var job queue.Job
	err = r.jobs(ctx, schedd, constraint, func(t *adTemplate, d *delta) error {
		job = named(t.with(d))
		d.jobCount, d.jobIDs = nil, nil // of all attributes these can be the user's own
		return list.add(t, d)
	})
	if err != nil || job.ID == "" {
		return queue.Job{}, false, err
	}
	var s queue.Snapshot
	list.fill(&s, anywhere)
	switch {
	case len(s.Jobs) > 0:
		job.Kind = s.Jobs[0]
	case len(s.Skipped) > 0:
		job.Why = s.Skipped[0].Why
	}
	return job, true, nil
}

// jobs lists single jobs of a schedd.
func (r *Reader) jobs(ctx context.Context, schedd, constraint string, each func(t *adTemplate, d *delta) error, more ...string) error {
	args := append(append([]string{"-allusers", "-json"}, more...), "-constraint", constraint)
	var unread error
	err := r.queue(ctx, schedd, func(out io.Reader) error {
		return decodeTemplates(out, each, func(_, why string) { unread = errors.New("read the job's ad: " + why) })
	}, args...)
	return errors.Join(err, unread)
}

// anywhere is the node of a host where nothing is known of the pool.
func anywhere(host string) (node string, counts bool) { return nodeName(machineOf(host)), true }

func named(a ad) queue.Job {
	job := queue.Job{ID: fmt.Sprintf("%d.%d", a.integer("ClusterId"), a.integer("ProcId")), State: queue.JobOther}
	host := a.text("RemoteHost")
	switch status := a.integer("JobStatus"); {
	case status == statusIdle:
		job.State = queue.JobWaits
	case status == statusHeld:
		job.State, job.Why = queue.JobHeld, a.text(heldAttribute)
	case host != "":
		job.State, job.Node = queue.JobRuns, nodeName(machineOf(host))
	}
	return job
}

// selecting returns the constraint that selects the job with an ID.
func selecting(id string) (string, error) {
	cluster, proc, one := strings.Cut(id, ".")
	if _, err := strconv.ParseUint(cluster, 10, 32); err != nil {
		return "", fmt.Errorf("%q is not a job's number, such as 6.0", id)
	}
	if !one {
		return "ClusterId == " + cluster, nil
	}
	if _, err := strconv.ParseUint(proc, 10, 32); err != nil {
		return "", fmt.Errorf("%q is not a job's number, such as 6.0", id)
	}
	return "ClusterId == " + cluster + " && ProcId == " + proc, nil
}
