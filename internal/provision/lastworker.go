package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// This file is all that provisioning does otherwise on a cloud without a metadata
// service (coordinator = "last_worker"): the last new worker of a batch takes the
// roster to the front-end, and the front-end reports on its console.

const (
	reportLines = 400 // of a console log's end are searched for the front-end's last report

	// announceTime is how long the front-end takes at most until a roster that it was
	// brought shows on its console: it looks for one, and reports, every 15 s.
	announceTime = 40 * time.Second
)

// ErrGrowsByTerraform means that only Terraform, which has the CA's key, can grow
// the cluster or bring its front-end a change.
var ErrGrowsByTerraform = errors.New("the front-end of a cluster with coordinator = \"last_worker\" learns of a change only from a new worker that Terraform makes")

// consoleReports are reports on the front-end's console.
type consoleReports struct{ cloud Cloud }

func (c consoleReports) read(ctx context.Context, from report.Origin) (heard, error) {
	console, err := c.cloud.ConsoleTail(ctx, from.Server, reportLines)
	if err != nil {
		return heard{}, err
	}
	var h heard
	h.report, h.there = from.OnConsole(console)
	return h, nil
}

func (consoleReports) clear(context.Context, string) error { return nil }
func (consoleReports) canAsk() bool                        { return false }

// lastWorker is the channel on which the last new worker of a batch takes the
// roster to the front-end.
type lastWorker struct {
	r         *run
	newest    int64      // generation of the newest roster that an earlier worker was made to bring
	messenger *messenger // of the last batch; nil where it had none
}

// messenger is the worker that takes a roster to the front-end.
type messenger struct {
	name       string
	ca         *trust.CA         // whose certificate lets it in
	keys       cluster.Report    // of the front-end, where the document does not have them yet
	generation int64             // of what it takes
	document   *cluster.Document // nil until the others are there: it is made after them
}

func (l *lastWorker) send(ctx context.Context, adds []string) (batch.Messenger, error) {
	l.messenger = nil
	if l.r.plan.FrontEnd || len(adds) == 0 {
		return nil, nil //nolint:nilnil // it needs none
	}
	last, err := l.heard(ctx)
	if err != nil {
		return nil, fmt.Errorf("add workers: %w", err)
	}
	trusts := l.r.doc
	trusts.CA = cmp.Or(last.CA, trusts.CA)
	ca := signer(trusts, l.r.req.keys())
	if ca == nil {
		return nil, fmt.Errorf("add workers: %w", ErrCAKey)
	}
	keys := last
	if l.r.doc.FrontEnd.CoordinatorKey != "" {
		keys = cluster.Report{} // known: what a console says later is no better
	}
	roster.TakeKeys(&l.r.doc, l.r.inv.frontEnd, keys)
	if l.r.doc.FrontEnd.HostKey == "" || l.r.doc.FrontEnd.CoordinatorKey == "" {
		return nil, fmt.Errorf("add workers: %w: %s has not reported its keys on its console", ErrNoFrontEnd, l.r.doc.FrontEnd.Name)
	}
	l.messenger = &messenger{
		name: adds[len(adds)-1], ca: ca, keys: keys,
		generation: max(l.r.doc.Generation, last.Generation, l.newest) + 1,
	}
	return l.messenger, nil
}

// heard returns the front-end's last report. A run that was cut short may have sent
// a roster, and a CA with it, of which the document says nothing: where one was
// sent, the front-end gets the time to announce it.
func (l *lastWorker) heard(ctx context.Context) (cluster.Report, error) {
	if l.newest > l.r.doc.Generation {
		if err := wait.Sleep(ctx, announceTime); err != nil {
			return cluster.Report{}, err
		}
	}
	return l.lastReport(ctx)
}

func (l *lastWorker) lastReport(ctx context.Context) (cluster.Report, error) {
	h, err := consoleReports{l.r.p.cloud}.read(ctx, report.Of(l.r.doc, l.r.inv.frontEnd.ID))
	if err != nil {
		return cluster.Report{}, fmt.Errorf("read the report of %s: %w", l.r.inv.frontEnd.Name, err)
	}
	return h.report, nil
}

// launch makes the messenger, born with the roster as it is to be; it fills in its
// own address itself. The others have to be built by then: one that is built once
// more has another address.
func (l *lastWorker) launch(ctx context.Context) error {
	m, b := l.messenger, l.r.inv.batch
	if m == nil {
		return nil
	}
	if err := l.r.inv.waitBatch(ctx, beActive, 2); err != nil {
		return err
	}
	if err := l.awaitGone(ctx); err != nil {
		return err
	}
	d := l.r.doc.Clone()
	if _, err := (distribution{r: l.r, before: l.r.doc}).revise(&d); err != nil {
		return err
	}
	b.Sign(&d)
	roster.Forget(&d, func(e cluster.Member) bool { return e.Name == m.name })
	d.Workers = append(d.Workers, cluster.Member{Name: m.name, Batch: b.ID})
	d.Generation = m.generation
	m.document = &d
	l.r.p.opts.Log(ctx, "creating the worker that takes the roster to the front-end", "node", m.name, "generation", d.Generation)
	if err := b.Launch(ctx); err != nil {
		return err
	}
	l.r.inv.changed()
	return l.r.inv.waitBatch(ctx, anAddress, 2)
}

// awaitGone waits, for half of the time left, until the servers are gone that are being
// deleted: a roster that was carried can't be changed before the next one.
func (l *lastWorker) awaitGone(ctx context.Context) error {
	bounded, cancel := wait.Share(ctx, 2)
	defer cancel()
	if err := l.r.inv.awaitGone(bounded, every); err != nil {
		l.r.p.opts.Log(ctx, "the roster names servers that are still there", "error", err.Error())
	}
	return context.Cause(ctx)
}

