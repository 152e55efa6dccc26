package provision

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Counts sums up what an Apply did and what there is then.
type Counts struct {
	Made, Deleted int // workers
	Ready, Wanted int // workers: those that came up, and all
}

func (c Counts) String() string {
	return fmt.Sprintf("%d of %d workers work; %d were made, %d deleted", c.Ready, c.Wanted, c.Made, c.Deleted)
}

// NotReadyError means that a group has fewer workers than it must have.
type NotReadyError struct {
	Group       string
	Ready, Want int
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("group %s needs at least %d workers that work, and has %d", e.Group, e.Want, e.Ready)
}

// tally collects what a run made and what went wrong.
type tally struct {
	problems []cluster.Problem
	failed   []string // workers that did not come up
	made     int
	counted  *batch.Batch // the last one in made
}

// take takes over what became of a batch, once or several times.
func (t *tally) take(b *batch.Batch) {
	if b == nil {
		return
	}
	if t.counted != b {
		t.counted = b
		for _, n := range b.Nodes() {
			if n.Batch == b.ID {
				t.made++
			}
		}
	}
	problems := b.Problems.Take()
	for _, p := range problems {
		t.failed = append(t.failed, p.Node)
	}
	t.problems = append(t.problems, problems...)
}

// ready reports whether a worker can be counted on: it is up in Nova, and this run
// has not seen it fail.
func (t *tally) ready(n cluster.Node) bool {
	return n.Role == cluster.RoleWorker && isActive(n) && !slices.Contains(t.failed, n.Name)
}

// countReady returns the number of nodes that are ready.
func (t *tally) countReady(nodes cluster.Nodes) int {
	ready := 0
	for _, n := range nodes {
		if t.ready(n) {
			ready++
		}
	}
	return ready
}

// enough returns a NotReadyError where a group has too few workers that work.
func (t *tally) enough(spec cluster.Spec, nodes cluster.Nodes) error {
	for _, name := range spec.GroupNames() {
		ready, want := t.countReady(nodes.Workers(name)), spec.Groups[name].MinReady
		if ready < want {
			return &NotReadyError{Group: name, Ready: ready, Want: want}
		}
	}
	return nil
}

// sorted returns the problems in order, each once.
func (t *tally) sorted() []cluster.Problem {
	slices.SortStableFunc(t.problems, func(a, b cluster.Problem) int {
		return cmp.Or(cluster.CompareNames(a.Node, b.Node), cmp.Compare(a.Summary, b.Summary))
	})
	return slices.CompactFunc(t.problems, func(a, b cluster.Problem) bool { return a.Node == b.Node && a.Summary == b.Summary })
}
