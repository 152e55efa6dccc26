package wait

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestSleepEndsWithTheCauseOfItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := Sleep(t.Context(), time.Hour); err != nil || time.Since(begun) != time.Hour {
			t.Errorf("slept %s, error %v", time.Since(begun), err)
		}
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(cause) })
		begun = time.Now()
		if err := Sleep(ctx, time.Hour); !errors.Is(err, cause) || time.Since(begun) != time.Minute {
			t.Errorf("slept %s, error %v", time.Since(begun), err)
		}
	})
}

// Each row: the time until the deadline, the parts, and how long one may take.
func TestShare(t *testing.T) {
	for _, row := range []struct {
		left  time.Duration
		parts int
		want  time.Duration
	}{
		{100 * time.Second, 1, 90 * time.Second},
		{100 * time.Second, 2, 45 * time.Second},
		{30 * time.Minute, 1, 29 * time.Minute},
		{61 * time.Minute, 3, 20 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), row.left)
			defer cancel()
			shared, cancelShared := Share(ctx, row.parts)
			defer cancelShared()
			if deadline, _ := shared.Deadline(); time.Until(deadline) != row.want {
				t.Errorf("1/%d of %s: %s, want %s", row.parts, row.left, time.Until(deadline), row.want)
			}
		})
	}
	if ctx, cancel := Share(t.Context(), 2); ctx.Err() != nil {
		t.Error("without a deadline there is time")
	} else {
		cancel()
	}
}
