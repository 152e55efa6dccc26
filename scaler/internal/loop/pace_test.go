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
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// twoGroups adds a group whose servers take long to get an address.
func twoGroups(s *sim, l *loop.Loop, takes time.Duration) {
	s.doc.Groups["slow"] = s.doc.Groups["cpu"]
	s.address = map[string]time.Duration{"slow": takes}
	l.Policy.Groups["slow"] = decide.Bounds{Max: 20}
}

// While servers of one group are being built, rounds go on: a worker of another group
// that was asked to leave is called back as soon as jobs come.
func TestADrainIsTakenBackWhileOtherServersAreBuilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 1)
		twoGroups(s, l, 10*time.Minute)
		w := &watcher{}
		l.Observers = []loop.Observer{w}
		s.react = 5 * time.Minute // the front-end does not close the worker soon
		s.submit(4, 0, 2*time.Minute)
		running(t, l, 445*time.Second) // the worker has come, its jobs are over, and it is asked to leave
		if m, _ := s.doc.Member("astro-cpu-1"); m.Leaving != cluster.LeaveIdle {
			t.Fatalf("roster %v", s.doc.Workers)
		}
		l.Policy.Groups["slow"] = decide.Bounds{Min: 5, Max: 20}
		running(t, l, 15*time.Second)
		if n := len(s.nodes); n != 6 {
			t.Fatalf("%d servers", n)
		}
		s.submit(24, time.Since(s.start)+time.Second, time.Minute) // 20 of them fit those that are being built
		running(t, l, 25*time.Second)
		if m, _ := s.doc.Member("astro-cpu-1"); m.Leaving != cluster.Stays {
			t.Errorf("it is not called back: roster %v, calls %v", s.doc.Workers, s.calls)
		}
		if s.nodes["astro-slow-1"].node.Address != "" {
			t.Error("the other group's servers were built by then")
		}
		for _, r := range w.finished {
			if r.Seconds > 2 {
				t.Errorf("the round at %s took %.0f s", r.Time, r.Seconds)
			}
		}
	})
}

// Two hundred workers for 800 jobs are posted in one round, of both groups together, and
// enrolled in one write.
func TestManyWorkersComeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 100)
		twoGroups(s, l, 20*time.Second)
		s.address["cpu"] = 20 * time.Second
		l.Policy.Groups["slow"] = decide.Bounds{Max: 100}
		s.submit(1000, 0, 10*time.Minute)
		running(t, l, 70*time.Second)
		if s.created != 200 || s.posts != 1 || s.enrols != 0 {
			t.Errorf("%d servers by %d calls, %d enrolments", s.created, s.posts, s.enrols)
		}
		running(t, l, 50*time.Second)
		if s.enrols != 1 || len(s.doc.Workers) != 200 {
			t.Errorf("%d enrolments, %d workers in the roster", s.enrols, len(s.doc.Workers))
		}
		running(t, l, 4*time.Hour)
		expectAllDone(t, s)
	})
}

// A create call whose answer was lost counts as on its way: it is carried out a minute
// later, under a name that no other server has got.
func TestCreateCallsWhoseAnswersAreLost(t *testing.T) {
	for _, after := range []time.Duration{0, 20 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.loseAnswers, s.answerAfter = true, after
			s.submit(8, 0, 10*time.Minute)
			s.submit(4, 30*time.Second, 10*time.Minute) // its worker is posted while the others are unknown
			l := newLoop(s, 20)
			l.Policy.ScaleOutAfter = 20 * time.Second
			out := logged(l)
			running(t, l, 5*time.Minute)
			if s.created != 3 || len(s.twice) > 0 || len(s.doc.Workers) != 3 {
				t.Errorf("after %s: %d servers, names of two: %v, roster %v", after, s.created, s.twice, s.doc.Workers)
			}
			if !strings.Contains(out.String(), "create calls got no answer; their servers may still come") {
				t.Errorf("not logged:\n%s", out)
			}
			running(t, l, 2*time.Hour)
			expectAllDone(t, s)
		})
	}
}

