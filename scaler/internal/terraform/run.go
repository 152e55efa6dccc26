package terraform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// run carries out one wish.
type run struct {
	o         Options
	file      *sharedFile
	clusterID string
	known     func() cluster.Nodes // before the run
}

// carryOut carries the wish out in one or two parts.
func (r run) carryOut(ctx context.Context, w wish) error {
	for _, part := range w.inOrder() {
		err := r.part(ctx, part)
		if growth := w.growth(); errors.Is(err, ErrRefused) && len(part.leave) > 0 && !growth.empty() {
			// Jobs must not wait for new workers until a person has repaired a removal.
			return errors.Join(err, r.part(ctx, growth))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attempts is how often a run is begun again after another apply came in between.
const attempts = 3

// part carries out one part of a wish, also if other applies come in between.
func (r run) part(ctx context.Context, w wish) error {
	var err error
	for range attempts {
		if err = r.attempt(ctx, w); !errors.Is(err, errOvertaken) {
			return err
		}
		r.o.Log("terraform run begins again", "because", err)
	}
	return err
}

// attempt writes, plans, checks and applies.
func (r run) attempt(ctx context.Context, w wish) error {
	view, err := r.o.Cloud.Refresh(ctx, cluster.Ref{ID: r.clusterID}, r.known())
	if err != nil {
		return fmt.Errorf("look before the run: %w", err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the run is not begun: %w", context.Cause(ctx))
	}
	w = w.without(view.Document, view.Nodes)
	var wanted map[string]Group
	err = r.file.rewrite(func(was map[string]Group) map[string]Group {
		wanted = variables(view.Nodes, was, w)
		return wanted
	})
	if err != nil {
		return actuate.PutOffError{Err: err}
	}
	if w.empty() {
		return nil
	}
	r.o.Log("terraform run", "wanted", textOf(wanted))
	applied, warnings, err := r.apply(ctx, w)
	if err != nil {
		return err
	}
	if view, err = r.o.Cloud.Refresh(ctx, cluster.Ref{ID: r.clusterID}, view.Nodes); err != nil {
		return fmt.Errorf("look after the run: %w", err)
	}
	// If there was nothing to apply, the apply of a person may have been faster.
	if !applied && unmet(view.Nodes, wanted) {
		return actuate.PutOffError{Err: fmt.Errorf("%w: is the count of %s taken from variable %q, and from %s?", ErrIgnored, r.o.Resource, r.o.File.Variable, filepath.Base(r.o.File.Path))}
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
func (r run) apply(ctx context.Context, w wish) (applied bool, warnings string, err error) {
	dir, remove, err := privateFolder()
	if err != nil {
		return false, "", err
	}
	defer remove()
	plan := filepath.Join(dir, "plan")
	differs, err := r.plan(ctx, plan, w)
	if err != nil {
		return false, "", actuate.PutOffError{Err: err}
	}
	if !differs {
		return false, "", nil
	}
	warnings, err = r.o.CLI.Apply(ctx, plan)
	if errors.Is(err, ErrLocked) || errors.Is(err, errOvertaken) || killed(err) {
		err = actuate.PutOffError{Err: err}
	}
	return true, warnings, err
}

// plan plans and checks, and reports whether there is anything to apply.
func (r run) plan(ctx context.Context, file string, w wish) (bool, error) {
	differs, err := r.o.CLI.Plan(ctx, file)
	if err != nil || !differs {
		return false, err
	}
	shown, err := r.o.CLI.Show(ctx, file)
	if err != nil {
		return false, err
	}
	return check(shown, r.o.Resource, w.leave)
}

func textOf(groups map[string]Group) string {
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
