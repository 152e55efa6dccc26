package wait

import (
	"context"
	"time"
)

// Poll paces repeated reads of which none shows how far things have come. Its intervals
// grow by two thirds.
type Poll struct{ next, most time.Duration }

// NewPoll returns a Poll whose first interval is first; none is longer than most.
func NewPoll(first, most time.Duration) *Poll { return &Poll{next: first, most: most} }

// Wait sleeps until the next read is due; the error is the context's cause.
func (p *Poll) Wait(ctx context.Context) error {
	d := p.next
	p.next = min(p.next*5/3, p.most)
	return Sleep(ctx, d)
}
