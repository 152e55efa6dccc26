package provision

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// DefaultConcurrency is how many create or delete calls run side by side.
const DefaultConcurrency = 16

// Wait says when a change counts as done.
type Wait string

// What Apply waits for.
const (
	WaitJoined Wait = "joined" // the front-end reports every worker joined
	WaitActive Wait = "active" // every server is ACTIVE in Nova
)

// ErrNoFrontEnd means that a cluster has no working front-end.
var ErrNoFrontEnd = errors.New("the cluster has no working front-end")

// logFunc writes a line of the log, with pairs of a name and a value.
type logFunc = func(ctx context.Context, msg string, kv ...any)

// Options of a Provisioner.
type Options struct {
	Owner       string // cluster.OwnerTerraform or cluster.OwnerScaler
	Concurrency int    // calls side by side; 0 means DefaultConcurrency
	Log         logFunc
	KeepReport  bool // Read only looks: the front-end's report stays where it is
}

// Provisioner changes clusters on one cloud. It holds no state of its own.
type Provisioner struct {
	cloud Cloud
	opts  Options
}

// New returns a Provisioner that acts through cloud.
func New(cloud Cloud, o Options) *Provisioner {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.Log == nil {
		o.Log = func(context.Context, string, ...any) {}
	}
	if o.Owner == "" {
		o.Owner = cluster.OwnerTerraform
	}
	return &Provisioner{cloud: cloud, opts: o}
}

// maker makes servers for the owner.
func (p *Provisioner) maker() batch.Maker {
	return batch.Maker{Cloud: p.cloud, Owner: p.opts.Owner, Log: p.opts.Log}
}

// store keeps the document of the cluster with that front-end.
func (p *Provisioner) store(frontEnd string) roster.Store {
	return roster.Store{Cloud: p.cloud, FrontEnd: frontEnd, Log: p.opts.Log}
}

// Request is a cluster to bring about.
type Request struct {
	Spec         cluster.Spec
	Wait         Wait
	DrainTimeout time.Duration
	CreatedBy    string // fingerprint of the run's place; marks what an interrupted create left
	Abandoned    string // with Create: ID of an unfinished cluster of this name from another place, whose run is known to be over
	Create       bool   // no such cluster is known: leftovers of an interrupted create are removed first
	NameFree     bool   // with Create: a CheckName a moment ago found nothing of that name
	Generation   int64  // the last generation known to the caller
	// Known are the nodes as the caller knew them last. If the cloud says nothing about
	// one of them, the run ends before anything is changed. One in StatusNotJoined is
	// made anew if the front-end now says that it has never joined.
	Known cluster.Nodes
	// Planned names all nodes that a plan promised for afterwards; workers that it
	// has not seen are left alone. nil: there was no plan, and Spec alone counts.
	Planned []string
	// Replacement says how present workers follow a changed spec. Of these, Roll
	// names the ones that a plan has shown as made anew; nil: there was no plan.
	Replacement Replacement
	Roll        []string

	// CA is what the nodes are to trust when the run is through; nil leaves it at
	// what they trust. Keys are further CA keys that the caller has: a front-end
	// that is made anew gets into workers that stay by the one they trust.
	CA              *trust.CA
	Keys            []*trust.CA
	Last            cluster.Document // as last seen by the caller; counts where the front-end is gone
	ReplaceFrontEnd bool             // a front-end that was made of something else is made anew
	KeepWorkers     bool             // no worker may be made anew for want of a CA key

	// Changed is called with all nodes after each that comes or goes; calls never
	// overlap.
	Changed func(cluster.Nodes)
}

// ref names the cluster, with what counts as left over from making it.
func (req Request) ref() cluster.Ref {
	return cluster.Ref{ID: req.Spec.ID, Name: req.Spec.Name, CreatedBy: req.CreatedBy, Abandoned: req.Abandoned}
}

// mayRoll limits a rolling replacement to what the plan has shown; nil is no limit.
func (req Request) mayRoll() func(string) bool {
	if req.Planned == nil {
		return nil
	}
	return func(name string) bool { return slices.Contains(req.Roll, name) }
}

// keys are all CA keys of the request.
func (req Request) keys() []*trust.CA { return append([]*trust.CA{req.CA}, req.Keys...) }

// Replacement says how workers follow a changed spec. The zero value leaves them
// as they are.
type Replacement struct {
	Rolling        bool          // they are made anew, a batch at a time
	MaxUnavailable int           // workers of a batch; 0 means 1
	DrainTimeout   time.Duration // how long a worker may finish its jobs
}

// Result is what Apply brought about.
type Result struct {
	cluster.View
	Problems []cluster.Problem
	Counts   Counts
}
