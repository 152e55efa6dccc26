package provision

import (
	"context"
	"time"
)

// poll paces repeated reads: intervals grow by two thirds, so that a long wait
// costs few calls and ends at most two fifths late.
type poll struct {
	first, next, most time.Duration
	least             time.Duration // to which a guess may shorten an interval
}

func newPoll(first, most time.Duration) *poll {
	return &poll{first: first, next: first, most: most, least: first}
}

// slowestFirst is the longest wait before the first read of a list.
const slowestFirst = 10 * time.Second

// newServerPoll paces reads of a list while n servers come or go: Nova takes longer
// for more of them, and each read costs it more. A create of 50 that takes seven
// minutes costs seven reads.
func newServerPoll(n int) *poll {
	first := min(max(2*time.Second, time.Duration(n)*250*time.Millisecond), slowestFirst)
	return newPoll(first, max(30*time.Second, 20*first))
}

// foresee sets the next interval by how far n servers have come: with done of them
// there after that long, the others take as long as their share. A guess shortens
// an interval at will and stretches it by a fifth at most: a bad one ends little
// later than none. One that has shortened it and was wrong is not repeated: the
// last server of a busy cloud seems to be about to come for minutes, and intervals
// grow as they would have without a guess.
func (p *poll) foresee(done, n int, took time.Duration) {
	if done <= 0 || done >= n {
		return
	}
	rest := took / time.Duration(done) * time.Duration(n-done)
	guess := max(rest, p.least)
	if guess < p.next {
		p.least = min(guess*5/3, p.most)
	}
	p.next = min(guess, p.next*6/5, p.most)
}

// after takes over how long the cloud has been busy with this batch: one that has
// built for minutes is not done ten seconds later, and a look costs it less than a
// tenth of the time.
func (p *poll) after(took time.Duration) *poll {
	p.next = min(max(p.next, took/12), p.most)
	p.least = max(p.least, p.next)
	return p
}

// wait sleeps until the next read is due; the error is the context's.
func (p *poll) wait(ctx context.Context) error {
	d := p.next
	p.next = min(p.next*5/3, p.most)
	return sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// withReserve returns a context that ends a little before its parent's deadline,
// so that there is time left to say what did not come about.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := time.Until(deadline)
	return context.WithDeadline(ctx, deadline.Add(-min(left/10, time.Minute)))
}

// within returns a context for 1/share of what is left until the deadline, a
// reserve for reporting kept back.
func within(ctx context.Context, share int) (context.Context, context.CancelFunc) {
	reserved, cancel := withReserve(ctx)
	deadline, ok := reserved.Deadline()
	if !ok || share <= 1 {
		return reserved, cancel
	}
	shared, cancelShared := context.WithTimeout(reserved, time.Until(deadline)/time.Duration(share))
	return shared, func() { cancelShared(); cancel() }
}
