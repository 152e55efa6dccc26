package provision

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// channel is the way by which a changed roster reaches an existing front-end during
// one run.
type channel interface {
	// send prepares a batch of new workers: it returns the messenger among them, nil
	// where the roster needs none.
	send(ctx context.Context, adds []string) (batch.Messenger, error)

	// launch makes what send has held back of the batch.
	launch(ctx context.Context) error

	// arrive waits until the front-end has the roster that was sent with the batch.
	arrive(ctx context.Context) error

	// keys returns the front-end's report where the document lacks its keys.
	keys(ctx context.Context) cluster.Report

	// generation returns the generation of a document that replaces d.
	generation(d cluster.Document) int64

	// check returns an error where another writer's document, d, can't be replaced by
	// the one that this run has prepared from before.
	check(before, d cluster.Document) error

	// delivery says how a changed document reaches the front-end now.
	delivery() delivery

	// reportUnreached adds the problems of a document that does not reach the
	// front-end.
	reportUnreached(before, after cluster.Document)
}

// delivery is how a changed document reaches the front-end.
type delivery string

const (
	pulled  delivery = "pulled"  // the front-end reads it itself
	carried delivery = "carried" // a new worker takes it there
	missed  delivery = "missed"  // the worker that should have taken it did not come up
	none    delivery = "none"    // nothing takes it there
)

// reaches reports whether the front-end learns of the document.
func (d delivery) reaches() bool { return d == pulled || d == carried }

// newChannel returns the way of a run's roster; nodes are the cluster's servers as
// the run has found them.
func newChannel(r *run, nodes cluster.Nodes) channel {
	if r.doc.WithoutMetadataService() {
		return &lastWorker{r: r, newest: sentGeneration(nodes, r.doc.Generation)}
	}
	return frontEndPulls{r}
}

// frontEndPulls is the channel of a front-end that reads the document in its own
// metadata: whatever is written there reaches it.
type frontEndPulls struct{ r *run }

func (frontEndPulls) send(context.Context, []string) (batch.Messenger, error) { return nil, nil } //nolint:nilnil // it needs none
func (frontEndPulls) launch(context.Context) error                            { return nil }
func (frontEndPulls) arrive(context.Context) error                            { return nil }
func (c frontEndPulls) keys(ctx context.Context) cluster.Report {
	return c.r.p.reporter().keys(ctx, c.r.doc, c.r.inv.frontEnd)
}
func (frontEndPulls) generation(d cluster.Document) int64   { return d.Generation + 1 }
func (frontEndPulls) check(_, _ cluster.Document) error     { return nil }
func (frontEndPulls) delivery() delivery                    { return pulled }
func (frontEndPulls) reportUnreached(_, _ cluster.Document) {}
