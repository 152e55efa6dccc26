package terraform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// Reader reads the cluster as the cloud shows it.
type Reader interface {
	Read(ctx context.Context) (fleet.View, error)
}

// Cloud is what is done without Terraform: looking, marking, and purging a
// roster of those that have no server. *provision.Provisioner has it.
type Cloud interface {
	Refresh(ctx context.Context, clusterID string) (provision.View, error)
	SetLeaving(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error
	RemoveWorkers(ctx context.Context, clusterID string, names []string) error
}

// Options of an Actuator.
type Options struct {
	Reader   Reader
	Cloud    Cloud
	CLI      CLI
	File     File
	Resource string
	Timeout  time.Duration // for one run
	Log      func(msg string, kv ...any)
}

// Actuator carries out decisions by Terraform runs.
//
// Add and Remove note what is wanted and return at once; a run works in the
// background. Wishes that come while one is going are put together for the next.
// Each reading of the cluster begins anew: what the decision after it does not
// ask for again is not wanted any more. A run's failure is returned by the next
// call that speaks of its groups, so that it counts and is told like any other.
type Actuator struct {
	o Options

	file sync.Mutex // held between reading and writing the file

	mu        sync.Mutex
	last      fleet.View    // what the decisions go by
	want      wish          // of the present round
	doing     wish          // of the run that is going
	running   chan struct{} // closed when no run is going any more; nil: none is
	gathering bool          // the run has not begun yet, and takes the whole round
	failed    error         // of the last run
	told      bool          // somebody knows of it
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
	return &Actuator{o: o, want: newWish(), doing: newWish()}
}

// Read implements actuate.Reader. A run turns the mark of who leaves into
// Terraform's own kind; where one was cut short, the worker is still ours to
// remove or to call back.
func (a *Actuator) Read(ctx context.Context) (fleet.View, error) {
	v, err := a.o.Reader.Read(ctx)
	if err != nil {
		return v, err
	}
	if was, err := a.o.File.Read(); err == nil {
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
	if a.told {
		a.failed, a.told = nil, false
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

// Add implements actuate.Actuator. The names are Terraform's to choose.
func (a *Actuator) Add(_ context.Context, clusterID, group string, n int) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if spec, ok := a.last.Document.Groups[group]; ok && spec.Scaling != nil {
		return nil, fmt.Errorf("add to group %s: %w", group, ErrNotOurs)
	}
	if err := a.tell(); err != nil {
		return nil, err
	}
	size := n
	for _, worker := range present(a.last.Nodes, group) {
		if _, leaves := a.want.leave[worker]; !leaves {
			size++
		}
	}
	a.want.size[group] = size
	a.start(clusterID)
	return nil, nil
}

// Remove implements actuate.Actuator.
func (a *Actuator) Remove(ctx context.Context, clusterID string, names []string) error {
	a.mu.Lock()
	var ghosts []string
	servers := map[string]cluster.Node{}
	for _, n := range a.last.Nodes {
		servers[n.Name] = n
	}
	err := a.tell()
	for _, name := range names {
		node, there := servers[name]
		switch {
		case !there:
			ghosts = append(ghosts, name)
		case a.last.Document.Groups[node.Group].Scaling != nil:
			err = errors.Join(err, fmt.Errorf("remove %s: %w", name, ErrNotOurs))
		case err == nil:
			a.want.leave[name] = node.Group
		}
	}
	if len(a.want.leave) > 0 && err == nil {
		a.start(clusterID)
	}
	a.mu.Unlock()
	if len(ghosts) > 0 { // there is no server that Terraform could plan to delete
		err = errors.Join(err, a.o.Cloud.RemoveWorkers(ctx, clusterID, ghosts))
	}
	return err
}

// Mark implements actuate.Actuator. Before a worker is let work again, no wish
// may be left by which the next apply takes it away.
func (a *Actuator) Mark(ctx context.Context, clusterID string, marks map[string]cluster.Leaving) error {
	marks, err := a.takeBack(marks)
	if err != nil || len(marks) == 0 {
		return err
	}
	return a.o.Cloud.SetLeaving(ctx, clusterID, marks)
}

func (a *Actuator) takeBack(marks map[string]cluster.Leaving) (map[string]cluster.Leaving, error) {
	marks = maps.Clone(marks)
	a.mu.Lock()
	for name, mark := range marks {
		if mark != cluster.Stays {
			continue
		}
		if _, going := a.doing.leave[name]; going {
			a.o.Log("a worker can't be called back: the run that is going removes it", "worker", name)
			delete(marks, name)
		}
		delete(a.want.leave, name)
	}
	a.mu.Unlock()
	err := a.rewrite(func(was map[string]Group) map[string]Group {
		return withoutRetiring(was, func(worker string) bool {
			mark, said := marks[worker]
			return said && mark == cluster.Stays
		})
	})
	return marks, err
}

// rewrite changes the file, if that makes a difference.
func (a *Actuator) rewrite(change func(was map[string]Group) map[string]Group) error {
	a.file.Lock()
	defer a.file.Unlock()
	was, err := a.o.File.Read()
	if err != nil {
		return err
	}
	if now := change(was); !equalGroups(was, now) {
		return a.o.File.Write(now)
	}
	return nil
}

// tell returns the last run's failure to every call of one round.
func (a *Actuator) tell() error {
	a.told = a.failed != nil
	return a.failed
}

// start begins a run, unless one is going: that one looks for more when it ends.
func (a *Actuator) start(clusterID string) {
	if a.running != nil || time.Now().Before(a.paused) {
		return
	}
	a.running, a.gathering = make(chan struct{}), true
	go a.runs(clusterID, a.running) //nolint:contextcheck // it goes on when the call is over
}

// runs carries out wishes until there are none.
func (a *Actuator) runs(clusterID string, done chan struct{}) {
	defer close(done)
	timer := time.NewTimer(gather)
	<-timer.C
	for {
		w, more := a.next()
		if !more {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), a.o.Timeout)
		start := time.Now()
		err := a.carryOut(ctx, clusterID, w)
		cancel()
		if a.ended(err) {
			a.o.Log("terraform run failed", "error", err)
			return
		}
		a.o.Log("terraform run is through", "seconds", int(time.Since(start).Seconds()))
	}
}

// next takes the wishes of the present round, if they are new.
func (a *Actuator) next() (w wish, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gathering = false
	if a.want.empty() || a.want.equal(a.doing) {
		a.running, a.doing = nil, newWish()
		return w, false
	}
	a.doing = a.want.clone()
	return a.doing, true
}

// ended takes over how a run ended. It reports whether that was the last one for
// now.
func (a *Actuator) ended(err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.pause, a.paused = 0, time.Time{}
		return false
	}
	a.failed, a.told = err, false
	a.pause = min(max(2*a.pause, firstPause), longestPause)
	a.paused = time.Now().Add(a.pause)
	a.running, a.doing = nil, newWish()
	return true
}

// Wait waits until no run is going and returns the last one's failure, if
// nobody was told of it.
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

func (a *Actuator) carryOut(ctx context.Context, clusterID string, w wish) error {
	for _, part := range w.inOrder() {
		if err := a.run(ctx, clusterID, part); err != nil {
			return err
		}
	}
	return nil
}

// run writes, plans, checks and applies.
func (a *Actuator) run(ctx context.Context, clusterID string, w wish) error {
	view, err := a.o.Cloud.Refresh(ctx, clusterID)
	if err != nil {
		return fmt.Errorf("look before the run: %w", err)
	}
	var wanted map[string]Group
	err = a.rewrite(func(was map[string]Group) map[string]Group {
		wanted = variables(view.Nodes, was, w)
		return wanted
	})
	if err != nil {
		return err
	}
	a.o.Log("terraform run", "wanted", text(wanted))
	warnings, err := a.apply(ctx, view.Nodes, wanted, w)
	if err != nil {
		return err
	}
	if view, err = a.o.Cloud.Refresh(ctx, clusterID); err != nil {
		return fmt.Errorf("look after the run: %w", err)
	}
	for group, size := range w.size {
		if n := len(present(view.Nodes, group)); n < size {
			return fmt.Errorf("%w: group %s has %d workers of %d: %s", ErrShort, group, n, size, warnings)
		}
	}
	for worker, group := range w.leave {
		if slices.Contains(present(view.Nodes, group), worker) {
			return fmt.Errorf("%w: %s is still there: %s", ErrShort, worker, warnings)
		}
	}
	return nil
}

func (a *Actuator) apply(ctx context.Context, nodes cluster.Nodes, wanted map[string]Group, w wish) (string, error) {
	dir, remove, err := privateFolder()
	if err != nil {
		return "", err
	}
	defer remove()
	plan := filepath.Join(dir, "plan")
	differs, err := a.o.CLI.Plan(ctx, plan)
	if err != nil {
		return "", err
	}
	if differs {
		shown, err := a.o.CLI.Show(ctx, plan)
		if err != nil {
			return "", err
		}
		if differs, err = check(shown, a.o.Resource, w.leave); err != nil {
			return "", err
		}
	}
	switch {
	case differs:
		return a.o.CLI.Apply(ctx, plan)
	case unmet(nodes, wanted):
		return "", fmt.Errorf("%w: is the count of %s taken from variable %q, and from %s?", ErrIgnored, a.o.Resource, a.o.File.Variable, filepath.Base(a.o.File.Path))
	}
	return "", nil
}

func text(groups map[string]Group) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		part := fmt.Sprintf("%s %d", name, g.Count)
		if len(g.Retire) > 0 {
			part += " without " + strings.Join(g.Retire, " ")
		}
		out = append(out, part)
	}
	return strings.Join(out, ", ")
}
