package loop

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a call that lasts until its time, or its context, is over.
func slow(d time.Duration) func(context.Context) string {
	return func(ctx context.Context) string {
		select {
		case <-time.After(d):
			return "done"
		case <-ctx.Done():
			return ctx.Err().Error()
		}
	}
}

func TestBesideWaitsForNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &beside[string, string]{most: 2, timeout: time.Minute}
		begun := time.Now()
		if !b.begin(t.Context(), "a", slow(10*time.Second)) || !b.begin(t.Context(), "b", slow(time.Hour)) {
			t.Error("a call was not begun")
		}
		if b.begin(t.Context(), "c", slow(0)) {
			t.Error("a third call was begun beside two")
		}
		if len(b.take()) != 0 || !b.busy() || time.Since(begun) != 0 {
			t.Errorf("results %v after %s", b.take(), time.Since(begun))
		}
		time.Sleep(11 * time.Second)
		if b.begin(t.Context(), "a", slow(0)) {
			t.Error("a call was repeated whose result was not taken")
		}
		if got := fmt.Sprint(b.take()); got != "map[a:done]" || len(b.take()) != 0 {
			t.Errorf("after 11 s: %s", got)
		}
		if !b.begin(t.Context(), "a", slow(0)) {
			t.Error("a call was not begun again after its result was taken")
		}
		time.Sleep(time.Minute)
		if got := fmt.Sprint(b.take()); got != "map[a:done b:context deadline exceeded]" || b.busy() {
			t.Errorf("after a minute: %s", got)
		}
	})
}

// A call outlives the round that began it, and ends with the loop.
func TestBesideEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &beside[string, string]{most: 2, timeout: time.Hour}
		round, over := context.WithCancel(t.Context())
		b.begin(round, "a", slow(10*time.Second))
		over()
		time.Sleep(11 * time.Second)
		b.begin(t.Context(), "b", slow(30*time.Minute))
		begun := time.Now()
		b.end()
		if got := fmt.Sprint(b.take()); got != "map[a:done b:context canceled]" || time.Since(begun) != 0 {
			t.Errorf("%s after %s", got, time.Since(begun))
		}
		(&beside[string, string]{}).end() // one that was never used
	})
}
