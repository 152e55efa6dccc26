package loop_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
)

// logged makes a loop log to a buffer, and returns the buffer.
func logged(l *loop.Loop) *bytes.Buffer {
	var out bytes.Buffer
	l.Log = hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Info, DisableTime: true})
	return &out
}

func expectAllDone(t *testing.T, s *sim) {
	t.Helper()
	if s.unfinished() != 0 || s.killed != 0 || s.servers() != 0 || len(s.doc.Workers) != 0 {
		t.Errorf("unfinished %d, killed %d, servers left %d, roster %v", s.unfinished(), s.killed, s.servers(), s.doc.Workers)
	}
}

// The quota has room for three workers: the scaler makes no call that the quota would
// refuse, no pause follows, and room that others free is used in the next round.
func TestQuotaIsReadInEachRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.quota, s.others = 10, 7
		s.submit(40, 0, 20*time.Minute)
		l := newLoop(s, 20)
		out := logged(l)
		running(t, l, 10*time.Minute)
		if s.servers() != 3 || s.refused != 0 || len(s.calls) != 1 {
			t.Errorf("%d servers, %d refusals, calls %v", s.servers(), s.refused, s.calls)
		}
		if !strings.Contains(out.String(), "put off: quota: 3 instances left, a worker takes 1") {
			t.Errorf("not said:\n%s", out)
		}
		s.others = 3
		running(t, l, 20*time.Second)
		if s.servers() != 7 {
			t.Errorf("%d servers after others gave 4 back", s.servers())
		}
		running(t, l, 3*time.Hour)
		expectAllDone(t, s)
	})
}

// A cloud whose quota cannot be read refuses workers. That is not a failure of the
// group: the scaler tries again each minute, and logs once that it cannot read.
func TestQuotaThatCanNotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.quota, s.others, s.roomErr = 10, 10, errDown
		s.submit(4, 0, 10*time.Minute)
		l := newLoop(s, 20)
		out := logged(l)
		running(t, l, 61*time.Minute)
		if s.refused < 50 || s.refused > 61 {
			t.Errorf("%d attempts in an hour, want one a minute", s.refused)
		}
		if n := strings.Count(out.String(), "the quota can not be read"); n != 1 {
			t.Errorf("said %d times", n)
		}
		s.others = 0
		running(t, l, 70*time.Second)
		if s.servers() != 1 {
			t.Errorf("%d servers when there is room", s.servers())
		}
	})
}

// The scaler is killed at each of its calls, while it creates and while it deletes:
// the next one continues, makes nothing twice and leaves nothing.
func TestKilledInTheMiddle(t *testing.T) {
	for _, in := range []string{"create", "delete"} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.submit(16, 0, 10*time.Minute)
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
				s.die, s.dieIn = cancel, in
				if err := newLoop(s, 20).Run(ctx); err != nil {
					t.Fatal(err)
				}
				cancel()
			}
			s.dieIn = ""
			running(t, newLoop(s, 20), 3*time.Hour)
			expectAllDone(t, s)
			if s.peak > 7 {
				t.Errorf("killed in %s: %d servers at a time for 4", in, s.peak)
			}
		})
	}
}

// A restart at every tenth second of the first half hour, each in its own world, has
// the same end.
func TestARestartAtEveryMoment(t *testing.T) {
	for at := 5 * time.Second; at < 30*time.Minute; at += 10 * time.Second {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.submit(8, 0, 10*time.Minute)
			running(t, newLoop(s, 20), at)
			running(t, newLoop(s, 20), 40*time.Minute)
			expectAllDone(t, s)
			if s.created != 2 || s.removed != 2 {
				t.Errorf("restart after %s: %d created, %d removed", at, s.created, s.removed)
			}
		})
	}
}

// Servers that an ended scaler made and did not enrol are deleted after their grace, but
// not while another program may still enrol them.
func TestOrphansAreCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		now := time.Now()
		for i := range 3 {
			name := cluster.WorkerName("astro", "cpu", i+1)
			s.nodes[name] = &simNode{node: cluster.Node{ID: fmt.Sprint("o", i), Name: name, Role: cluster.RoleWorker, Group: "cpu", Status: cluster.StatusActive, Created: now, Batch: "lost"}}
		}
		s.nodes["astro-cpu-3"].node.Status, s.nodes["astro-cpu-3"].node.Batch = cluster.StatusBuild, "other"
		l := newLoop(s, 20)
		running(t, l, 4*time.Minute+50*time.Second)
		if s.servers() != 3 {
			t.Errorf("%d servers before the grace is over", s.servers())
		}
		running(t, l, 30*time.Second)
		if s.servers() != 1 {
			t.Errorf("%d servers after it, want the one that is being built", s.servers())
		}
		running(t, l, 5*time.Minute+20*time.Second) // then the scaler collects what they left
		slices.Sort(s.collected)
		if fmt.Sprint(s.collected) != "[o0 o1]" {
			t.Errorf("looked for what %v left", s.collected)
		}
	})
}

func TestOneOfTwoServersOfANameGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, time.Hour)
		l := newLoop(s, 20)
		running(t, l, 5*time.Minute)
		twin := s.nodes["astro-cpu-1"].node
		twin.ID, twin.Batch, twin.Created = "twin", "another", time.Now()
		s.twins = append(s.twins, twin)
		running(t, l, 20*time.Minute)
		if len(s.twins) != 0 || s.servers() != 1 || s.running("astro-cpu-1") != 4 || s.created != 1 {
			t.Errorf("twins %v, %d servers, %d jobs run, %d created", s.twins, s.servers(), s.running("astro-cpu-1"), s.created)
		}
		running(t, l, 2*time.Hour)
		expectAllDone(t, s)
	})
}

// More than 45 % of the workers vanish from pool and queue with their jobs: the scaler
// does nothing and logs that once, until they are back.
func TestManySickWorkersStopEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(32, 0, 4*time.Hour)
		l := newLoop(s, 20)
		out := logged(l)
		running(t, l, 10*time.Minute)
		if s.servers() != 8 {
			t.Fatalf("%d servers", s.servers())
		}
		s.dark = func(name string) bool { return name < "astro-cpu-5" }
		s.submit(8, 15*time.Minute, 10*time.Minute) // would need two more
		calls := len(s.calls)
		running(t, l, 2*time.Hour)
		if len(s.calls) != calls || s.servers() != 8 {
			t.Errorf("calls %v, %d servers", s.calls[calls:], s.servers())
		}
		if n := strings.Count(out.String(), "[ERROR] stopped: 4 of 8 workers are sick (4 gone from the pool)"); n != 1 {
			t.Errorf("said %d times:\n%s", n, out)
		}
		if _, err := newLoop(s, 20).Once(t.Context()); err == nil || !strings.Contains(err.Error(), "4 of 8 workers are sick") {
			t.Errorf("a scheduled run does not report it: %v", err)
		}
		s.dark = nil
		running(t, l, time.Minute+20*time.Second)
		if s.servers() != 10 || !strings.Contains(out.String(), "workers are made and removed again: most of them are healthy") {
			t.Errorf("after it %d servers:\n%s", s.servers(), out)
		}
		running(t, l, 6*time.Hour)
		expectAllDone(t, s)
	})
}

// The batch system does not answer for an hour, in which jobs end and arrive: the scaler
// logs that once, and then continues.
func TestAnOutageIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(8, 0, 10*time.Minute)
		s.submit(4, 40*time.Minute, 10*time.Minute)
		l := newLoop(s, 20)
		out := logged(l)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		for at, err := range map[time.Duration]error{5 * time.Minute: errDown, 65 * time.Minute: nil} {
			time.AfterFunc(at, func() { s.mu.Lock(); s.queueErr = err; s.mu.Unlock() })
		}
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"[ERROR] nothing is done in this round: read the queue: no answer within 10s", "cluster and queue can be read again"} {
			if n := strings.Count(out.String(), line); n != 1 {
				t.Errorf("%q is said %d times:\n%s", line, n, out)
			}
		}
		expectAllDone(t, s)
		if s.created != 2 {
			t.Errorf("%d created", s.created)
		}
	})
}

// A part of the batch system does not answer: jobs that are listed count, no worker
// leaves.
func TestPartialDataRemoveNoWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(8, 0, 5*time.Minute)
		l := newLoop(s, 20)
		out := logged(l)
		running(t, l, 5*time.Minute)
		s.partial = []string{"read the queue of two: no answer within 10s"}
		s.submit(4, time.Hour, time.Minute) // and the first ones end
		calls := len(s.calls)
		running(t, l, 50*time.Minute)
		if s.servers() != 2 || len(s.calls) != calls {
			t.Errorf("%d servers, calls %v", s.servers(), s.calls[calls:])
		}
		if n := strings.Count(out.String(), "what was read is not whole: read the queue of two"); n == 0 || n > 4 {
			t.Errorf("said %d times:\n%s", n, out)
		}
		running(t, l, 20*time.Minute) // and the new jobs are run
		s.partial = nil
		running(t, l, time.Hour)
		expectAllDone(t, s)
	})
}

