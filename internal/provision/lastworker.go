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

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

const (
	reportLines = 400 // of a console log's end are looked through for the front-end's last report

	// tellTime is how long the front-end takes at most until what it was brought is
	// on its console: it looks for it, and reports, every 15 s.
	tellTime = 40 * time.Second
)

// ErrGrowsByTerraform says that a cluster can't be grown or told anything without
// its CA's key.
var ErrGrowsByTerraform = errors.New("the front-end of a cluster with coordinator = \"last_worker\" can be told of a change by a new worker of Terraform's only")

func byLastWorker(d cluster.Document) bool { return d.Coordinator == cluster.CoordinatorLastWorker }

// report reads what the front-end has told last: in the metadata service's
// password slot or, on a cloud without one, on its console.
func (p *Provisioner) report(ctx context.Context, d cluster.Document, frontEnd string) (string, error) {
	if !byLastWorker(d) {
		return p.cloud.Report(ctx, frontEnd)
	}
	console, err := p.cloud.ConsoleTail(ctx, frontEnd, reportLines)
	if err != nil {
		return "", err
	}
	return cluster.ConsoleReport(console), nil
}

func (p *Provisioner) clearReport(ctx context.Context, d cluster.Document, frontEnd string) error {
	if byLastWorker(d) {
		return nil
	}
	return p.cloud.ClearReport(ctx, frontEnd)
}

// errand is what the last new worker of a batch is sent with to the front-end.
type errand struct {
	worker     string            // who goes
	ca         *trust.CA         // whose certificate lets it in
	keys       cluster.Report    // of the front-end, where the document does not have them yet
	generation int64             // of what it brings
	document   *cluster.Document // nil until the others are there: it is made after them
}

// send has the last worker of a batch take the roster to the front-end.
func (r *run) send(ctx context.Context, adds []worker) (*errand, error) {
	if !byLastWorker(r.doc) || r.plan.FrontEnd || len(adds) == 0 {
		return nil, nil //nolint:nilnil // nobody is sent
	}
	report, err := r.heard(ctx)
	if err != nil {
		return nil, fmt.Errorf("add workers: %w", err)
	}
	trusts := r.doc
	trusts.CA = cmp.Or(report.CA, trusts.CA)
	ca := signer(trusts, append([]*trust.CA{r.req.CA}, r.req.Keys...))
	if ca == nil {
		return nil, fmt.Errorf("add workers: %w", ErrCAKey)
	}
	keys := report
	if r.doc.FrontEnd.CoordinatorKey != "" {
		keys = cluster.Report{} // known: what a console says later is no better
	}
	roster.TakeKeys(&r.doc, r.frontEnd, keys)
	if r.doc.FrontEnd.HostKey == "" || r.doc.FrontEnd.CoordinatorKey == "" {
		return nil, fmt.Errorf("add workers: %w: %s has not told its keys on its console", ErrNoFrontEnd, r.doc.FrontEnd.Name)
	}
	generation := max(r.doc.Generation, report.Generation, r.sent) + 1
	return &errand{worker: adds[len(adds)-1].name, ca: ca, keys: keys, generation: generation}, nil
}

// heard is the front-end's last report. A run that was cut short may have had a
// roster brought to it, and a CA, of which the document says nothing; where one
// was sent, the front-end gets the time to tell.
func (r *run) heard(ctx context.Context) (cluster.Report, error) {
	if r.sent > r.doc.Generation {
		if err := wait.Sleep(ctx, tellTime); err != nil {
			return cluster.Report{}, err
		}
	}
	return r.lastReport(ctx)
}

func (r *run) lastReport(ctx context.Context) (cluster.Report, error) {
	text, err := r.p.report(ctx, r.doc, r.frontEnd.ID)
	if err != nil {
		return cluster.Report{}, fmt.Errorf("read the report of %s: %w", r.frontEnd.Name, err)
	}
	report, _, err := cluster.ParseReport(text)
	return report, err
}