// Builds that end in ERROR are deleted and noted as one failure of their group, and tried
// again after the pause.
func TestBuildsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.failBuilds = "No valid host was found."
		s.consoleTakes = time.Second // with one that is read at once, a fourth may have its turn in the same round
		s.submit(16, 0, 10*time.Minute)
		l := newLoop(s, 20)
		out := logged(l)
		running(t, l, 5*time.Minute)
		if s.created != 4 || s.servers() != 0 || len(s.doc.Workers) != 0 {
			t.Errorf("%d created, %d servers left, roster %v", s.created, s.servers(), s.doc.Workers)
		}
		if !strings.Contains(out.String(), "its server is in ERROR: No valid host was found.") || len(s.consoles) != 3 {
			t.Errorf("consoles %v:\n%s", s.consoles, out)
		}
		s.failBuilds = ""
		running(t, l, 2*time.Hour)
		expectAllDone(t, s)
	})
}

// A scaler is killed at each of its calls: the next one goes on. No server is made twice,
// none is deleted that a job could have used, and all are enrolled.
func TestKilledAtEachCall(t *testing.T) {
	for _, in := range []string{"create", "enrol", "delete", "forget"} {
		for _, late := range []time.Duration{0, 50 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				s := newSim()
				s.answerAfter = late
				s.deleting = 15 * time.Second
				s.address = map[string]time.Duration{"cpu": 15 * time.Second}
				s.submit(16, 0, 10*time.Minute)
				ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
				defer cancel()
				s.die, s.dieIn = cancel, in
				if err := newLoop(s, 20).Run(ctx); err != nil {
					t.Fatal(err)
				}
				if s.dieIn != "" {
					t.Fatalf("%s: it was not killed", in)
				}
				running(t, newLoop(s, 20), 3*time.Hour)
				expectAllDone(t, s)
				if s.created != 4 || s.removed != 4 || len(s.twice) > 0 {
					t.Errorf("killed in %s, servers after %s: %d created, %d removed, names of two: %v", in, late, s.created, s.removed, s.twice)
				}
			})
		}
	}
}

// A server whose deletion takes minutes is asked for again after a while, keeps its mark
// and its entry until it is gone, and holds nothing up.
func TestDeletionsTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.deleting = 4 * time.Minute
		s.submit(4, 0, time.Minute)
		l := newLoop(s, 20)
		w := &watcher{}
		l.Observers = []loop.Observer{w}
		for s.removed == 0 {
			running(t, l, 10*time.Second)
		}
		running(t, l, time.Minute)
		if m, listed := s.doc.Member("astro-cpu-1"); !listed || m.Leaving != cluster.LeaveIdle {
			t.Errorf("roster %v while its server is being deleted", s.doc.Workers)
		}
		s.submit(4, time.Since(s.start), time.Minute)
		running(t, l, 75*time.Second)
		if s.created != 2 || s.nodes["astro-cpu-1"] == nil {
			t.Errorf("%d servers made while one is being deleted", s.created)
		}
		running(t, l, time.Hour)
		expectAllDone(t, s)
		for _, r := range w.finished {
			if r.Seconds > 2 {
				t.Errorf("the round at %s took %.0f s", r.Time, r.Seconds)
			}
		}
	})
}

// While the roster can't be written, workers are kept, no others are made, and none is
// replaced for the join that it could not make.
func TestEnrolmentThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.enrolErr = &cluster.CloudError{Kind: cluster.FaultOther, Op: "write the cluster document", Message: "it is too large"}
		s.submit(8, 0, time.Hour)
		l := newLoop(s, 20)
		running(t, l, 10*time.Minute)
		if s.created != 2 || s.servers() != 2 || s.removed != 0 {
			t.Errorf("%d created, %d servers, %d removed", s.created, s.servers(), s.removed)
		}
		s.enrolErr = nil
		running(t, l, 3*time.Hour)
		expectAllDone(t, s)
		if s.created != 2 {
			t.Errorf("%d created", s.created)
		}
	})
}

