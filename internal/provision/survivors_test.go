package provision

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// survivors grows a cluster from two workers to want, and kills the run when all servers
// are asked for.
func survivors(t *testing.T, c *memCloud, want int) Request {
	t.Helper()
	req := testRequest(t, 2)
	apply(t, c, req)
	req.Create = false
	grow(&req, want)
	ctx, cancel := context.WithCancelCause(bounded(t))
	defer cancel(nil)
	made := len(c.present())
	c.before = func(_ int, op string) error {
		if op == "list" && len(c.present()) == made+want-2 {
			cancel(errKilled)
			return errKilled
		}
		return nil
	}
	_, _ = New(c, Options{}).Apply(ctx, req)
	c.before = nil
	return req
}

// Workers that a dead run made are enrolled and joined in the time of one join, not in the
// time that the run has.
func TestSurvivorsAreNotWaitedForLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := survivors(t, c, 4)
		time.Sleep(2 * memBoot)
		calls, begun := c.calls, time.Now()
		res := apply(t, c, req)
		if len(res.Problems) > 0 || len(document(t, c).Workers) != 4 {
			t.Errorf("problems %v, roster %v", res.Problems, document(t, c).Workers)
		}
		if took, calls := time.Since(begun), c.calls-calls; took > 2*time.Minute || calls > 40 {
			t.Errorf("it took %s and %d calls: %v", took, calls, c.log[len(c.log)-min(calls, 60):])
		}
	})
}

// A worker that gets no address in all the time of an apply is built anew by the next one,
// as that apply has said.
func TestAWorkerThatIsNeverBuilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.yard = newYard(40, 20*time.Second, time.Second)
		c.yard.slow["astro-cpu-3"] = 10000 * time.Hour
		req := testRequest(t, 4)
		if res := apply(t, c, req); len(res.Problems) != 1 || !res.Problems[0].Heals {
			t.Fatalf("problems %v, want one that the next apply heals", res.Problems)
		}
		req.Create = false
		if res := apply(t, c, req); len(res.Problems) > 0 || len(document(t, c).Workers) != 4 {
			t.Errorf("problems %v, a roster of %d", res.Problems, len(document(t, c).Workers))
		}
		expectNames(t, c, wantNames("cpu", 1, 2, 3, 4))
	})
}
