package loop

import (
	"context"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
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
	Reports  Reports  // nil: what Cluster reads has the front-end's report
}

// Settings are what may change while the loop runs.
type Settings struct {
	Policy   decide.Policy
	Interval time.Duration // between the begins of two rounds
	Queue    queue.Reader
	Closer   Closer // nil: the front-end drains
}

// Cluster reads the cluster as the cloud shows it.
type Cluster interface {
	Read(ctx context.Context) (cluster.View, error)
}

// Actuator changes a cluster. A call sends what is wanted, or notes it if the actuator
// works in the background. It waits for no server.
type Actuator interface {
	// Post asks for new workers, of all groups together. None gets a reserved name. It
	// returns the names that it knows of, with an error too: a cluster.NotMadeError
	// in it names the workers that the cloud refused.
	Post(ctx context.Context, clusterID string, orders []actuate.Order, reserved []string) (actuate.Posted, error)
	// Mark asks workers to leave, or to stay after all.
	Mark(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error
	// Enrol writes the workers of a reading that are ready into the roster and returns
	// their names.
	Enrol(ctx context.Context, v cluster.View) ([]string, error)
	// Remove asks for the deletion of workers' servers and returns the names for which
	// the cloud has accepted it, or may have, with an error too. The roster stays. Of the
	// names, the drained ones stay if they are not marked to leave any more.
	Remove(ctx context.Context, clusterID string, names, drained []string) ([]string, error)
	// Forget takes workers whose servers are gone out of the roster and returns their
	// names.
	Forget(ctx context.Context, clusterID string, names []string) ([]string, error)
}

// discarder is an actuator that can ask for the deletion of one of two servers of a name.
type discarder interface {
	// Discard asks for the deletion of a server. The error is an actuate.PutOffError
	// where the actuator does not do that now.
	Discard(ctx context.Context, clusterID, serverID string) error
}

// Closer changes workers in a batch system where no front-end does. Each call does nothing
// where there is nothing to do. Which of them it takes the Traits of a reading say.
type Closer interface {
	// Drain has a worker get no new job.
	Drain(ctx context.Context, worker string) error
	// Undrain takes back what Drain did, and not what somebody else did.
	Undrain(ctx context.Context, worker string) error
	// Forget has the batch system forget a worker whose server is gone for good.
	Forget(ctx context.Context, worker string) error
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

// Reports reads the front-end's report.
type Reports interface {
	// Report returns the view with the front-end's report. The report is left in its
	// slot for the scaler that acts if keep is set; else it is taken, so that the next
	// one can come.
	Report(ctx context.Context, v cluster.View, keep bool) (cluster.View, error)
}

// Recorder keeps a record of each round.
type Recorder interface {
	Record(record.Record) error
}

// Observer follows the loop. It gets each round's record twice: once the decision
// is made, because its actions take a while, and when the round is over. A round
// that could not read is only over.
type Observer interface {
	Decided(record.Record)
	Finished(record.Record)
}
