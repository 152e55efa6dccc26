package loadleveler

import (
	"context"
	"fmt"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Read implements queue.Reader. The steps come before the machines: a step that has started
// in between waits in the snapshot, and its machine is busy. No tool says since when the
// central manager runs.
func (r *Reader) Read(ctx context.Context) (queue.Snapshot, error) {
	s := queue.Snapshot{Traits: Traits(), JobsAt: time.Now().UTC()}
	classes, err := r.classes(ctx, leaver("class", &s.LeftOut))
	if err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the classes: %w", err)
	}
	jobs := newJobList(s.JobsAt, classes)
	partial, err := r.jobs(ctx, jobs)
	if err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the queue: %w", err)
	}
	if partial != "" {
		s.Partial = append(s.Partial, partial)
	}
	jobs.fill(&s)
	s.WorkersAt = time.Now().UTC()
	if err := r.workers(ctx, &s, leaver("machine", &s.LeftOut)); err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the machines: %w", err)
	}
	if why := contradiction(s, jobs.listed); why != "" {
		s.Partial = append(s.Partial, why)
	}
	return s, nil
}

// jobs reads the steps, and returns in which respect they are not whole; "" if in none.
// Steps come and go: the list of states is whole if it has as many steps as llq counts
// before or after it.
func (r *Reader) jobs(ctx context.Context, into *jobList) (partial string, err error) {
	before, err := r.count(ctx)
	if err != nil {
		return "", err
	}
	n, err := r.rows(ctx, into.row, into.left)
	into.listed = n
	if err != nil {
		return "", err
	}
	if n < before.all {
		after, err := r.count(ctx)
		if err != nil {
			return "", err
		}
		if n < after.all {
			partial = fmt.Sprintf("llq -r lists %d steps, and llq counts %d", n, min(before.all, after.all))
		}
	}
	d := detailed{r: r, each: into.step, left: into.left}
	if err := d.read(ctx, into.asked); err != nil {
		return "", err
	}
	if partial == "" {
		partial = d.partial
	}
	return partial, nil
}

// contradiction returns in which respect the queue and the machines can't both be whole; ""
// if they can. A step that began between the two readings is no contradiction, unless no
// step was listed.
func contradiction(s queue.Snapshot, listed int) string {
	if listed > 0 {
		return ""
	}
	for _, w := range s.Workers {
		if w.Running > 0 {
			return text.Line(fmt.Sprintf("machine %s has a step, and llq lists none", w.Name), 200)
		}
	}
	return ""
}
