package wait

import (
	"context"
	"time"
)

// Sleep waits for d. It ends early, with the context's cause, where the context
// ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Reserve returns a context that ends a tenth of the time left, and at most a
// minute, before its parent's deadline: the caller has that time left to report
// what did not come about.
func Reserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := time.Until(deadline)
	return context.WithDeadline(ctx, deadline.Add(-min(left/10, time.Minute)))
}

// Share returns a context for 1/parts of the time left until the deadline, after
// the deduction of Reserve.
func Share(ctx context.Context, parts int) (context.Context, context.CancelFunc) {
	reserved, cancel := Reserve(ctx)
	deadline, ok := reserved.Deadline()
	if !ok || parts <= 1 {
		return reserved, cancel
	}
	shared, cancelShared := context.WithTimeout(reserved, time.Until(deadline)/time.Duration(parts))
	return shared, func() { cancelShared(); cancel() }
}
