package slurm

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Read implements queue.Reader. The jobs come before the nodes: a job that has started in
// between waits in the snapshot, and its node is busy.
func (r *Reader) Read(ctx context.Context) (queue.Snapshot, error) {
	s := queue.Snapshot{Traits: Traits(), JobsAt: time.Now().UTC()}
	left := leaver("an entry of scontrol", &s.LeftOut)
	c, since, err := r.terms(ctx, s.JobsAt, left)
	if err != nil {
		return queue.Snapshot{}, err
	}
	if s.PoolSince = earlier(since, s.JobsAt); since.IsZero() {
		s.Partial = append(s.Partial, "slurmctld does not say since when it runs")
	}
	excluded, err := r.excluded(ctx)
	if err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the nodes that jobs exclude: %w", err)
	}
	jobs := newJobList(c, excluded)
	if err := r.squeue(ctx, jobs); err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the queue: %w", err)
	}
	jobs.fill(&s)
	s.WorkersAt = time.Now().UTC()
	s.Workers, err = r.nodes(ctx, s.WorkersAt, jobs, left)
	if err != nil {
		return queue.Snapshot{}, fmt.Errorf("read the nodes: %w", err)
	}
	if why := jobs.contradiction(s); why != "" {
		s.Partial = append(s.Partial, why)
	}
	return s, nil
}

// terms reads what jobs are held against, and since when slurmctld runs.
func (r *Reader) terms(ctx context.Context, now time.Time, left leave) (terms, time.Time, error) {
	s, err := r.config(ctx)
	if err != nil {
		return terms{}, time.Time{}, fmt.Errorf("read slurmctld's configuration: %w", err)
	}
	c := terms{now: now, memory: s.memory, private: s.private}
	if c.partitions, err = r.partitions(ctx, s, left); err != nil {
		return terms{}, time.Time{}, fmt.Errorf("read the partitions: %w", err)
	}
	if c.reservations, err = r.reservations(ctx, left); err != nil {
		return terms{}, time.Time{}, fmt.Errorf("read the reservations: %w", err)
	}
	return c, s.since, nil
}

// squeueArgs are those of each call: no header, all partitions, and no units that round.
// Squeue lists jobs that have not ended.
var squeueArgs = []string{"-h", "-a", "--noconvert"}

// squeue reads the jobs; with an ID, those of that job.
func (r *Reader) squeue(ctx context.Context, into *jobList, which ...string) error {
	mark := r.mark()
	args := append(append(squeueArgs[:len(squeueArgs):len(squeueArgs)], which...), "-O", format(jobFields[:], mark))
	return r.run(ctx, "squeue", args, func(in io.Reader) error {
		return records(in, mark, int(fieldCount), into.add, into.left)
	})
}

// excluded reads which nodes waiting jobs exclude. Option -O has no field for them.
func (r *Reader) excluded(ctx context.Context, which ...string) (exclusions, error) {
	mark, out := r.mark(), exclusions{lists: map[string]string{}, listed: map[string]bool{}}
	args := append(append(squeueArgs[:len(squeueArgs):len(squeueArgs)], which...), "-t", "PENDING", "-o", "%A"+separator+"%x"+separator+mark)
	err := r.run(ctx, "squeue", args, func(in io.Reader) error {
		return records(in, mark, 2, func(f [][]byte) { out.add(string(f[0]), f[1]) }, func(string, string) {})
	})
	return out, err
}

// contradiction returns in which respect the queue and the nodes can't both be whole; ""
// if they can. A job that began between the two readings is no contradiction, unless
// no job was listed, or jobs may be hidden.
func (l *jobList) contradiction(s queue.Snapshot) string {
	if l.unlisted > 0 {
		return fmt.Sprintf("squeue did not list what %d jobs exclude, which waited before", l.unlisted)
	}
	if l.listed > 0 && !l.terms.private {
		return ""
	}
	for _, w := range s.Workers {
		if w.Running > s.OnNode[w.Name] {
			return text.Line(fmt.Sprintf("node %s has a job that squeue does not list", w.Name), 200)
		}
	}
	return ""
}
