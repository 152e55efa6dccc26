package loop

import (
	"testing"
	"time"
)

func TestClockSteps(t *testing.T) {
	for _, row := range []struct{ wall, ran, want time.Duration }{
		{10 * time.Second, 10 * time.Second, 0},
		{10*time.Second + 900*time.Millisecond, 10 * time.Second, 0},
		{time.Hour, 10 * time.Second, time.Hour - 10*time.Second},
		{-time.Hour, 10 * time.Second, -time.Hour - 10*time.Second},
	} {
		if got := clockStep(row.wall, row.ran); got != row.want {
			t.Errorf("%s by the wall, %s by the other clock: set by %s, want %s", row.wall, row.ran, got, row.want)
		}
	}
}

// The time that has passed by both clocks moves nothing.
func TestWhatIsRememberedStaysWhileTheClockRuns(t *testing.T) {
	var s state
	begun := time.Now()
	s.memory.WatchedFrom = begun
	for i := range 3 {
		s.follow(begun.Add(time.Duration(i) * time.Hour))
	}
	if s.memory.WatchedFrom != begun {
		t.Errorf("moved to %s", s.memory.WatchedFrom)
	}
}
