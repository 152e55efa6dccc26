package loop_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// A roster that could not be written for two minutes is no failure of a group: workers are
// made again soon after.
func TestAGroupGrowsSoonAfterEnrolmentsThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.enrolErr = &cluster.CloudError{Kind: cluster.FaultForbidden, Op: "write the cluster document", Code: 403}
		s.submit(8, 0, time.Hour)
		l := newLoop(s, 20)
		running(t, l, 4*time.Minute)
		s.enrolErr = nil
		s.submit(8, 4*time.Minute, time.Hour)
		running(t, l, 3*time.Minute)
		if s.created != 4 {
			t.Errorf("%d created", s.created)
		}
	})
}

// A scheduled run reads the console of a failed server, and discards the server in the same
// run: the next one knows nothing of the console.
func TestOnceDiscardsAFailedServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.doc.Workers = []cluster.Member{{Name: "astro-cpu-1", Address: "192.0.2.77", Batch: "before"}}
		s.nodes["astro-cpu-1"] = &simNode{node: cluster.Node{
			ID: "s7", Name: "astro-cpu-1", ClusterID: "id", Role: cluster.RoleWorker, Group: "cpu", Batch: "now",
			Status: cluster.StatusError, Fault: &cluster.Fault{Message: "No valid host was found."}, Created: time.Now().Add(-time.Minute),
		}}
		_, err := newLoop(s, 20).Once(t.Context())
		if err != nil || !slices.Contains(s.calls, "discard s7") || fmt.Sprint(s.consoles) != "[s7]" {
			t.Errorf("calls %v, consoles %v, %v", s.calls, s.consoles, err)
		}
	})
}

// More servers fail than consoles are read: a scheduled run waits for those alone.
func TestOnceWaitsForNoConsoleThatIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.removeErr = errDown
		s.consoleTakes = time.Second // with one that is read at once, a fourth may have its turn in the same round
		for i := range 6 {
			name := cluster.WorkerName("astro", "cpu", i+1)
			s.nodes[name] = &simNode{node: cluster.Node{
				ID: fmt.Sprint("s", i), Name: name, ClusterID: "id", Role: cluster.RoleWorker, Group: "cpu",
				Status: cluster.StatusError, Created: time.Now().Add(-time.Minute),
			}}
		}
		begun := time.Now()
		if _, err := newLoop(s, 20).Once(t.Context()); !errors.Is(err, errDown) || len(s.consoles) != 3 {
			t.Errorf("%v, consoles %v", err, s.consoles)
		}
		if took := time.Since(begun); took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// enrolling keeps the servers that each enrolment could write.
type enrolling struct {
	*sim
	could []string
}

func (e *enrolling) Enrol(ctx context.Context, v cluster.View) ([]string, error) {
	var names []string
	for _, n := range v.Nodes {
		if n.BatchCA != "" {
			names = append(names, n.Name)
		}
	}
	e.could = append(e.could, strings.Join(names, " "))
	return e.sim.Enrol(ctx, v)
}

// An enrolment is of the workers that the decision names. A server whose deletion was
// accepted is not enrolled with the others, though a list shows it as before.
func TestOnlyDecidedWorkersAreEnrolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(8, 0, time.Hour)
		s.address = map[string]time.Duration{"cpu": 30 * time.Second}
		l := newLoop(s, 20)
		e := &enrolling{sim: s}
		l.Actuator = e
		running(t, l, 4*time.Minute)
		s.submit(4, 4*time.Minute, time.Hour)
		running(t, l, 3*time.Minute)
		if want := "astro-cpu-1 astro-cpu-2|astro-cpu-3"; strings.Join(e.could, "|") != want {
			t.Errorf("enrolments of %q, want %q", e.could, want)
		}
	})
}

// busyDiscarder is an actuator that is not free to delete a server by its ID.
type busyDiscarder struct {
	*sim
	asked int
}

func (b *busyDiscarder) Discard(context.Context, string, string) error {
	b.asked++
	return actuate.PutOffError{Err: errors.New("a run is going")}
}

// A deletion that the actuator has put off is decided again in the next round, and is no
// failure.
func TestADeletionThatIsPutOffIsDecidedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, time.Hour)
		l, w := newLoop(s, 20), &watcher{}
		running(t, l, 6*time.Minute)
		twin := s.nodes["astro-cpu-1"].node
		twin.ID, twin.Created = "twin", time.Now()
		s.twins = append(s.twins, twin)
		b := &busyDiscarder{sim: s}
		l.Actuator, l.Observers = b, append(l.Observers, w)
		running(t, l, 8*time.Minute)
		if b.asked < 10 {
			t.Errorf("asked %d times in three minutes", b.asked)
		}
		for _, r := range w.finished {
			if len(r.Errors) > 0 {
				t.Errorf("a failure: %v", r.Errors)
			}
		}
	})
}