// A report that does not come is not waited for: rounds go on, and use it when it is
// there.
func TestTheReportIsReadBesideTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, time.Hour)
		s.react = 24 * time.Hour // no report comes with the servers
		r := &reports{takes: 25 * time.Second, report: cluster.Report{Generation: 100}}
		l := newLoop(s, 20)
		l.Cluster, l.Reports = withFrontEnd{&clusterOf{sim: s}, &tags{}}, r
		w := &watcher{}
		l.Observers = []loop.Observer{w}
		running(t, l, 2*time.Minute)
		reported := 0
		for _, f := range w.finished {
			if f.Seconds > 2 {
				t.Errorf("the round at %s took %.0f s", f.Time, f.Seconds)
			}
			if f.Fleet.Reported {
				reported++
			}
		}
		if len(w.finished) < 12 || reported < 3 || reported > 5 {
			t.Errorf("%d rounds, %d with a report", len(w.finished), reported)
		}
		out := logged(l)
		r.err = errors.New("the slot can't be read")
		running(t, l, 3*time.Minute)
		if n := strings.Count(out.String(), "the front-end's report can not be read"); n != 1 {
			t.Errorf("said %d times:\n%s", n, out)
		}
		r.err, r.refused = nil, "it is not signed by the front-end"
		running(t, l, 3*time.Minute)
		r.refused = ""
		running(t, l, 3*time.Minute)
		for _, text := range []string{"is not from it", "it is not signed by the front-end", "report is there again"} {
			if n := strings.Count(out.String(), text); n != 1 {
				t.Errorf("%q is said %d times:\n%s", text, n, out)
			}
		}
	})
}

// A scheduled run enrols what it has made, as long as that comes in time; the next run
// enrols the rest.
func TestOnceEnrolsWhatItHasMade(t *testing.T) {
	for takes, here := range map[time.Duration]bool{0: true, 2 * time.Minute: true, 10 * time.Minute: false} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.address = map[string]time.Duration{"cpu": takes}
			s.submit(8, 0, time.Hour)
			begun := time.Now()
			r, err := newLoop(s, 20).Once(t.Context())
			if err != nil || len(r.Added) != 2 || (len(r.Enrolled) == 2) != here || time.Since(begun) > 4*time.Minute+20*time.Second {
				t.Errorf("%s to an address: added %v, enrolled %v after %s, %v", takes, r.Added, r.Enrolled, time.Since(begun), err)
			}
			time.Sleep(10 * time.Minute)
			next, err := newLoop(s, 20).Once(t.Context())
			if err != nil || len(s.doc.Workers) != 2 || s.created != 2 {
				t.Errorf("%s to an address: roster %v after the next run, %d created, %v, %v", takes, s.doc.Workers, s.created, next.Errors, err)
			}
			if calls := fmt.Sprint(s.calls); slices.Contains(s.calls, "remove 2") || len(s.calls) != 1 {
				t.Errorf("calls %s", calls)
			}
		})
	}
}

// newWatched returns a loop with eight waiting jobs, and what follows it.
func newWatched() (*sim, *loop.Loop, *watcher) {
	s, w := newSim(), &watcher{}
	l := newLoop(s, 20)
	l.Observers = []loop.Observer{w}
	s.submit(8, 0, 30*time.Minute)
	return s, l, w
}

// A cloud that takes minutes for a create call holds no round up: jobs are still read, a
// worker is called back, and no call is sent a second time. The answers are taken later.
func TestSlowCreateCallsHoldNoRoundUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, w := newWatched()
		s.addTakes = 3 * time.Minute
		log := logged(l)
		running(t, l, 5*time.Minute)
		if said := strings.Count(log.String(), "workers are added"); said != 1 {
			t.Errorf("the log says %d times that workers are added:\n%s", said, log.String())
		}
		if s.created != 2 || s.posts != 1 {
			t.Errorf("%d servers by %d posts, want 2 by one", s.created, s.posts)
		}
		made, putOff := 0, 0
		for _, r := range w.finished {
			made += len(r.Added)
			for _, n := range r.Notes {
				if n.Reason.Code == reason.CallsUnderWay {
					putOff++
				}
			}
			if r.Seconds > 12 {
				t.Errorf("the round at %s took %.0f s", r.Time, r.Seconds)
			}
		}
		if made != 2 || len(w.finished) < 15 || putOff < 10 {
			t.Errorf("%d rounds, %d workers in their records, put off %d times", len(w.finished), made, putOff)
		}
	})
}

// What the cloud refuses after its round counts against the group as usual.
func TestALateRefusalIsAFailureOfItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, w := newWatched()
		s.addTakes, s.addErr = time.Minute, &cluster.CloudError{Kind: cluster.FaultImage, Op: "create server", Code: 400, Message: "no such image"}
		running(t, l, 4*time.Minute)
		failed := 0
		for _, r := range w.finished {
			failed += len(r.Errors)
		}
		if s.posts != 1 || failed != 1 {
			t.Errorf("%d posts, %d errors in the records; want one of each, and a pause", s.posts, failed)
		}
	})
}
