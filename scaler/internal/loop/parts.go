package loop

import (
	"context"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Parts are what rounds read and act through.
type Parts struct {
	Cluster  Cluster
	Actuator Actuator
	Project  Project  // nil: the cloud refuses what exceeds the quota, and groups' sizes are known once they have a worker in the pool
	Consoles Consoles // nil: consoles are not read
	Remains  Remains  // nil: what deleted servers left is not looked for
	Lease    Lease    // nil: there is no other scaler
	Memos    Memos    // nil: nothing outlives this scaler
	Reports  Reports  // nil: each reading takes the front-end's report
}

// Settings are what may change while the loop runs.
type Settings struct {
	Policy   decide.Policy
	Interval time.Duration // between the begins of two rounds
	Queue    queue.Reader
}

// Cluster reads the cluster as the cloud shows it.
type Cluster interface {
	Read(ctx context.Context) (cluster.View, error)
}

// Actuator changes a cluster. Each call may take minutes. It returns when the change
// is made or has failed, or, if the actuator works in the background, when it is
// noted.
type Actuator interface {
	// Add makes n workers of a group and returns their names; with an error too,
	// when only some came about.
	Add(ctx context.Context, clusterID, group string, n int) ([]string, error)
	// Mark asks workers to leave, or to stay after all.
	Mark(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error
	// Remove deletes workers and takes them from the roster. Of these, the drained
	// ones stay if they are not marked to leave any more.
	Remove(ctx context.Context, clusterID string, names, drained []string) error
}

// zonal is an actuator that can leave availability zones out. Another one makes
// workers in any zone, and the cloud's refusals come back as before.
type zonal interface {
	AddOutside(ctx context.Context, clusterID, group string, n int, avoid []string) ([]string, error)
}

// discarder is an actuator that can delete one of two servers of a name.
type discarder interface {
	Discard(ctx context.Context, clusterID, serverID string) error
}

// Project is the cloud's project that the cluster is in, with its flavors.
type Project interface {
	// Room returns what the project's quota leaves, others' servers counted.
	Room(ctx context.Context) (decide.Room, error)
	// Size returns what a server of the flavor takes of it. It is called in every
	// round, so an implementation should ask the cloud once a flavor.
	Size(ctx context.Context, flavorID string) (decide.Size, error)
}

// Consoles reads servers' consoles.
type Consoles interface {
	// ConsoleTail returns the last lines of a server's console log.
	ConsoleTail(ctx context.Context, serverID string, lines int) (string, error)
}

// Remains deletes what deleted servers left.
type Remains interface {
	// CollectRemains deletes a deleted server's ports and those of the volumes, and
	// returns what it found.
	CollectRemains(ctx context.Context, serverID string, volumes []string) ([]string, error)
}

// Lease lets one of several scalers of a cluster act.
type Lease interface {
	// Hold finds the holder of the lease, by the view that was just read, and takes it
	// if it is free and take is set.
	Hold(ctx context.Context, v cluster.View, take bool) (record.Standing, error)
	// While returns a context that ends when the lease is lost.
	While(ctx context.Context) (context.Context, context.CancelFunc)
	// Release gives the lease back.
	Release(ctx context.Context) error
}

// Memos keeps lines of text that outlive a scaler, on the front-end's server.
type Memos interface {
	AddMemo(ctx context.Context, serverID, text string) error
	DropMemo(ctx context.Context, serverID, text string) error
}

// Reports is a cluster whose front-end's report can be read in two ways: taken from
// its slot, so that the next one can come, or left there for the scaler that acts.
type Reports interface {
	KeepReports(keep bool)
}

// Recorder keeps a record of each round.
type Recorder interface {
	Record(record.Record) error
}

// Observer follows the loop. It gets each round's record twice: once the decision
// is made, because its actions may take minutes, and when the round is over. A round
// that could not read is only over.
type Observer interface {
	Decided(record.Record)
	Finished(record.Record)
}
