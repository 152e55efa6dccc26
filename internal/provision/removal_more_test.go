package provision

import (
	"testing"
	"testing/synctest"
	"time"
)

// A victim that another client deletes, before this run has marked it, holds no worker up
// that waits for room.
func TestAVictimThatVanishesFreesItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.maxed, req.Create, req.DrainTimeout = 4, false, 10*time.Minute
		sizes(&req, 1, 2)
		c.before = func(_ int, op string) error {
			if op == "create astro-gpu-2" {
				c.each("astro-cpu-2", func(s *memServer) { s.deleted, s.times.delete = time.Now(), time.Millisecond })
			}
			return nil
		}
		begun := time.Now()
		res := apply(t, c, req)
		if took := time.Since(begun); len(res.Problems) > 0 || took > 5*time.Minute {
			t.Errorf("after %s: problems %v", took, res.Problems)
		}
		expectNames(t, c, swapped(1, 2))
	})
}