// A directory of the pool that was restarted lists no workers for a while: none is
// replaced for that, and none is added.
func TestARestartedDirectoryMovesNoWorker(t *testing.T) {
	for _, busy := range []time.Duration{2 * time.Hour, 5 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.submit(16, 0, busy)
			l := newLoop(s, 20)
			running(t, l, 6*time.Minute)
			s.poolSince = time.Now()
			calls := len(s.calls)
			running(t, l, 170*time.Second)
			if len(s.calls) != calls || s.servers() != 4 {
				t.Errorf("calls %v, %d servers", s.calls[calls:], s.servers())
			}
			running(t, l, 4*time.Hour)
			expectAllDone(t, s)
			if s.created != 4 {
				t.Errorf("%d created", s.created)
			}
		})
	}
}

// The console of a worker that never joined is logged once, before its server is
// deleted.
func TestTheConsoleOfAWorkerThatNeverJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.neverJoin = true
		s.submit(4, 0, time.Minute)
		l := newLoop(s, 20)
		out := logged(l)
		s.removeErr = errDown
		running(t, l, 18*time.Minute) // it is tried in each round
		if fmt.Sprint(s.consoles) != "[s0]" || len(s.calls) < 5 {
			t.Errorf("consoles %v, calls %v", s.consoles, s.calls)
		}
		s.removeErr, s.neverJoin = nil, false
		running(t, l, time.Hour)
		expectAllDone(t, s)
		if !strings.Contains(out.String(), "no route to host s0") || !strings.Contains(out.String(), "fault=not_joined") {
			t.Errorf("the log lacks it:\n%s", out)
		}
	})
}

// A zone that has failed is avoided at once, and the other one is used.
func TestAFailedZoneIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		g := s.doc.Groups["cpu"]
		g.Zones = []string{"a", "b"}
		s.doc.Groups["cpu"] = g
		s.fullZone = "a"
		s.submit(4, 0, time.Minute)
		l := newLoop(s, 20)
		running(t, l, 90*time.Second)
		if fmt.Sprint(s.calls) != "[add 1 cpu add 1 cpu outside [a]]" || s.servers() != 1 {
			t.Errorf("calls %v, %d servers", s.calls, s.servers())
		}
		running(t, l, time.Hour)
		expectAllDone(t, s)
	})
}

// Between this scaler's decision to remove a drained worker and the call, another scaler
// calls it back, and it gets a job: it stays.
func TestAWorkerCalledBackByAnotherScaler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, 10*time.Minute)
		l := newLoop(s, 20)
		called := 0
		s.callBack = func() {
			if called++; called > 1 {
				return
			}
			for i, m := range s.doc.Workers {
				s.doc.Workers[i].Leaving = cluster.Stays
				s.nodes[m.Name].closed = false
				s.jobs = append(s.jobs, &simJob{submitted: s.at, length: 20 * time.Minute, on: m.Name, ends: s.at.Add(20 * time.Minute)})
			}
			s.doc.Generation++
		}
		running(t, l, 20*time.Minute)
		if called != 1 || s.servers() != 1 || s.killed != 0 {
			t.Errorf("called back %d times, %d servers, %d jobs killed", called, s.servers(), s.killed)
		}
		running(t, l, time.Hour)
		expectAllDone(t, s)
		if s.created != 1 {
			t.Errorf("%d created", s.created)
		}
	})
}

// The scaler learns that workers boot in two minutes: a late one is replaced after 8
// minutes, not after 15.
func TestTheLearnedJoinTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(16, 0, 5*time.Hour)
		l := newLoop(s, 20)
		running(t, l, 10*time.Minute)
		s.neverJoin = true
		s.submit(4, 10*time.Minute, time.Minute)
		running(t, l, time.Minute+10*time.Second)
		if s.servers() != 5 {
			t.Fatalf("%d servers", s.servers())
		}
		// A restarted scaler learns it from what the cloud and the pool show.
		running(t, newLoop(s, 20), 8*time.Minute-10*time.Second)
		if s.servers() != 5 {
			t.Errorf("%d servers before the timeout", s.servers())
		}
		running(t, newLoop(s, 20), 9*time.Minute)
		if s.servers() != 4 {
			t.Errorf("%d servers after it", s.servers())
		}
	})
}
