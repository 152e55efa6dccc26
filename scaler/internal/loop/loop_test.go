package loop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

func TestABurstComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(40, 30*time.Second, 10*time.Minute)
		running(t, newLoop(s, 20), time.Hour)
		if s.unfinished() != 0 || s.killed != 0 {
			t.Errorf("%d jobs unfinished, %d killed", s.unfinished(), s.killed)
		}
		if s.peak != 10 {
			t.Errorf("peak of %d workers for 40 jobs on 4 CPUs each, want 10", s.peak)
		}
		if s.servers() != 0 {
			t.Errorf("%d servers left an hour later", s.servers())
		}
		if s.created != 10 || s.removed != 10 {
			t.Errorf("%d created, %d removed, want 10 and 10: no churn", s.created, s.removed)
		}
	})
}

func TestMaxIsKeptAndAllJobsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(100, 0, 10*time.Minute)
		running(t, newLoop(s, 5), 3*time.Hour)
		if s.unfinished() != 0 || s.killed != 0 || s.peak != 5 || s.servers() != 0 {
			t.Errorf("unfinished %d, killed %d, peak %d, left %d", s.unfinished(), s.killed, s.peak, s.servers())
		}
	})
}

// A day of small jobs at odd times: nothing is killed, and the scaler does not
// make and delete workers for each of them.
func TestADayOfJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		for i := range 200 {
			at := time.Duration(i) * 7 * time.Minute
			s.submit(1+i%6, at, time.Duration(1+i%11)*time.Minute)
		}
		running(t, newLoop(s, 10), 26*time.Hour)
		if s.unfinished() != 0 || s.killed != 0 || s.servers() != 0 {
			t.Errorf("unfinished %d, killed %d, left %d", s.unfinished(), s.killed, s.servers())
		}
		if s.created > 250 {
			t.Errorf("%d workers were made for 200 batches", s.created)
		}
	})
}

// However often the scaler is restarted, nothing is made twice or lost.
func TestRestartsAtAnyMoment(t *testing.T) {
	for _, every := range []time.Duration{95 * time.Second, 4 * time.Minute, 7*time.Minute + 13*time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.submit(16, 0, 15*time.Minute)
			for elapsed := time.Duration(0); elapsed < 2*time.Hour; elapsed += every {
				running(t, newLoop(s, 20), every)
			}
			if s.unfinished() != 0 || s.killed != 0 || s.peak != 4 || s.servers() != 0 {
				t.Errorf("restart every %s: unfinished %d, killed %d, peak %d, left %d", every, s.unfinished(), s.killed, s.peak, s.servers())
			}
		})
	}
}

func TestNothingIsDoneWhileTheQueueCanNotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(8, 0, 10*time.Minute)
		l := newLoop(s, 20)
		running(t, l, 5*time.Minute)
		before := len(s.calls)
		s.queueErr = errDown
		running(t, l, time.Hour) // the jobs end, and the workers stay
		if len(s.calls) != before || s.servers() != 2 {
			t.Errorf("calls %v, %d servers", s.calls[before:], s.servers())
		}
		s.queueErr, s.clusterErr = nil, errDown
		running(t, l, time.Hour)
		if len(s.calls) != before {
			t.Errorf("calls %v", s.calls[before:])
		}
		s.clusterErr = nil
		running(t, l, 20*time.Minute)
		if s.servers() != 0 {
			t.Errorf("%d servers left", s.servers())
		}
	})
}

func TestFailuresAreTriedAgainAtGrowingIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, time.Minute)
		s.addErr = &cluster.CloudError{Kind: cluster.FaultNoHost, Op: "create server", Code: 400, Message: "No valid host was found"}
		l := newLoop(s, 20)
		running(t, l, 3*time.Hour)
		// After 1 minute, then 5, 10, 20, 30, 30, 30 and 30 minutes later; no more.
		if n := len(s.calls); n < 7 || n > 8 {
			t.Errorf("%d attempts in three hours: %v", n, s.calls)
		}
		s.addErr = nil
		running(t, l, 2*time.Hour)
		if s.unfinished() != 0 || s.servers() != 0 {
			t.Errorf("after the failure: unfinished %d, left %d", s.unfinished(), s.servers())
		}
	})
}

func TestWorkersThatNeverJoinAreReplacedWithPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.neverJoin = true
		s.submit(4, 0, time.Minute)
		l := newLoop(s, 20)
		running(t, l, 4*time.Hour)
		if s.peak != 1 || s.created < 4 || s.created > 16 {
			t.Errorf("peak %d, created %d in four hours, want one at a time", s.peak, s.created)
		}
		s.neverJoin = false
		running(t, l, 2*time.Hour)
		if s.unfinished() != 0 || s.servers() != 0 {
			t.Errorf("unfinished %d, left %d", s.unfinished(), s.servers())
		}
	})
}

func TestStopFinishesTheCallUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.addTakes = 3 * time.Minute
		s.submit(4, 0, time.Minute)
		start := time.Now()
		running(t, newLoop(s, 20), 75*time.Second) // in the middle of Add
		if len(s.calls) != 1 || s.servers() != 1 {
			t.Errorf("calls %v, %d servers, want the one call finished", s.calls, s.servers())
		}
		if took := time.Since(start); took < 4*time.Minute {
			t.Errorf("stopped after %s, before the call had ended", took)
		}
	})
}

