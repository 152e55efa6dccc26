package loop_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// A queue that is at its maximum for hours has another first job in each round.
func TestTheFirstOfManyJobsMakesNoNewNote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 0)
		jobs := &queueAt{queueOf: queueOf{s}}
		l.Queue = jobs
		out := logged(l)
		for jobs.first = range 5 {
			l.Tick(t.Context(), true)
		}
		for _, what := range []string{"without a worker to come", "not counted"} {
			if n := strings.Count(out.String(), what); n != 1 {
				t.Errorf("%q was logged %d times:\n%s", what, n, out)
			}
		}
	})
}

// queueAt has some waiting jobs, of which the number of the first is given.
type queueAt struct {
	queueOf
	first int
}

func (q *queueAt) Read(ctx context.Context) (queue.Snapshot, error) {
	s, err := q.queueOf.Read(ctx)
	one := queue.Shape{Cpus: 1, MemoryMiB: 100}
	s.Jobs = []queue.JobGroup{{Key: "k", Count: 9, First: fmt.Sprint(7+q.first, ".0"), Oldest: time.Now(), Asks: one, Takes: one}}
	s.Skipped = []queue.Skipped{{Why: "deferred", Count: 2, First: fmt.Sprint(30+q.first, ".0")}}
	return s, err
}

// Group names may look like units and numbers. Each group's note begins in another
// round.
func TestANoteOfEachGroupIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 20)
		groups := []string{"s", "m", "h", "ms", "g1", "g2", "g-1", "g-2"}
		s.doc.Groups = map[string]cluster.GroupSpec{}
		l.Policy.Groups = map[string]decide.Bounds{}
		out := logged(l)
		for _, g := range groups {
			l.Policy.Groups[g] = decide.Bounds{Max: 1}
			l.Tick(t.Context(), true)
		}
		for _, g := range groups {
			if n := strings.Count(out.String(), fmt.Sprintf("about=\"group %s\"", g)); n != 1 {
				t.Errorf("the note of group %s was logged %d times:\n%s", g, n, out)
			}
		}
	})
}