// waitBrought waits until the front-end has the roster that was sent, for at most
// half of the time left. Without it nothing may be written: of a worker that stands
// in the document no later run would tell the front-end.
func (r *run) waitBrought(ctx context.Context) error {
	if !byLastWorker(r.doc) || !r.tells(r.doc) || r.req.Wait != WaitJoined {
		return nil
	}
	waiting, cancel := wait.Share(ctx, 2)
	defer cancel()
	sent := r.fleet.members[r.fleet.errand.worker]
	for pace := wait.NewPoll(3*time.Second, 10*time.Second); pace.Wait(waiting) == nil; {
		report, err := r.lastReport(waiting)
		if err == nil && report.Generation >= r.fleet.errand.generation {
			return nil
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.fleet.giveUp(sent, Problem{
		Kind: cluster.FaultOther, Summary: "has not brought the roster to the front-end within the time given",
		Detail:  fmt.Sprintf("%s has not reported generation %d; the next apply makes the new workers anew", r.frontEnd.Name, r.fleet.errand.generation),
		Console: r.p.console(ctx, sent.id),
	})
	return nil
}

// sentGeneration is that of the newest roster with which a worker was sent.
func sentGeneration(nodes cluster.Nodes) int64 {
	var newest int64
	for _, n := range nodes {
		if g, err := strconv.ParseInt(n.Metadata[cluster.MetaSent], 10, 64); err == nil {
			newest = max(newest, g)
		}
	}
	return newest
}

// launchLast makes the worker that goes to the front-end, born with the roster as
// it is to be. It fills in its own address itself. The others have to be through
// with their builds: one that is made once more has another address.
func (r *run) launchLast(ctx context.Context) error {
	e := r.fleet.errand
	if e == nil {
		return nil
	}
	if err := r.waitFleet(ctx, isActive, 2, "is not active"); err != nil {
		return err
	}
	d := r.doc.Clone()
	r.revise(&d, r.doc, cluster.Report{}, r.victims(), false)
	if d.Batches == nil {
		d.Batches = map[string]string{}
	}
	d.Batches[r.fleet.batchID] = r.fleet.batch.Public()
	roster.Forget(&d, func(m cluster.Member) bool { return m.Name == e.worker })
	d.Workers = append(d.Workers, cluster.Member{Name: e.worker, Batch: r.fleet.batchID})
	d.Generation = e.generation
	e.document = &d
	r.p.opts.Log(ctx, "creating the worker that takes the roster to the front-end", "node", e.worker, "generation", d.Generation)
	if err := r.fleet.launch(ctx); err != nil {
		return err
	}
	r.changed()
	return r.waitFleet(ctx, hasAddress, 2, "has no address")
}

// waits tells whether a member is not to be made yet.
func (e *errand) waits(name string) bool { return e != nil && e.worker == name && e.document == nil }

// nextGeneration is that of a document that replaces d: the one that was sent has it
// in hand.
func (r *run) nextGeneration(d cluster.Document) int64 {
	if byLastWorker(d) && r.tells(d) {
		return r.fleet.errand.generation
	}
	return d.Generation + 1
}

// tells tells whether the front-end learns of a changed document: it reads it
// itself, or somebody takes it there.
func (r *run) tells(d cluster.Document) bool {
	return !byLastWorker(d) || r.fleet.errand != nil && !r.fleet.errandFailed()
}

// errandFailed tells that the one who was sent did not come up.
func (f *fleet) errandFailed() bool {
	return f.errand != nil && f.errand.document != nil && (f.members[f.errand.worker].lost || f.members[f.errand.worker].node.Address == "")
}

// sent tells whether the roster is under way, and with that member as it is.
func (e *errand) sent(name string) bool { return e != nil && e.document != nil && e.worker != name }

// brings tells whether a roster that is under way has this entry.
func (e *errand) brings(m cluster.Member) bool {
	return !e.sent(m.Name) || slices.Contains(e.document.Workers, m)
}

// mark is the metadata of the one who is sent.
func (e *errand) mark(name string) map[string]string {
	if e == nil || e.worker != name {
		return nil
	}
	return map[string]string{cluster.MetaSent: strconv.FormatInt(e.generation, 10)}
}

// key is what completes the user data of the one who is sent.
func (e *errand) key(clusterName, name string) (trust.KeyPair, *cluster.Document, error) {
	if e == nil || e.worker != name {
		return trust.KeyPair{}, nil, nil
	}
	key, err := e.ca.Coordinator(clusterName, time.Now())
	return key, e.document, err
}

// strand names those whom the one who did not come up was to tell of.
func (f *fleet) strand() {
	if !f.errandFailed() {
		return
	}
	for _, n := range f.nodes() {
		if n.Name != f.errand.worker {
			f.problems = append(f.problems, Problem{
				Node: n.Name, Kind: cluster.FaultOther, Heals: true, Summary: "is in no roster",
				Detail: f.errand.worker + ", which was to take the new roster to the front-end, has not got there; the next apply makes both anew",
			})
		}
	}
}

const whoLeft = "has not been told who left"

// untold says that the front-end does not know yet who is gone.
func (r *run) untold(before, after cluster.Document) {
	var names []string
	for _, m := range before.Workers {
		if _, there := after.Member(m.Name); !there {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	r.problems = append(r.problems, Problem{
		Node: r.frontEnd.Name, Kind: cluster.FaultOther,
		Summary: whoLeft,
		Detail:  fmt.Sprintf("on a cloud without a metadata service it learns of %s with the next worker that is added; until then they stand in hosts files and keys", strings.Join(names, ", ")),
	})
}