// The tools of a killed batch system word their failure differently in each round.
func TestEachFailureToReadIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 20)
		out := logged(l)
		for range 2 {
			for i := range 10 {
				s.queueErr = fmt.Errorf("wording %d", i%2)
				l.Tick(t.Context(), true)
			}
			s.queueErr = nil
			l.Tick(t.Context(), true)
		}
		if n, over := strings.Count(out.String(), "[ERROR]"), strings.Count(out.String(), "can be read again"); n != 4 || over != 2 {
			t.Errorf("two outages with two wordings each: %d errors, over %d times, want 4 and 2:\n%s", n, over, out)
		}
	})
}

func TestOnceWatchesAndActsAtMostOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(8, 0, 10*time.Minute)
		start := time.Now()
		r, err := newLoop(s, 20).Once(t.Context())
		if err != nil || len(r.Added) != 2 || len(s.calls) != 1 {
			t.Fatalf("added %v, calls %v, error %v", r.Added, s.calls, err)
		}
		if len(r.Enrolled) != 2 || len(s.doc.Workers) != 2 {
			t.Errorf("enrolled %v, roster %v", r.Enrolled, s.doc.Workers)
		}
		if took := time.Since(start); took < time.Minute || took > time.Minute+13*time.Second {
			t.Errorf("took %s, want the hold of 1m and a round that enrols", took)
		}
		// A scheduled container, every five minutes, does the whole work.
		for range 14 {
			time.Sleep(5 * time.Minute)
			if _, err := newLoop(s, 20).Once(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if s.unfinished() != 0 || s.servers() != 0 || s.killed != 0 || s.created != 2 {
			t.Errorf("unfinished %d, left %d, killed %d, created %d", s.unfinished(), s.servers(), s.killed, s.created)
		}
	})
}

// A reading that is three minutes old after the deletions causes no new workers.
func TestNothingIsBegunByOldFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSlow()
		s.doc.Groups["zzz"] = s.doc.Groups["cpu"]
		s.deletions, l.Consoles = 3*time.Minute, nil
		s.nodes["astro-cpu-1"] = &simNode{node: cluster.Node{ID: "s9", Name: "astro-cpu-1", Role: cluster.RoleWorker, Group: "cpu", Status: cluster.StatusError, Created: time.Now()}}
		l.Policy.Groups = map[string]decide.Bounds{"cpu": {Max: 1}, "zzz": {Min: 1, Max: 1}}
		r, _ := l.Tick(t.Context(), true)
		if len(s.calls) != 1 || len(r.Errors) != 0 || !strings.Contains(r.Notes[len(r.Notes)-1].Reason.String(), "what was read is 3m") {
			t.Errorf("calls %v, errors %v, notes %v", s.calls, r.Errors, r.Notes)
		}
		if l.Tick(t.Context(), true); len(s.calls) != 2 {
			t.Errorf("the next tick did not make up for it: %v", s.calls)
		}
	})
}

// At any interval, the round that acts removes workers, and not the one before.
func TestOnceRemovesAtAnyInterval(t *testing.T) {
	for _, interval := range []time.Duration{7 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 29 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.submit(4, 0, time.Minute)
			for range 12 {
				l := newLoop(s, 20)
				l.Interval = interval
				if _, err := l.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Minute)
			}
			if s.servers() != 0 || s.killed != 0 {
				t.Errorf("interval %s: %d servers left, %d jobs killed", interval, s.servers(), s.killed)
			}
		})
	}
}

func TestOnceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.queueErr = errDown
		if _, err := newLoop(s, 20).Once(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("error %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s.queueErr = nil
		if _, err := newLoop(s, 20).Once(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopped early: error %v", err)
		}
	})
}

func TestPlanTouchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(8, 0, 10*time.Minute)
		l := newLoop(s, 20)
		r, err := l.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := status.WritePlan(&out, r, l.Policy.ScaleOutAfter, false); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"8 waiting, 0 running", "add 2", "group cpu", "8 jobs found no place", "has lasted 1m0s", "Nothing was changed."} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the plan lacks %q:\n%s", want, out.String())
			}
		}
		if r, err = l.Watch(t.Context()); err != nil || len(r.Add) != 1 {
			t.Errorf("after a watch: %+v, %v", r.Add, err)
		}
		if len(s.calls) != 0 || s.servers() != 0 {
			t.Errorf("calls %v", s.calls)
		}
	})
}

func TestOneRecordForEachRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(8, 0, 10*time.Minute)
		var out bytes.Buffer
		l := newLoop(s, 1)
		l.Records = &record.JSONLines{W: &out}
		running(t, l, 65*time.Second)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 7 {
			t.Fatalf("%d records of 7 ticks", len(lines))
		}
		var last struct {
			Waiting int `json:"jobs_waiting"`
			Add     []struct{ Reason string }
			Notes   []struct{ About, Reason string }
			Added   []string
		}
		if err := json.Unmarshal([]byte(lines[6]), &last); err != nil {
			t.Fatal(err)
		}
		if last.Waiting != 8 || len(last.Add) != 1 || last.Added[0] != "astro-cpu-1" {
			t.Errorf("last record: %s", lines[6])
		}
		if len(last.Notes) != 1 || !strings.Contains(last.Notes[0].Reason, "max of 1") {
			t.Errorf("it does not say what is not done: %s", lines[6])
		}
	})
}
