package terraform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// Reader reads the cluster as the cloud shows it.
type Reader interface {
	Read(ctx context.Context) (cluster.View, error)
}

// Cloud has the calls that go past Terraform: reading, marking, removing workers
// without a server from the roster, and deleting servers that neither the roster nor the
// state has. provision.Steps satisfies it.
type Cloud interface {
	Refresh(ctx context.Context, ref cluster.Ref, known cluster.Nodes) (cluster.View, error)
	SetLeaving(ctx context.Context, ref cluster.Ref, marks map[string]cluster.Leaving) error
	Enrol(ctx context.Context, v cluster.View) ([]string, error)
	Forget(ctx context.Context, ref cluster.Ref, names []string, known cluster.Nodes) ([]string, error)
	RequestDiscard(ctx context.Context, ref cluster.Ref, serverID string) error
}

// Options are the settings of an Actuator.
type Options struct {
	Reader   Reader
	Cloud    Cloud
	CLI      CLI
	File     File
	Resource string
	Timeout  time.Duration // for one run
	// While returns a context that ends when this scaler may no longer act, with the
	// reason as its cause. Nil: it always may.
	While func(ctx context.Context) (context.Context, context.CancelFunc)
	Log   func(msg string, kv ...any)
}

// Actuator carries out decisions by Terraform runs.
//
// Post and Remove note a wish and return at once; a run works in the background. The
// wishes that come during a run are collected for the next one. Each reading of the
// cluster begins a new collection: a wish that the decision after it does not repeat is
// dropped. The calls of the next round return a run's failure, so that it is handled
// like any other. If the cloud has failed, and not the run, the failure counts against
// the groups that were to grow.
type Actuator struct {
	o    Options
	file sharedFile

	mu        sync.Mutex
	last      cluster.View  // the view that the decisions use
	want      wish          // of the present round
	doing     wish          // of the current run
	running   chan struct{} // closed when the current run ends; nil: there is none
	gathering bool          // the run has not begun yet, and takes the whole round
	finishing bool          // no other run is to begin after it
	failed    error         // of the last run
	grew      wish          // what that run was for
	reported  bool          // a caller has got the failure
	paused    time.Time     // no new run before
	pause     time.Duration
}

// gather is how long a run waits for the round's other wishes.
const gather = time.Second

// Failed runs are repeated at growing intervals.
const (
	firstPause   = 30 * time.Second
	longestPause = 10 * time.Minute
)

// New returns an actuator.
func New(o Options) *Actuator {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.While == nil {
		o.While = context.WithCancel
	}
	return &Actuator{o: o, file: sharedFile{File: o.File}, want: newWish(), doing: newWish()}
}

