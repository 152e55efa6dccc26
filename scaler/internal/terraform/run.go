package terraform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// runs carries out wishes until none is left.
func (a *Actuator) runs(ctx context.Context, clusterID string, done chan struct{}) {
	defer close(done)
	timer := time.NewTimer(gather)
	<-timer.C
	for {
		w, more := a.next()
		if !more {
			return
		}
		start := time.Now()
		err := a.guarded(ctx, clusterID, w)
		if a.ended(err) {
			a.o.Log("terraform run failed", "error", err)
			return
		}
		a.o.Log("terraform run has ended", "seconds", int(time.Since(start).Seconds()))
	}
}

// guarded carries a wish out while the lease is held. The run outlives the call that
// began it. When the lease is lost, the running program is interrupted, so that it
// writes its state and releases the state's lock. Nothing else is begun, because the
// scaler that took over may run Terraform itself.
func (a *Actuator) guarded(ctx context.Context, clusterID string, w wish) error {
	running, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.o.Timeout)
	defer cancel()
	guarded, release := a.o.While(running)
	defer release()
	err := a.carryOut(guarded, clusterID, w)
	if err != nil && guarded.Err() != nil && running.Err() == nil {
		return actuate.PutOffError{Err: fmt.Errorf("%w: %w", context.Cause(guarded), err)}
	}
	return err
}

// next returns the wishes of the present round, if they are new.
func (a *Actuator) next() (w wish, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	done := a.finishing && !a.gathering
	a.gathering = false
	if done || a.want.empty() || a.want.equal(a.doing) {
		a.running, a.doing = nil, newWish()
		return w, false
	}
	a.doing = a.want.clone()
	return a.doing, true
}

// ended notes the result of a run. It reports whether no other run follows now.
func (a *Actuator) ended(err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.pause, a.paused = 0, time.Time{}
		return false
	}
	a.failed, a.grew, a.told = err, a.doing, false
	a.pause = min(max(2*a.pause, firstPause), longestPause)
	a.paused = time.Now().Add(a.pause)
	a.running, a.doing = nil, newWish()
	return true
}

func (a *Actuator) carryOut(ctx context.Context, clusterID string, w wish) error {
	for _, part := range w.inOrder() {
		err := a.run(ctx, clusterID, part)
		if growth := w.growth(); errors.Is(err, ErrRefused) && len(part.leave) > 0 && !growth.empty() {
			// Jobs must not wait for new workers until a person has repaired a removal.
			return errors.Join(err, a.run(ctx, clusterID, growth))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attempts is how often a run is begun again after another apply came in between.
const attempts = 3

// run carries out one part of a wish, also if other applies come in between.
func (a *Actuator) run(ctx context.Context, clusterID string, w wish) error {
	var err error
	for range attempts {
		if err = a.attempt(ctx, clusterID, w); !errors.Is(err, errOvertaken) {
			return err
		}
		a.o.Log("terraform run begins again", "because", err)
	}
	return err
}

// attempt writes, plans, checks and applies.
func (a *Actuator) attempt(ctx context.Context, clusterID string, w wish) error {
	a.mu.Lock()
	known := a.last.Nodes // a list leaves out the servers of a cell that is down
	a.mu.Unlock()
	view, err := a.o.Cloud.Refresh(ctx, clusterID, known)
	if err != nil {
		return fmt.Errorf("look before the run: %w", err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the run is not begun: %w", context.Cause(ctx))
	}
	w = w.without(view.Document, view.Nodes)
	var wanted map[string]Group
	err = a.rewrite(func(was map[string]Group) map[string]Group {
		wanted = variables(view.Nodes, was, w)
		return wanted
	})
	if err != nil {
		return actuate.PutOffError{Err: err}
	}
	if w.empty() {
		return nil
	}
	a.o.Log("terraform run", "wanted", text(wanted))
	applied, warnings, err := a.apply(ctx, w)
	if err != nil {
		return err
	}
	if view, err = a.o.Cloud.Refresh(ctx, clusterID, view.Nodes); err != nil {
		return fmt.Errorf("look after the run: %w", err)
	}
	// If there was nothing to apply, the apply of a person may have been faster.
	if !applied && unmet(view.Nodes, wanted) {
		return actuate.PutOffError{Err: fmt.Errorf("%w: is the count of %s taken from variable %q, and from %s?", ErrIgnored, a.o.Resource, a.o.File.Variable, filepath.Base(a.o.File.Path))}
	}
	return w.fulfilled(view.Nodes, warnings)
}

// fulfilled returns an error if an apply has left a part of the wish undone.
func (w wish) fulfilled(nodes cluster.Nodes, warnings string) error {
	for _, group := range slices.Sorted(maps.Keys(w.size)) {
		if n := len(present(nodes, group)); n < w.size[group] {
			return &cluster.CloudError{
				Kind: kindOfWarnings(warnings), Op: fmt.Sprintf("%v: group %s has %d workers of %d", ErrShort, group, n, w.size[group]),
				Message: brief(warnings), Err: ErrShort,
			}
		}
	}
	for worker, l := range w.leave {
		if server, there := serverOf(nodes, worker, l.server); there && server == l.server {
			return fmt.Errorf("%w: %s is still there: %s", ErrShort, worker, brief(warnings))
		}
	}
	return nil
}

// apply plans, and applies a plan that passes the check. It reports whether there was
// anything to apply.
func (a *Actuator) apply(ctx context.Context, w wish) (applied bool, warnings string, err error) {
	dir, remove, err := privateFolder()
	if err != nil {
		return false, "", err
	}
	defer remove()
	plan := filepath.Join(dir, "plan")
	differs, err := a.plan(ctx, plan, w)
	if err != nil {
		return false, "", actuate.PutOffError{Err: err}
	}
	if !differs {
		return false, "", nil
	}
	warnings, err = a.o.CLI.Apply(ctx, plan)
	if errors.Is(err, ErrLocked) || errors.Is(err, errOvertaken) || killed(err) {
		err = actuate.PutOffError{Err: err}
	}
	return true, warnings, err
}

// plan plans and checks, and reports whether there is anything to apply.
func (a *Actuator) plan(ctx context.Context, file string, w wish) (bool, error) {
	differs, err := a.o.CLI.Plan(ctx, file)
	if err != nil || !differs {
		return false, err
	}
	shown, err := a.o.CLI.Show(ctx, file)
	if err != nil {
		return false, err
	}
	return check(shown, a.o.Resource, w.leave)
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
