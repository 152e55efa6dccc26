package loop_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// While once watches, it says what it would do as that: a reader of the log must
// not take it for done.
func TestWhatIsOnlyWatchedIsToldAsThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, time.Minute)
		running(t, newLoop(s, 20), 5*time.Minute) // a worker comes, and has run all of them
		if s.unfinished() != 0 || s.servers() != 1 {
			t.Fatalf("%d jobs, %d servers: nothing can be shown", s.unfinished(), s.servers())
		}
		l := newLoop(s, 20)
		out := logged(l)
		if _, err := l.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		watched, done := 0, 0
		for line := range strings.Lines(out.String()) {
			switch {
			case !strings.Contains(line, "worker is asked to leave"):
			case strings.Contains(line, "watching=true"):
				watched++
			default:
				done++
			}
		}
		if watched == 0 || done != 1 {
			t.Errorf("%d times as watched, %d times as done, want once:\n%s", watched, done, out)
		}
	})
}