// Read implements loop.Cluster. A run replaces the mark of a leaving worker by
// Terraform's own kind. If the run was interrupted, the scaler may still remove the
// worker or call it back.
func (a *Actuator) Read(ctx context.Context) (cluster.View, error) {
	v, err := a.o.Reader.Read(ctx)
	if err != nil {
		return v, err
	}
	if was, err := a.file.Read(); err == nil {
		v.Document = v.Document.Clone()
		for i, m := range v.Document.Workers {
			if m.Leaving == cluster.LeaveJobsOK && retires(was, m.Name) {
				v.Document.Workers[i].Leaving = cluster.LeaveIdle
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = v
	if !a.gathering {
		a.want = newWish()
	}
	if a.reported {
		a.failed, a.reported = nil, false
	}
	return v, nil
}

func retires(groups map[string]Group, worker string) bool {
	for _, g := range groups {
		if slices.Contains(g.Retire, worker) {
			return true
		}
	}
	return false
}

// Post implements loop.Actuator. Terraform chooses the names, and the next reading shows
// them.
func (a *Actuator) Post(ctx context.Context, clusterID string, orders []actuate.Order, _ []string) (actuate.Posted, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var failed []error
	for _, o := range orders {
		if err := a.order(o); err != nil {
			failed = append(failed, actuate.GroupError{Group: o.Group, Err: err})
		}
	}
	if len(failed) < len(orders) {
		a.start(ctx, clusterID)
	}
	return actuate.Posted{}, errors.Join(failed...)
}

// order notes the wish for new workers of one group.
func (a *Actuator) order(o actuate.Order) error {
	if spec, ok := a.last.Document.Groups[o.Group]; ok && spec.Scaling != nil {
		return fmt.Errorf("add workers: %w", ErrNotOurs)
	}
	if err := a.report(); err != nil {
		if _, grew := a.grew.size[o.Group]; !grew {
			err = actuate.PutOffError{Err: err}
		}
		return err
	}
	size := o.Count
	for _, worker := range present(a.last.Nodes, o.Group) {
		if _, leaves := a.want.leave[worker]; !leaves {
			size++
		}
	}
	a.want.size[o.Group] = size
	return nil
}

// Enrol implements loop.Actuator: an apply that was killed has left workers that no roster
// has.
func (a *Actuator) Enrol(ctx context.Context, v cluster.View) ([]string, error) {
	return a.o.Cloud.Enrol(ctx, v)
}

// Forget implements loop.Actuator: there is no server that Terraform could plan to delete.
func (a *Actuator) Forget(ctx context.Context, clusterID string, names []string) ([]string, error) {
	return a.o.Cloud.Forget(ctx, a.ref(clusterID), names, nil)
}

// ref returns the cluster as it was read last.
func (a *Actuator) ref(clusterID string) cluster.Ref {
	a.mu.Lock()
	defer a.mu.Unlock()
	return cluster.Ref{ID: clusterID, Name: a.last.Document.Name}
}

// Remove implements loop.Actuator. The run asks for the deletions, so it returns no name.
func (a *Actuator) Remove(ctx context.Context, clusterID string, names, drained []string) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	servers, _ := a.last.Nodes.Distinct(a.last.Document.Workers)
	err := a.report()
	for _, name := range names {
		node, there := servers.ByName(name)
		switch {
		case !there: // it is gone
		case a.last.Document.Groups[node.Group].Scaling != nil:
			err = errors.Join(err, fmt.Errorf("remove %s: %w", name, ErrNotOurs))
		case err == nil:
			a.want.leave[name] = leaver{group: node.Group, server: node.ID}
			a.want.marked[name] = slices.Contains(drained, name)
		}
	}
	if len(a.want.leave) > 0 && err == nil {
		a.start(ctx, clusterID)
	}
	return nil, err
}

// Discard deletes one server by its ID. A plan can't name a server that is not in the
// roster, or the second one of its name. During a run the server may be that run's, so
// it is left for a later round.
func (a *Actuator) Discard(ctx context.Context, clusterID, serverID string) error {
	a.mu.Lock()
	going := a.running != nil
	ours := true
	for _, n := range a.last.Nodes {
		if n.ID == serverID {
			ours = a.last.Document.Groups[n.Group].Scaling == nil
		}
	}
	a.mu.Unlock()
	switch {
	case !ours:
		return fmt.Errorf("delete server %s: %w", serverID, ErrNotOurs)
	case going:
		return actuate.PutOffError{Err: fmt.Errorf("delete server %s: %w", serverID, errRunGoing)}
	}
	return a.o.Cloud.RequestDiscard(ctx, a.ref(clusterID), serverID)
}

// Mark implements loop.Actuator. Before a worker may work again, no wish may be left
// with which the next apply would delete it.
func (a *Actuator) Mark(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error {
	marks, err := a.takeBack(marks)
	if err != nil || len(marks) == 0 {
		return err
	}
	return a.o.Cloud.SetLeaving(ctx, a.ref(clusterID), marks)
}

func (a *Actuator) takeBack(marks map[string]cluster.Leaving) (map[string]cluster.Leaving, error) {
	marks = maps.Clone(marks)
	a.mu.Lock()
	for name, mark := range marks {
		if mark != cluster.Stays {
			continue
		}
		if _, going := a.doing.leave[name]; going {
			a.o.Log("a worker can't be called back: the current run removes it", "worker", name)
			delete(marks, name)
		}
		delete(a.want.leave, name)
	}
	a.mu.Unlock()
	err := a.file.rewrite(func(was map[string]Group) map[string]Group {
		return withoutRetiring(was, func(worker string) bool {
			mark, said := marks[worker]
			return said && mark == cluster.Stays
		})
	})
	return marks, err
}

// report returns the last run's failure, to every call of one round.
func (a *Actuator) report() error {
	a.reported = a.failed != nil
	return a.failed
}

// start begins a run, unless there is one: that takes new wishes when it ends.
func (a *Actuator) start(ctx context.Context, clusterID string) {
	if a.running != nil || time.Now().Before(a.paused) {
		return
	}
	a.running, a.gathering = make(chan struct{}), true
	go a.runs(ctx, clusterID, a.running)
}

// Finish is Wait for a caller that ends: the current run is the last one, or the one that
// was requested and has not begun.
func (a *Actuator) Finish(ctx context.Context) error {
	a.mu.Lock()
	a.finishing = true
	a.mu.Unlock()
	return a.Wait(ctx)
}

// Wait waits until there is no run, and returns the last one's failure if no call has
// returned it.
func (a *Actuator) Wait(ctx context.Context) error {
	for {
		a.mu.Lock()
		going := a.running
		err := a.failed
		if going == nil {
			a.failed = nil
			a.mu.Unlock()
			return err
		}
		a.mu.Unlock()
		select {
		case <-going:
		case <-ctx.Done():
			return fmt.Errorf("wait for the terraform run: %w", context.Cause(ctx))
		}
	}
}
