package provision

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

const (
	buildTries  = 2 // builds of one worker that end in ERROR, where it has fewer zones
	zoneTries   = 4 // the same where it has more, each in another zone
	unseenMost  = 4 // lists without a server until it counts as deleted
	consoleTail = 20
	faultReads  = 3 // a second apart, of a server in ERROR without a fault
)

// fleet is a batch of new workers on their way: created, waited for, made once
// more when Nova fails to build one.
type fleet struct {
	p       *Provisioner
	doc     cluster.Document
	meta    map[string]string // on every server of the batch
	batchID string
	batch   *trust.CA
	begun   time.Time

	mu       sync.Mutex
	members  map[string]*member // by node name
	refused  map[place]*Problem // refusals that the next POST there would meet as well
	errand   *errand            // on a cloud without a metadata service: who goes to the front-end
	taken    []*member          // whose name another writer has put into the roster
	avoid    []string           // zones to leave out where there are others
	problems []Problem
	ended    bool // its servers are counted
}

type member struct {
	worker
	zone        string   // availability zone; "" is the cloud's choice
	serverGroup string   // ID; "" is none
	id          string   // "" while it has no server
	old         []string // servers of earlier tries, being deleted
	zones       []string // of earlier tries
	tries       int
	unseen      int // lists in a row that did not show it
	node        cluster.Node
	lost        bool // given up, see problems
}

// newFleet prepares a batch. The batch CA lives here and nowhere else.
func (p *Provisioner) newFleet(doc cluster.Document, ws []worker, meta map[string]string) (*fleet, error) {
	batch, err := trust.NewCA()
	if err != nil {
		return nil, err
	}
	f := &fleet{
		p: p, doc: doc, meta: meta, batch: batch, begun: time.Now(),
		batchID: strings.ToLower(rand.Text()[:10]),
		members: make(map[string]*member, len(ws)),
		refused: map[place]*Problem{},
	}
	for _, w := range ws {
		f.members[w.name] = &member{worker: w}
	}
	return f, nil
}

// launch creates every member that has no server, at bounded concurrency. What
// fails is a Problem; the error is the context's only.
func (f *fleet) launch(ctx context.Context) error {
	var todo []*member
	for _, m := range f.members {
		if m.id == "" && !m.lost && !f.errand.waits(m.name) {
			todo = append(todo, m)
		}
	}
	slices.SortFunc(todo, func(a, b *member) int { return cluster.CompareNames(a.name, b.name) })
	var g errgroup.Group
	g.SetLimit(f.p.opts.Concurrency)
	for _, m := range todo {
		g.Go(func() error { f.create(ctx, m); return nil })
	}
	_ = g.Wait() // no member returns an error
	return context.Cause(ctx)
}

