package wait

import (
	"context"
	"math"
	"time"
)

// Pace says when the next look at servers that come or go is worth a call. It follows
// what is waited for: by a forecast where looks have shown enough for one, else in
// proportion to the time waited. A single server is asked for at short intervals, so
// that its end is seen a twentieth of the time late at most; each look at many costs the
// cloud more, and shows how far they have come, so they are asked for less often.
type Pace struct {
	begun  time.Time
	n      int
	listed int // servers of which the next look lists what is left
	looks  int
	done   int           // servers, at the last look
	end    time.Duration // foreseen then
	waves  int
	before time.Duration // waited until the last look of LookAtRate
	at     time.Duration // when that one's list was asked for
	rate   float64       // of the servers that it showed to be done, per second
	hasty  bool          // its forecast rests on a short time
	lone   bool          // it showed the first few, and asking took long
	faster bool          // the rate was more than twice that of such a look before
	slower bool          // the rate was less than half of what it had been until the look before
	slow   bool          // asking took a good part of the time waited until then
	soon   time.Duration // when all are foreseen to be done, after a first look that showed none; 0 after any other
	share  float64       // of the time waited: the interval after a forecast's end
}

// NewPace returns the pace of looks at n servers that were first asked for at begun.
func NewPace(begun time.Time, n int) *Pace {
	return &Pace{begun: begun, n: max(n, 1), listed: max(n, 1), share: firstShare}
}

// Shares of the time waited that an interval takes.
const (
	single     = 0.05 // while one or two servers are waited for, and nothing is known
	firstShare = 0.02 // when a forecast's end has passed
	growth     = 1.5  // of the interval after each such look in vain
	mostShare  = 1. / 3
	early      = 0.85  // of a long forecast, after which it is made anew
	short      = 0.2   // between two looks: too little for a forecast
	doubted    = 0.3   // after such a forecast
	longer     = 1.125 // than what the first deletion has taken at a first look that finds none done: a forecast for each
	idle       = 0.7   // after a second look that found no deletion done
	ahead      = 0.29  // times the share of servers that are not done, to the power falling: after a forecast without a build seen under way
	falling    = 0.8
	unsteady   = 0.5  // after a forecast of deletions by one look, or by a rate that has risen or fallen
	queued     = 0.5  // of what the latest deletions would wait in a queue if there were nothing else
	overshoot  = 0.01 // beyond a forecast's end, to find all done
	unbegun    = 0.3  // while no look has shown a build that has begun,
	curious    = 3    // at as many looks
)

// Waited returns how long the servers have been waited for.
func (p *Pace) Waited() time.Duration { return time.Since(p.begun) }

// Least returns the shortest interval while nothing says that the end may be near: two
// seconds, and more for a long list.
func (p *Pace) Least() time.Duration {
	return 2*time.Second + time.Duration(p.listed)*2*time.Millisecond
}

// Look takes over what a look has shown: how many servers are as wanted, and when all of
// them are foreseen to be, counted as Waited is. Where that is not known, end is 0, and
// waves says how many builds come one after the other, 0 if not even that is known.
func (p *Pace) Look(done int, end time.Duration, waves int) {
	switch past := p.end > 0 && p.Waited() > p.end; {
	case done > p.done:
		p.share = firstShare
	case past:
		p.share = min(p.share*growth, p.most())
	}
	p.looks++
	p.done, p.end, p.waves = done, end, waves
}

// LookAtRate is Look for servers of which nothing tells when they were done: as many more
// as this look shows were done since the one before, and the others take as long each. The
// first ones were done halfway between the two looks. Two looks close together may show a
// pause between deletions, so the look after such a forecast is soon.
//
// at is when the look's list was asked for, last when the last deletion was, and reached when
// as many of them were as are done, or the first was, all counted as Waited is. Where asking
// took long, the first look that shows any may find the first few done, fewer than a quarter,
// or more than the rate forecasts: the others may take no longer than these. If two thirds
// are done, the others may have to wait in a queue, longer the later they were asked for; half
// of that is foreseen. Where a first look finds none, the first ones may just be about to be done, so
// the look after it is soon: once all are done if each takes an eighth longer than the first
// one has, or sooner. Where it finds less than half of them, the others may go ever
// faster, so the look after it does not wait for all of the forecast, nor does the one after
// that if the rate has more than doubled. A rate that has fallen by half may be a pause.
//
// A list lacks the servers that are gone: the fewer are left, the less a look costs.
func (p *Pace) LookAtRate(at time.Duration, done, of int, last, reached time.Duration) {
	end, waited := p.end, p.Waited()
	p.hasty = p.before > 0 && at-p.at < part(at, short)
	p.slow = last > part(waited, short)
	more := done - p.done
	if more > 0 {
		rate := float64(more) / (waited - p.before).Seconds()
		p.slower = p.done > 0 && 2*rate < float64(p.done)/p.before.Seconds()
		p.lone, p.faster = p.slow && p.done == 0 && 2*done < of, p.lone && rate > 2*p.rate
		p.rate = rate
	}
	switch {
	case more > 0 && p.done == 0:
		end = part(p.before+waited, float64(of)/float64(2*done))
		took := at - reached
		switch alike := last + took; {
		case alike <= at: // all of them have taken as long already
		case end <= waited && 3*done >= 2*of:
			end = alike + part(took, queued*min(float64(last-reached)/float64(max(reached, 1)), 1))
		case end <= waited:
			end = alike
		case 4*done < of:
			end = min(end, alike)
		}
	case more > 0:
		end = waited + part(waited-p.before, float64(of-done)/float64(more))
	}
	p.soon = 0
	if p.looks == 0 && done == 0 && p.slow {
		p.soon = last + part(at-reached, longer)
	}
	p.before, p.at, p.listed = waited, at, max(of-done, 1)
	p.Look(done, end, 0)
}