// arrive waits for at most half of the time left. Without the front-end's word
// nothing may be written: no later run would announce a worker that stands in
// the document to the front-end.
func (l *lastWorker) arrive(ctx context.Context) error {
	if l.delivery() != carried || l.r.req.Wait != WaitJoined {
		return nil
	}
	waiting, cancel := wait.Share(ctx, 2)
	defer cancel()
	for pace := wait.NewPoll(3*time.Second, 10*time.Second); pace.Wait(waiting) == nil; {
		last, err := l.lastReport(waiting)
		if err == nil && last.Generation >= l.messenger.generation {
			return nil
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sent, _ := l.r.inv.batch.Nodes().ByName(l.messenger.name)
	l.r.inv.batch.GiveUp(l.messenger.name, cluster.Problem{
		Kind: cluster.FaultOther, Summary: "has not brought the roster to the front-end within the time given",
		Detail:  fmt.Sprintf("%s has not reported generation %d; the next apply that makes a worker enrols the new ones or makes them anew", l.r.inv.frontEnd.Name, l.messenger.generation),
		Console: l.r.p.maker().Console(ctx, sent.ID),
	})
	return nil
}

func (l *lastWorker) keys(ctx context.Context) cluster.Report {
	if l.messenger != nil {
		return l.messenger.keys
	}
	return l.r.p.reporter().keys(ctx, l.r.doc, l.r.inv.frontEnd)
}

// generation is the one that the messenger has in hand, where there is one.
func (l *lastWorker) generation(d cluster.Document) int64 {
	if l.delivery() == carried {
		return l.messenger.generation
	}
	return d.Generation + 1
}

// check refuses a document that another writer has changed: the messenger carries
// what was computed from the one before.
func (l *lastWorker) check(before, d cluster.Document) error {
	if l.messenger != nil && l.messenger.document != nil && d.Generation != before.Generation {
		return cluster.ErrDocumentConflict
	}
	return nil
}

func (l *lastWorker) delivery() delivery {
	switch {
	case l.messenger == nil:
		return none
	case l.messenger.document == nil:
		return carried
	}
	if n, there := l.r.inv.batch.Nodes().ByName(l.messenger.name); !there || n.Address == "" {
		return missed
	}
	return carried
}

func (l *lastWorker) reportUnreached(before, after cluster.Document) {
	if l.delivery() == missed {
		l.reportStranded()
	}
	told := l.reportUntold(before, after)
	if told && l.delivery() == none && roster.Reconfigures(before, after) {
		l.r.tally.problems = append(l.r.tally.problems, cluster.Problem{
			Node: l.r.inv.frontEnd.Name, Kind: cluster.FaultOther,
			Summary: "does not know the batch system's new configuration yet",
			Detail:  "on a cloud without a metadata service it learns of a change of batch_system.config and of the groups with the next worker that is added",
		})
	}
}

// reportStranded adds a problem for each worker that the messenger, which did not
// come up, should have announced.
func (l *lastWorker) reportStranded() {
	for _, n := range l.r.inv.batch.Nodes() {
		if n.Name != l.messenger.name {
			l.r.inv.batch.Problems.Add(cluster.Problem{
				Node: n.Name, Kind: cluster.FaultOther, Heals: true, Summary: "is in no roster",
				Detail: l.messenger.name + ", which was to take the new roster to the front-end, has not got there; the next apply that makes a worker enrols it or makes it anew",
			})
		}
	}
}

const untoldSummary = "does not know yet which workers left"

// reportUntold adds a problem where the front-end does not know yet which workers
// are gone. It reports whether the front-end knows.
func (l *lastWorker) reportUntold(before, after cluster.Document) (told bool) {
	var names []string
	for _, m := range before.Workers {
		if _, there := after.Member(m.Name); !there {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return true
	}
	l.r.tally.problems = append(l.r.tally.problems, cluster.Problem{
		Node: l.r.inv.frontEnd.Name, Kind: cluster.FaultOther,
		Summary: untoldSummary,
		Detail:  fmt.Sprintf("on a cloud without a metadata service it learns of %s with the next worker that is added; until then they stand in hosts files and keys", strings.Join(names, ", ")),
	})
	return false
}

// sentGeneration returns the generation of the newest roster with which a worker was
// made, 0 where none was. A number that is no such generation, seen from the document's,
// does not count: people can change metadata.
func sentGeneration(nodes cluster.Nodes, generation int64) int64 {
	var newest int64
	for _, n := range nodes {
		g, err := strconv.ParseInt(n.Metadata[cluster.MetaSent], 10, 64)
		if err == nil && g-generation <= report.MaxStep {
			newest = max(newest, g)
		}
	}
	return newest
}

var _ batch.Messenger = (*messenger)(nil)

// Waits implements batch.Messenger.
func (m *messenger) Waits(name string) bool { return m.name == name && m.document == nil }

// Bound implements batch.Messenger.
func (m *messenger) Bound(name string) bool { return m.document != nil && m.name != name }

// Brings implements batch.Messenger.
func (m *messenger) Brings(entry cluster.Member) bool {
	return !m.Bound(entry.Name) || slices.Contains(m.document.Workers, entry)
}

// Equip implements batch.Messenger: the messenger gets the roster and a key that lets
// it into the front-end for two hours.
func (m *messenger) Equip(name string, in *cloudinit.WorkerInput, metadata map[string]string) error {
	if m.name != name {
		return nil
	}
	key, err := m.ca.Coordinator(in.ClusterName, time.Now())
	if err != nil {
		return err
	}
	in.Document, in.MessengerKey, in.Certificate = m.document, key.Private, key.Certificate
	metadata[cluster.MetaSent] = strconv.FormatInt(m.generation, 10)
	return nil
}
