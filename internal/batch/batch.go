package batch

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// Batch is a set of new workers on their way: created, waited for, and built once
// more where Nova fails to build one. Its methods are called from one goroutine;
// Launch makes servers side by side.
type Batch struct {
	ID        string    // on every server of the batch, see cluster.MetaBatch
	Begun     time.Time // when the batch was prepared
	Messenger Messenger
	Problems  Problems // of its workers

	maker       Maker
	concurrency int
	doc         cluster.Document
	meta        map[string]string // on every server of the batch
	ca          *trust.CA
	placement   *placement
	members     members   // by node name
	awaitsRoom  bool      // servers are being deleted, see Waiting.ForRoom
	taken       []*member // whose name another writer has put into the roster
}

// New prepares a batch of the named workers, by the templates of the document. meta
// stands in the metadata of every server of the batch. concurrency is the number of
// create calls side by side.
func New(maker Maker, concurrency int, doc cluster.Document, names []string, meta map[string]string) (*Batch, error) {
	ca, err := trust.NewCA()
	if err != nil {
		return nil, err
	}
	b := &Batch{
		ID: cluster.BatchID(ca.Public()), Begun: time.Now(), Messenger: noMessenger{},
		maker: maker, concurrency: concurrency, doc: doc, meta: meta, ca: ca,
		placement: newPlacement(doc.Groups), members: make(members, len(names)),
	}
	for _, name := range names {
		group := doc.GroupOf(name)
		if group == "" {
			return nil, fmt.Errorf("make worker %s: the cluster has no group of that name", name)
		}
		b.members[name] = &member{name: name, group: group}
	}
	return b, nil
}

// Adopt takes workers into the batch that another run has made and not enrolled. They are
// waited for and enrolled like the batch's own; one that ends in ERROR is built once more.
func (b *Batch) Adopt(workers cluster.Nodes) {
	for _, n := range workers {
		m := &member{name: n.Name, group: n.Group, id: n.ID, tries: 1, node: n, batch: n.Batch, ca: n.BatchCA}
		if slices.Contains(b.doc.Groups[n.Group].Zones, n.Zone) {
			m.zone = n.Zone
		}
		b.members[n.Name] = m
		b.placement.members[place{m.group, m.zone}]++
	}
}

// Spread gives the workers their availability zones beside those that stay. Zones
// in avoid, by group, are left out where the group has others.
func (b *Batch) Spread(stay cluster.Nodes, avoid map[string][]string) {
	b.placement.spread(b.members, stay, avoid)
}

// Size returns the number of workers of the batch, those given up included.
func (b *Batch) Size() int { return len(b.members) }

// Marks returns the metadata by which the batch's servers are known, with more
// beside them.
func (b *Batch) Marks(more map[string]string) map[string]string {
	out := map[string]string{cluster.MetaBatch: b.ID}
	maps.Copy(out, b.meta)
	maps.Copy(out, more)
	return out
}

// Progress returns how many workers satisfy ok, and of how many. Those given up and
// those that the messenger holds back do not count.
func (b *Batch) Progress(ok func(cluster.Node) bool) (done, all int) {
	for _, m := range b.members {
		if m.called {
			all++
			continue
		}
		if m.lost || b.Messenger.Waits(m.name) {
			continue
		}
		all++
		if m.id != "" && ok(m.node) {
			done++
		}
	}
	return done, all
}

// Every reports whether all workers that Progress counts satisfy ok.
func (b *Batch) Every(ok func(cluster.Node) bool) bool {
	done, all := b.Progress(ok)
	return done == all
}

// Nodes returns the workers that have a server and are not given up, in order.
func (b *Batch) Nodes() cluster.Nodes {
	var out cluster.Nodes
	for m := range b.members.settled() {
		if m.id != "" && !m.lost {
			out = append(out, m.node)
		}
	}
	slices.SortFunc(out, func(a, b cluster.Node) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

// Unknown returns the names of the workers that were given up because their create calls
// got no answer, in order.
func (b *Batch) Unknown() []string {
	var out []string
	for m := range b.members.settled() {
		if m.unanswered {
			out = append(out, m.name)
		}
	}
	cluster.SortNames(out)
	return out
}

// Dropped reports whether the server belonged to the batch and is being deleted: a
// build that failed, or a second server of one name.
func (b *Batch) Dropped(id string) bool {
	for m := range b.members.settled() {
		if slices.Contains(m.old, id) {
			return true
		}
	}
	return false
}

// Remove takes workers out of the batch whose servers the caller deletes.
func (b *Batch) Remove(doomed cluster.Nodes) {
	for m := range b.members.settled() {
		if !m.lost && m.id != "" && slices.ContainsFunc(doomed, func(n cluster.Node) bool { return n.ID == m.id }) {
			m.lost = true
			b.placement.leave(m)
		}
	}
}

// GiveUp ends a worker with a problem.
func (b *Batch) GiveUp(name string, problem cluster.Problem) {
	m := b.members[name]
	if !m.lost {
		b.placement.leave(m)
	}
	m.lost = true
	problem.Node, problem.Heals, problem.Zones = m.name, true, m.triedZones()
	b.Problems.Add(problem)
}