// most is the greatest share of the time waited that an interval takes after a forecast's
// end: the last of many servers seems about to come for minutes, and each look costs the
// cloud the whole list.
func (p *Pace) most() float64 { return min(max(single, float64(p.n)/30), mostShare) }

// unknown is the share of the time waited that an interval takes while nothing is
// foreseen. Where servers wait for their turn, the first wave of them is not the end.
func (p *Pace) unknown() float64 {
	few := min(max(single, float64(p.n)/50), 0.2)
	switch {
	case p.n <= 2:
		return single
	case p.waves == 0:
		return min(float64(p.n)/10, 1.5)
	}
	return min(max(few, float64(p.waves-2)), 2)
}

// Interval returns how long after the time waited the next look is due.
func (p *Pace) Interval(waited time.Duration) time.Duration {
	least := p.Least()
	switch {
	case p.waves == 1 && p.end > 0 && p.n > 2:
		least /= 2 // the last of those that come side by side may come at any time
	case p.before > 0 && p.looks > 1 && p.end > waited && !p.hasty:
		least -= least / 4 // two looks foresee the end of deletions, and a list of the last ones is short
	}
	interval := max(p.wanted(waited), least)
	if p.soon > waited {
		interval = min(interval, max(p.soon-waited, least/2))
	}
	return interval
}

// Asked is a look's request: when it was sent, and how long its answer took.
type Asked struct {
	At   time.Time
	Took time.Duration
}

// Due returns when the next look is due after one. What a list shows may be as old as its
// request, so the interval counts from there. The cloud rests for as long as it took to
// answer.
func (p *Pace) Due(a Asked) time.Time {
	interval := p.Interval(a.At.Sub(p.begun))
	return a.At.Add(max(interval, 2*a.Took))
}

// wanted is Interval without a least one.
func (p *Pace) wanted(waited time.Duration) time.Duration {
	switch {
	case p.looks == 0:
		return 0 // many servers may be done when the last create call is answered
	case p.end == 0:
		return p.unforeseen(waited)
	}
	return p.foreseen(waited)
}

// unforeseen is wanted where looks have shown too little for a forecast.
func (p *Pace) unforeseen(waited time.Duration) time.Duration {
	switch {
	case p.looks == 1 && (p.waves > 0 || p.slow):
		return part(waited, min(p.unknown(), doubted)) // calls take time: the others may just have come, or gone, later
	case p.looks == 2 && p.before > 0 && p.slow:
		return part(waited, min(p.unknown(), idle)) // that was too soon; most clouds need some seconds for a deletion
	case p.looks <= curious && p.waves == 0 && p.before == 0 && waited > 5*p.Least():
		return part(waited, min(p.unknown(), unbegun)) // no build has begun, and all may be done soon after the first
	}
	return part(waited, p.unknown())
}

// rest returns the share of the servers that are not done yet.
func (p *Pace) rest() float64 { return max(0, float64(p.n-p.done)/float64(p.n)) }

// foreseen is wanted where there is a forecast. Of many whose builds were not seen under
// way, those that are done foresee little: as a rule the others come faster, since the
// cloud has fewer left to build.
func (p *Pace) foreseen(waited time.Duration) time.Duration {
	left := p.end + part(p.end, overshoot) - waited
	unseen := p.before == 0 && p.waves == 0 // no build was seen under way
	switch {
	case unseen && left > 3*p.Least() && waited > 10*p.Least():
		return min(part(left, early), part(waited, max(ahead*math.Pow(p.rest(), falling), single)))
	case left > waited/3 && p.before == 0:
		return min(part(left, early), 2*waited) // so far ahead a forecast may be wrong
	case unseen && left > 3*p.Least():
		return part(left, early)
	case left > 0 && p.slower:
		return min(left, part(waited, unsteady))
	case left > 0 && p.hasty:
		return min(left, part(waited, doubted))
	case left > 0 && p.lone:
		return min(left, part(waited, unsteady))
	case left > 0 && p.faster:
		return min(left, part(waited, max(unsteady*p.rest(), single)))
	case left > 0:
		return min(left, 2*waited)
	}
	return part(waited, p.share)
}

func part(d time.Duration, share float64) time.Duration { return time.Duration(share * float64(d)) }

// Wait sleeps until the next look is due; the error is the context's cause.
func (p *Pace) Wait(ctx context.Context) error {
	return Sleep(ctx, p.Interval(p.Waited()))
}
