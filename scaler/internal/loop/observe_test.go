package loop_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// watcher keeps the records that it gets.
type watcher struct {
	decided, finished []record.Record
	at                []time.Duration
	start             time.Time
}

func (w *watcher) Decided(r record.Record) { w.decided = append(w.decided, r) }

func (w *watcher) Finished(r record.Record) {
	w.finished = append(w.finished, r)
	w.at = append(w.at, r.Time.Sub(w.start))
}

func TestObserversFollowEachRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, 10*time.Minute)
		w := &watcher{}
		l := newLoop(s, 20)
		l.Observers = []loop.Observer{w}
		l.Policy.ScaleOutAfter = 0
		s.addTakes = 8 * time.Second
		running(t, l, 9*time.Second)
		if len(w.decided) != 1 || len(w.decided[0].Add) != 1 || len(w.decided[0].Added) != 0 {
			t.Fatalf("before the action: %+v", w.decided)
		}
		if len(w.finished) != 1 || len(w.finished[0].Added) != 1 || w.finished[0].Seconds < 8 {
			t.Errorf("after the action: %+v", w.finished)
		}
		if d := w.decided[0]; d.Facts.Queue.Waiting() != 4 || d.Policy.Groups["cpu"].Max != 20 {
			t.Errorf("facts %+v, policy %+v", d.Facts, d.Policy)
		}
		s.queueErr = errDown
		running(t, l, 5*time.Second)
		if len(w.decided) != 1 || len(w.finished) != 2 || w.finished[1].Unread != record.SourceQueue {
			t.Errorf("of a failed reading: %+v", w.finished[1])
		}
	})
}

// A change of settings neither delays nor doubles a round, and forgets nothing.
func TestSettingsChangeBetweenRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.firstLook = s.look
		s.submit(8, 0, 10*time.Minute)
		w := &watcher{start: time.Now()}
		changes := make(chan loop.Settings)
		l := newLoop(s, 1)
		l.Observers, l.Changes = []loop.Observer{w}, changes
		same := l.Queue
		settings := func(most int, interval time.Duration) loop.Settings {
			p := decide.DefaultPolicy()
			p.Groups["cpu"] = decide.Bounds{Max: most}
			return loop.Settings{Policy: p, Interval: interval, Queue: same}
		}
		go func() {
			for _, at := range []time.Duration{13, 16, 19} { // a signal more often than the interval
				time.Sleep(at*time.Second - time.Since(w.start))
				changes <- settings(1, 10*time.Second)
			}
			time.Sleep(34*time.Second - time.Since(w.start))
			changes <- settings(2, 5*time.Second) // the next one is due at 35
			time.Sleep(57*time.Second - time.Since(w.start))
			changes <- settings(2, time.Second) // the next one was due at 56
		}()
		running(t, l, 60500*time.Millisecond)
		var seconds []int
		for _, at := range w.at {
			seconds = append(seconds, int(at.Seconds()))
		}
		want := []int{0, 10, 20, 30, 35, 40, 45, 50, 55, 57, 58, 59, 60}
		if len(seconds) != len(want) {
			t.Fatalf("ticks at %v, want %v", seconds, want)
		}
		for i := range want {
			if seconds[i] != want[i] {
				t.Fatalf("ticks at %v, want %v", seconds, want)
			}
		}
		if s.servers() != 2 {
			t.Errorf("%d servers: the hold of 60 s did not go on, or the new max does not hold", s.servers())
		}
	})
}

// A hold that ends between two rounds causes one round of its own.
func TestTheEndOfAHoldIsNotSleptOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 20)
		l.Policy.ScaleOutAfter = 35 * time.Second
		w := &watcher{start: s.start}
		l.Observers = append(l.Observers, w)
		s.submit(4, 12*time.Second, time.Hour) // seen at 20 s
		running(t, l, 80*time.Second)
		var at []int
		made := -1
		for i, r := range w.finished {
			at = append(at, int(w.at[i].Seconds()))
			if len(r.Added) > 0 {
				made = at[i]
			}
		}
		if want := []int{0, 10, 20, 30, 40, 48, 58, 68, 78}; !slices.Equal(at, want) || made != 48 {
			t.Errorf("rounds at %v, want %v; a worker was made at %d s", at, want, made)
		}
	})
}