func (f *fleet) create(ctx context.Context, m *member) {
	for refused := f.refusal(m); refused != nil; refused = f.refusal(m) {
		if !f.elsewhere(m) {
			f.giveUp(m, Problem{Kind: refused.Kind, Summary: "was not created", Detail: refused.Detail})
			return
		}
	}
	req, err := f.request(m)
	if err != nil {
		f.giveUp(m, Problem{Kind: cluster.FaultOther, Summary: "was not created", Detail: err.Error()})
		return
	}
	id, err := f.p.createOne(ctx, req, m.old)
	if err != nil {
		f.refuse(m, err)
		if ofZone(err) && m.zone != "" {
			f.create(ctx, m) // in another zone, or given up for want of one
			return
		}
		f.giveUp(m, Problem{Kind: kindOf(err), Summary: "was not created", Detail: err.Error()})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m.id = id
	m.tries++
	m.node = cluster.Node{ID: id, Name: m.name, ClusterID: f.doc.ID, ClusterName: f.doc.Name,
		Role: cluster.RoleWorker, Group: m.group, Status: cluster.StatusBuild}
}

// giveUp ends a member.
func (f *fleet) giveUp(m *member, problem Problem) {
	f.mu.Lock()
	defer f.mu.Unlock()
	problem.Node, problem.Heals, problem.zones = m.name, true, m.tried()
	m.lost = true
	f.problems = append(f.problems, problem)
}

func (f *fleet) request(m *member) (cluster.NodeRequest, error) {
	key, err := f.batch.HostKey(m.name)
	if err != nil {
		return cluster.NodeRequest{}, err
	}
	spec := f.doc.Groups[m.group].NodeSpec
	errandKey, document, err := f.errand.key(f.doc.Name, m.name)
	if err != nil {
		return cluster.NodeRequest{}, err
	}
	userData, err := cloudinit.Worker(cloudinit.WorkerInput{
		Common:         cloudinit.NewCommon(f.doc, spec),
		Name:           m.name,
		Group:          m.group,
		FrontEndName:   f.doc.FrontEnd.Name,
		CoordinatorKey: f.doc.FrontEnd.CoordinatorKey,
		Document:       document,
		MessengerKey:   errandKey.Private,
		Certificate:    errandKey.Certificate,
		HostKey:        cloudinit.HostKey{Private: key.Private, Public: key.Public, Certificate: key.Certificate},
	})
	if err != nil {
		return cluster.NodeRequest{}, fmt.Errorf("render user data: %w", err)
	}
	req := f.p.nodeRequest(f.doc, spec, m.name, cluster.RoleWorker, m.group, f.marks(f.errand.mark(m.name)), userData)
	req.Zone, req.ServerGroupID = m.zone, m.serverGroup
	return req, nil
}

// marks are the metadata by which the batch's servers are known as such.
func (f *fleet) marks(more map[string]string) map[string]string {
	out := map[string]string{cluster.MetaBatch: f.batchID}
	maps.Copy(out, f.meta)
	maps.Copy(out, more)
	return out
}

// observe takes over what a list shows. A worker in ERROR is read, deleted and,
// while tries are left, made once more under the same name.
func (f *fleet) observe(ctx context.Context, nodes cluster.Nodes) error {
	byID := make(map[string]cluster.Node, len(nodes))
	for _, n := range nodes {
		byID[n.ID] = n
		f.dropTwin(ctx, n)
	}
	again := false
	for _, m := range f.members {
		if m.id == "" || m.lost {
			continue
		}
		n, there := byID[m.id]
		switch {
		case !there:
			// A server just made may be missing from another API worker's list for a
			// moment; one that stays away was deleted by somebody else.
			if m.unseen++; m.unseen >= unseenMost {
				f.giveUp(m, Problem{Kind: cluster.FaultNotFound, Summary: "vanished", Detail: "its server was deleted by somebody else while it was being made"})
			}
		case n.Broken():
			f.failed(ctx, m, n)
			again = again || !m.lost
		default:
			m.node, m.unseen = n, 0
		}
	}
	if !again {
		return nil
	}
	return f.launch(ctx)
}

// dropTwin deletes a second server of the batch with a member's name: what a
// create call made whose answer got lost, and which no list showed before the
// call was repeated. Another writer's server of that name is none of it.
func (f *fleet) dropTwin(ctx context.Context, n cluster.Node) {
	m := f.members[n.Name]
	if m == nil || n.Metadata[cluster.MetaBatch] != f.batchID || m.id == "" || m.id == n.ID || slices.Contains(m.old, n.ID) {
		return
	}
	f.p.opts.Log(ctx, "deleting a second server of one name", "node", n.Name, "server", n.ID)
	if err := f.p.cloud.DeleteNode(ctx, n.ID); err == nil {
		m.old = append(m.old, n.ID)
	}
}

func (f *fleet) failed(ctx context.Context, m *member, n cluster.Node) {
	kind, words := f.p.whyBroken(ctx, n)
	f.p.opts.Log(ctx, "a worker ended in ERROR", "node", m.name, "fault", words, "try", m.tries)
	console := f.p.console(ctx, n.ID)
	m.old = append(m.old, m.id)
	m.id = ""
	m.node = cluster.Node{}
	if err := f.p.cloud.DeleteNode(ctx, n.ID); err != nil {
		words += "; and its server could not be deleted: " + err.Error()
	}
	// More quota or another image is not to be had by trying again; nor a place in a
	// roster that is under way.
	hopeless := kind == cluster.FaultQuota || kind == cluster.FaultImage || f.errand.sent(m.name)
	if hopeless || m.tries >= f.mostTries(m) {
		f.giveUp(m, Problem{Kind: kind, Summary: "ended in ERROR" + times(m.tries), Detail: words + m.triedZones(), Console: console})
		return
	}
	f.nextZone(m)
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" %d times", n)
}

// whyBroken says why Nova put a server into ERROR. Nova writes the status first
// and the fault after it, so a list may show one without the other: then the
// server is read again a few times. One that an operator has put into ERROR has
// no fault.
func (p *Provisioner) whyBroken(ctx context.Context, n cluster.Node) (cluster.FaultKind, string) {
	for read := 0; n.Fault == nil && read < faultReads; read++ {
		if wait.Sleep(ctx, time.Second) != nil {
			break
		}
		if again, err := p.cloud.NodeByID(ctx, n.ID); err == nil {
			n.Fault = again.Fault
		}
	}
	if n.Fault == nil {
		return cluster.FaultOther, "Nova gives no fault"
	}
	return cluster.FaultOfWords(n.Fault.Message), fmt.Sprintf("%s (code %d)", n.Fault.Message, n.Fault.Code)
}

// console returns the end of a server's console log where there is one.
func (p *Provisioner) console(ctx context.Context, id string) string {
	text, err := p.cloud.ConsoleTail(ctx, id, consoleTail)
	if err != nil {
		return ""
	}
	return text
}

// every tells whether all members that are not given up satisfy ok.
func (f *fleet) every(ok func(cluster.Node) bool) bool {
	for _, m := range f.members {
		if !m.lost && !f.errand.waits(m.name) && (m.id == "" || !ok(m.node)) {
			return false
		}
	}
	return true
}

// progress tells how many members satisfy ok, and how many there are to.
func (f *fleet) progress(ok func(cluster.Node) bool) (done, all int) {
	for _, m := range f.members {
		if m.lost || f.errand.waits(m.name) {
			continue
		}
		all++
		if m.id != "" && ok(m.node) {
			done++
		}
	}
	return done, all
}

// nodes returns the members that have a server.
func (f *fleet) nodes() cluster.Nodes {
	var out cluster.Nodes
	for _, m := range f.members {
		if m.id != "" && !m.lost {
			out = append(out, m.node)
		}
	}
	slices.SortFunc(out, func(a, b cluster.Node) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

func hasAddress(n cluster.Node) bool { return n.Address != "" }
func isActive(n cluster.Node) bool   { return n.Status == cluster.StatusActive }
