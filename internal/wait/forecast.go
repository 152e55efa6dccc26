package wait

import (
	"math"
	"time"
)

// Builds is what the looks at servers that are being built have shown. Nova builds in
// the order that it was asked, a limited number side by side: each build begins when one
// before it is done.
type Builds struct {
	of     int
	begun  int
	done   []time.Duration
	beside int           // most that were seen being built at a time
	newest time.Duration // the look that showed one more begun
	now    time.Duration // the last look
	idle   time.Duration // the last look that showed no build begun
}

// Look takes over what a look at the time now has shown: of servers were asked for, begun
// are being built or done (a server has its address soon after its build begins), and the
// first ones were done at the times in done. All times are in order, and count from the
// create call of the first server.
func (b *Builds) Look(now time.Duration, of, begun int, done []time.Duration) {
	if begun > b.begun || b.now == 0 {
		b.newest = now
	}
	if begun == 0 {
		b.idle = now
	}
	b.now, b.of, b.begun, b.done = now, of, begun, done
	b.beside = max(b.beside, begun-len(done))
}

// AllBegun returns when the last build is foreseen to begin. The result is 0 while that
// is not known.
func (b *Builds) AllBegun() time.Duration {
	if len(b.done) == 0 {
		return 0
	}
	return b.foresee(b.of - b.sideBySide())
}

// AllDone returns when the last build is foreseen to be done. The result is 0 while that
// is not known.
func (b *Builds) AllDone() time.Duration {
	if len(b.done) == 0 {
		return 0
	}
	end := b.foresee(b.of)
	if b.begun == b.of {
		end = min(end, b.newest+b.first()) // none waits any more, and the first one never did
	}
	return max(end, b.atRate())
}

// atRate returns when the last build is done where all are built side by side: then they
// end as their create calls came, and as builds differ. The later half of those that are
// done says how fast. Of so few, no more than as many again are foreseen. The result is 0
// where builds wait for others, or too few are done.
func (b *Builds) atRate() time.Duration {
	known := len(b.done)
	if b.beside < b.of || known < fewDone || known == b.of {
		return 0
	}
	half := known / 2
	last, more := b.done[known-1], min(b.of-known, known)
	return last + (last-b.done[half])*time.Duration(more)/time.Duration(known-1-half)
}

const fewDone = 4 // builds that are done: fewer show no rate

// still returns how long nothing was built at first: a busy Nova takes a minute to begin.
// A look soon after the create calls says little about that.
func (b *Builds) still() time.Duration {
	if b.idle > b.done[0]/2 {
		return b.idle
	}
	return 0
}

// first returns how long the first build has taken.
func (b *Builds) first() time.Duration { return max(b.done[0]-b.still(), b.done[0]/20, 1) }

// foresee returns when the n-th server is done: a build's time after the one in whose
// place it is built, or several times that after one that is done already.
func (b *Builds) foresee(n int) time.Duration {
	known := len(b.done)
	if n <= known {
		return b.done[max(n, 1)-1]
	}
	if whole := b.done[known-1] + b.first()/4; b.beside == 0 && b.now < whole && b.done[known-1] < b.still()+b.first()*5/4 {
		return whole // the first ones may still be coming in
	}
	beside := b.sideBySide()
	rounds := (n - known + beside - 1) / beside
	end := time.Duration(rounds) * b.each(beside)
	if before := n - rounds*beside; before > 0 {
		return end + b.done[before-1]
	}
	return end + b.still()
}

// sideBySide returns how many servers are built at a time: as many as looks have shown at
// most, or as many as were done in the time of one build.
func (b *Builds) sideBySide() int {
	known := len(b.done)
	last := max(b.done[known-1]-b.still(), 1)
	return max(b.beside, int(math.Round(float64(known)*float64(b.first())/float64(last))), 1)
}

// each returns the time of a build, as the last ones have taken after those in whose
// places they were built.
func (b *Builds) each(beside int) time.Duration {
	known := len(b.done)
	pairs := min(known-beside, beside)
	if pairs <= 0 {
		return b.first()
	}
	var sum time.Duration
	for i := known - pairs; i < known; i++ {
		sum += b.done[i] - b.done[i-beside]
	}
	return sum / time.Duration(pairs)
}

// Waves returns how many builds come one after the other, by those that were seen side by
// side; 0 while none was seen.
func (b *Builds) Waves() int {
	if b.beside == 0 {
		return 0
	}
	return (b.of + b.beside - 1) / b.beside
}
