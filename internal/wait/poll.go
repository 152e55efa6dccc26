package wait

import (
	"context"
	"time"
)

// Poll paces repeated reads. Its intervals grow by two thirds, so that a long
// wait costs few calls and ends at most two fifths late.
type Poll struct {
	next, most time.Duration
	least      time.Duration // to which a forecast may shorten an interval
}

// NewPoll returns a Poll whose first interval is first; none is longer than most.
func NewPoll(first, most time.Duration) *Poll {
	return &Poll{next: first, most: most, least: first}
}

// slowestFirst is the longest wait before the first read of a list.
const slowestFirst = 10 * time.Second

// ForServers returns a Poll for reads of a list while n servers come or go: Nova
// takes longer for more of them, and each read costs Nova more. A create of 50
// that takes seven minutes costs seven reads.
func ForServers(n int) *Poll {
	first := min(max(2*time.Second, time.Duration(n)*250*time.Millisecond), slowestFirst)
	return NewPoll(first, max(30*time.Second, 20*first))
}

// Foresee sets the next interval by how far n servers have come: if done of them
// took that long, the others take as long as their share. A forecast shortens an
// interval without limit and stretches it by at most a fifth, so that a wrong one
// ends little later than none. A forecast that shortened the interval and was
// wrong is not repeated: the last server of a busy cloud seems about to come for
// minutes, and intervals grow as they would have without a forecast.
func (p *Poll) Foresee(done, n int, took time.Duration) {
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

// After lengthens the intervals by how long the cloud has been busy with these
// servers, and returns the Poll: servers that have been built for minutes are not
// done ten seconds later, and a read costs less than a tenth of the time.
func (p *Poll) After(took time.Duration) *Poll {
	p.next = min(max(p.next, took/12), p.most)
	p.least = max(p.least, p.next)
	return p
}

// Wait sleeps until the next read is due; the error is the context's cause.
func (p *Poll) Wait(ctx context.Context) error {
	d := p.next
	p.next = min(p.next*5/3, p.most)
	return Sleep(ctx, d)
}
