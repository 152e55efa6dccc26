package loop

import (
	"context"
	"errors"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// readTimeout bounds a round's reading.
const readTimeout = 2 * time.Minute

// ReadError is the error of a round in which nothing was decided, because a source
// could not be read.
type ReadError struct {
	What record.Source
	Err  error
}

func (e *ReadError) Error() string {
	return "nothing is done in this round: read the " + string(e.What) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// unread returns the source that could not be read.
func unread(err error) record.Source {
	var e *ReadError
	if errors.As(err, &e) {
		return e.What
	}
	return ""
}

// read reads the cluster, then the queue: a job that begins between the two readings
// shows on its worker.
func (r *round) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	f := decide.Facts{Flavors: map[string]queue.Shape{}, Sizes: map[string]decide.Size{}}
	var err error
	done := r.times.enter(record.PartCluster)
	f.Cluster, err = r.Cluster.Read(ctx)
	done()
	if err != nil {
		return &ReadError{What: record.SourceCluster, Err: err}
	}
	r.askReport(ctx, f.Cluster)
	done = r.times.enter(record.PartQueue)
	f.Queue, err = readQueue(ctx, r.Queue, f.Cluster.Document.BatchSystem)
	done()
	if err != nil {
		return &ReadError{What: record.SourceQueue, Err: err}
	}
	defer r.times.enter(record.PartProject)()
	ours := r.policy.For(f.Cluster.Document.Groups).Groups
	for group, spec := range f.Cluster.Document.Groups {
		if _, managed := ours[group]; managed {
			r.size(ctx, group, spec.Flavor, &f)
		}
	}
	f.Room = r.room(ctx)
	r.addReport(&f.Cluster)
	r.facts = f
	return nil
}

// readQueue reads the queue of the batch system that a cluster runs, by the reader that
// the configured one chooses for it.
func readQueue(ctx context.Context, configured queue.Reader, system cluster.BatchSystem) (queue.Snapshot, error) {
	chosen, err := queue.For(configured, string(system))
	if err != nil {
		return queue.Snapshot{}, err
	}
	return chosen.Read(ctx)
}

// size notes what a worker of a group costs and will offer, by its flavor. Where that
// fails, the group waits for a worker in the pool, and the decision says so.
func (r *round) size(ctx context.Context, group, flavor string, f *decide.Facts) {
	if r.Project == nil {
		return
	}
	size, err := r.Project.Size(ctx, flavor)
	if err != nil {
		r.Log.Warn("the size of a group's flavor is not known", "group", group, "flavor", flavor, "error", err)
		return
	}
	f.Sizes[group], f.Flavors[group] = size, actuate.ShapeOfFlavor(size.Cores, size.RAMMiB)
}

// room returns what the quota leaves. Where it cannot be read, the cloud refuses what
// is too much.
func (r *round) room(ctx context.Context) decide.Room {
	if r.Project == nil {
		return decide.Room{}
	}
	room, err := r.Project.Room(ctx)
	switch {
	case err != nil && r.state.warned.begin(quotaUnread, ""):
		r.Log.Warn("the quota can not be read; until it can, the cloud refuses what exceeds it", "error", err)
	case err == nil && r.state.warned.end(quotaUnread):
		r.Log.Info("the quota can be read again")
	}
	if err != nil {
		return decide.Room{}
	}
	return room
}
