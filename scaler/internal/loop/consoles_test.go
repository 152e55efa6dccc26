package loop_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
)

// silentConsoles answers when the caller gives up, as a cloud that refuses each attempt.
type silentConsoles struct{ asked int }

func (c *silentConsoles) ConsoleTail(ctx context.Context, _ string, _ int) (string, error) {
	c.asked++
	<-ctx.Done()
	return "", ctx.Err()
}

func TestConsolesThatCanNotBeReadDelayNoAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.neverJoin = true
		s.submit(4, 0, time.Minute)
		l := newLoop(s, 20)
		consoles, w := &silentConsoles{}, &watcher{}
		l.Consoles, l.Observers = consoles, []loop.Observer{w}
		running(t, l, 18*time.Minute)
		if consoles.asked != 1 || s.removed != 1 {
			t.Errorf("%d consoles were asked for, %d workers removed, want 1 and 1", consoles.asked, s.removed)
		}
		for _, r := range w.finished {
			if r.Seconds > 20 {
				t.Errorf("the round at %s took %.0f s", r.Time, r.Seconds)
			}
		}
	})
}
