package batch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Launch creates every worker that has no server, at bounded concurrency. A worker
// that fails is a Problem; the error is the context's only.
func (b *Batch) Launch(ctx context.Context) error {
	Begin(ctx, b).Await(nil)
	return context.Cause(ctx)
}

// Begin is Launch that does not wait for the answers. Until Await has taken its answer a
// worker of the batch has no server, whatever a list shows.
func Begin(ctx context.Context, b *Batch) *Calls {
	return launch{Batch: b, create: b.maker.Create}.begin(ctx)
}

// Post is Launch that sends each create call once and never reads a list. A worker whose
// call got no answer is in Unknown afterwards: its server may exist, or come about later.
// A call that could not begin before the end of within is not sent: its worker has no
// server then, and no problem.
func (b *Batch) Post(ctx context.Context, within time.Duration) error {
	once := func(ctx context.Context, req cluster.NodeRequest, _ []string) (string, error) {
		return b.maker.Cloud.CreateNode(ctx, req)
	}
	launch{b, once, time.Now().Add(within)}.begin(ctx).Await(nil)
	return context.Cause(ctx)
}

// launch creates servers of a batch. Its create sends the call of one server and returns
// the ID; known are servers of earlier tries.
type launch struct {
	*Batch
	create func(ctx context.Context, req cluster.NodeRequest, known []string) (string, error)
	until  time.Time // after which no call begins; zero: there is no such time
}

// Calls are create calls of a batch that are under way.
type Calls struct {
	answered chan *member
	of, came int
}

// begin sends the create calls of every worker that has no server. A worker belongs to its
// call until Await has taken the answer.
func (l launch) begin(ctx context.Context) *Calls {
	b := l.Batch
	var todo []*member
	for m := range b.members.settled() {
		if m.id == "" && !m.lost && !m.held && !b.Messenger.Waits(m.name) {
			todo = append(todo, m)
		}
	}
	slices.SortFunc(todo, func(a, b *member) int { return cluster.CompareNames(a.name, b.name) })
	for _, m := range todo {
		m.called = true
	}
	c := &Calls{answered: make(chan *member, len(todo)), of: len(todo)}
	go func() {
		var g errgroup.Group
		g.SetLimit(b.concurrency)
		for _, m := range todo {
			g.Go(func() error {
				if l.until.IsZero() || time.Now().Before(l.until) {
					l.one(ctx, m)
				}
				c.answered <- m
				return nil
			})
		}
	}()
	return c
}

// Await takes answers until all have come, or enough says so of their number; nil never does.
// It reports whether all have come.
func (c *Calls) Await(enough func(answered, of int) bool) bool {
	for c.came < c.of {
		m := <-c.answered
		m.called = false
		c.came++
		if enough != nil && enough(c.came, c.of) {
			break
		}
	}
	return c.came == c.of
}

func (l launch) one(ctx context.Context, m *member) {
	b := l.Batch
	for refused := b.placement.refusal(m); refused != nil; refused = b.placement.refusal(m) {
		if !b.placement.elsewhere(m) {
			Waiting{b}.refused(m, refused.kind, refused.detail)
			return
		}
	}
	req, err := l.request(m)
	if err != nil {
		b.GiveUp(m.name, cluster.Problem{Kind: cluster.FaultOther, Summary: "was not created", Detail: err.Error()})
		return
	}
	id, err := l.create(ctx, req, m.old)
	if err != nil {
		b.placement.refuse(m, err)
		if ofZone(err) && m.zone != "" {
			l.one(ctx, m) // in another zone, or given up where there is none
			return
		}
		m.unanswered = cluster.IsKind(err, cluster.FaultUnavailable)
		Waiting{b}.refused(m, kindOf(err), err.Error())
		return
	}
	m.id, m.batch, m.ca = id, b.ID, b.ca.Public()
	m.tries++
	m.node = cluster.Node{ID: id, Name: m.name, ClusterID: b.doc.ID, ClusterName: b.doc.Name,
		Role: cluster.RoleWorker, Group: m.group, Zone: m.zone, Status: cluster.StatusBuild}
	cluster.ReadMetadata(&m.node, req.Metadata)
}

func (l launch) request(m *member) (cluster.NodeRequest, error) {
	b := l.Batch
	key, err := b.ca.HostKey(m.name, time.Now())
	if err != nil {
		return cluster.NodeRequest{}, err
	}
	spec := b.doc.Groups[m.group].NodeSpec
	in := cloudinit.WorkerInput{
		Common:         cloudinit.NewCommon(b.doc, spec),
		Name:           m.name,
		Group:          m.group,
		FrontEndName:   b.doc.FrontEnd.Name,
		CoordinatorKey: b.doc.FrontEnd.CoordinatorKey,
		HostKey:        cloudinit.HostKey{Private: key.Private, Public: key.Public, Certificate: key.Certificate},
	}
	metadata := b.Marks(map[string]string{cluster.MetaBatchCA: b.ca.Public()})
	if err := b.Messenger.Equip(m.name, &in, metadata); err != nil {
		return cluster.NodeRequest{}, err
	}
	userData, err := cloudinit.Worker(in)
	if err != nil {
		return cluster.NodeRequest{}, fmt.Errorf("render user data: %w", err)
	}
	req := b.maker.Request(b.doc, Order{
		Name: m.name, Role: cluster.RoleWorker, Group: m.group, Spec: spec, Metadata: metadata, UserData: userData,
	})
	req.Zone, req.ServerGroupID = m.zone, m.serverGroup
	return req, nil
}
