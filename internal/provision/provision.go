package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// Options of a Provisioner.
type Options struct {
	Owner       string // cluster.OwnerTerraform or cluster.OwnerScaler
	Concurrency int    // calls side by side; 0 means DefaultConcurrency
	Log         func(ctx context.Context, msg string, kv ...any)
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

// store is the document of the cluster with that front-end.
func (p *Provisioner) store(frontEnd string) roster.Store {
	return roster.Store{Cloud: p.cloud, FrontEnd: frontEnd, Log: p.opts.Log}
}

// View is a cluster as the cloud shows it.
type View = cluster.View

// Request is a cluster to bring about.
type Request struct {
	Spec         cluster.Spec
	Wait         Wait
	DrainTimeout time.Duration
	CreatedBy    string // fingerprint of the run's place; marks what an interrupted create left
	Create       bool   // no such cluster is known: leftovers of an interrupted create are removed first
	NameFree     bool   // with Create: a CheckName a moment ago found nothing of that name
	Generation   int64  // the last generation known to the caller
	// Known are the nodes as the caller knew them last. One that the cloud does not
	// tell about ends the run before anything is changed; one in StatusNotJoined is
	// made anew if the front-end says now that it has never joined.
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

	// Changed is told of all nodes after each that comes or goes; calls never overlap.
	Changed func(cluster.Nodes)
}

// Replacement says how workers follow a changed spec. The zero value leaves them
// as they are.
type Replacement struct {
	Rolling        bool          // they are made anew, a batch at a time
	MaxUnavailable int           // workers of a batch; 0 means 1
	DrainTimeout   time.Duration // how long a worker may finish its jobs
}

// Result is what Apply brought about.
type Result struct {
	View
	Problems []Problem
	Counts   Counts
}

// Problem is a node that is not as wanted although the cluster works.
type Problem struct {
	Node    string
	Kind    cluster.FaultKind
	Summary string // one line: what is wrong
	Detail  string // the API's or the node's words
	Console string // last lines of its console; may be empty
	Heals   bool   // the next plan shows it, and an apply mends it
	zones   []string
}

// ErrNoFrontEnd says that a cluster has no working front-end.
var ErrNoFrontEnd = errors.New("the cluster has no working front-end")

// Refresh reads a cluster: one list by tag, which carries the document too, and a
// look-up by ID of each known server that the list lacks. A cluster of which no
// server exists has no nodes and is no error.
func (p *Provisioner) Refresh(ctx context.Context, id string, known cluster.Nodes) (View, error) {
	nodes, err := p.list(ctx, id, known)
	if err != nil {
		return View{}, err
	}
	return cluster.ViewOf(nodes)
}

func (p *Provisioner) list(ctx context.Context, id string, known cluster.Nodes) (cluster.Nodes, error) {
	nodes, err := p.cloud.Nodes(ctx, cluster.IDTag(id))
	if err == nil {
		nodes, err = p.complete(ctx, id, nodes, known)
	}
	if err != nil {
		return nil, fmt.Errorf("list the servers of cluster %s: %w", id, err)
	}
	return nodes, nil
}

// Find reads the cluster of that name or ID.
func (p *Provisioner) Find(ctx context.Context, nameOrID string) (View, error) {
	v, err := p.Refresh(ctx, nameOrID, nil)
	if err != nil || len(v.Nodes) > 0 {
		return v, err
	}
	if cluster.CheckClusterName(nameOrID) != nil {
		return v, notFound(nameOrID)
	}
	nodes, err := p.cloud.Nodes(ctx, cluster.NameTag(nameOrID))
	if err != nil {
		return View{}, fmt.Errorf("list the servers of cluster %s: %w", nameOrID, err)
	}
	if len(nodes) == 0 {
		return v, notFound(nameOrID)
	}
	for _, n := range nodes {
		if n.ClusterID != nodes[0].ClusterID {
			return View{}, &cluster.CloudError{
				Kind: cluster.FaultAmbiguous, Op: "find cluster " + nameOrID,
				Message: fmt.Sprintf("clusters %s and %s both have this name; use the ID", nodes[0].ClusterID, n.ClusterID),
			}
		}
	}
	return cluster.ViewOf(nodes)
}

func notFound(nameOrID string) error {
	return &cluster.CloudError{
		Kind: cluster.FaultNotFound, Op: "find cluster " + nameOrID,
		Message: "no server of this project is tagged as part of a cluster of that name or ID",
	}
}

// ExistsError says that a new cluster's name is taken.
type ExistsError struct {
	Name     string
	ID       string
	Finished bool // false: an interrupted create of another place left it
}

func (e *ExistsError) Error() string {
	if e.Finished {
		return fmt.Sprintf("a cluster named %q exists already (ID %s); import it or choose another name", e.Name, e.ID)
	}
	return fmt.Sprintf("servers of an unfinished cluster named %q exist (ID %s), made from another place: "+
		"another run may be under way; if none is, import the cluster and destroy it, or choose another name", e.Name, e.ID)
}

// CheckName refuses the name of a new cluster that a finished cluster has, or
// one that is being made from elsewhere. What an interrupted create of the same
// place left is no hindrance: Apply removes it. free tells that there is none of
// that either.
func (p *Provisioner) CheckName(ctx context.Context, name, createdBy string) (free bool, err error) {
	left, err := p.leftovers(ctx, name, createdBy)
	return err == nil && len(left) == 0, err
}

func (p *Provisioner) leftovers(ctx context.Context, name, createdBy string) (cluster.Nodes, error) {
	nodes, err := p.cloud.Nodes(ctx, cluster.NameTag(name))
	if err != nil {
		return nil, fmt.Errorf("list the servers of clusters named %s: %w", name, err)
	}
	for _, n := range nodes {
		if n.Metadata[cluster.MetaReady] != "" {
			return nil, &ExistsError{Name: name, ID: n.ClusterID, Finished: true}
		}
	}
	for _, n := range nodes {
		if n.Metadata[cluster.MetaCreatedBy] != createdBy {
			return nil, &ExistsError{Name: name, ID: n.ClusterID}
		}
	}
	return nodes, nil
}
