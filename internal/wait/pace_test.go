package wait

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// yard is a cloud that builds servers in order, as many side by side as it has slots.
type yard struct {
	begun  time.Time
	slots  []time.Duration // when each is free
	each   time.Duration
	spread float64 // share of each by which builds differ
	rand   *rand.Rand
}

type build struct{ address, done time.Duration }

func (y *yard) post() build {
	free := slices.Index(y.slots, slices.Min(y.slots))
	starts := max(y.slots[free], time.Since(y.begun))
	y.slots[free] = starts + time.Duration(float64(y.each)*(1+y.spread*(y.rand.Float64()-.5)))
	return build{address: starts + min(y.each/4, 5*time.Second), done: y.slots[free]}
}

// follower waits for builds as a create does: first for the addresses of all workers,
// then for everything.
type follower struct {
	yard   *yard
	pace   *Pace
	builds Builds
	all    []build
	looks  int
}

// follow looks until all builds have come so far, and returns how late it sees that.
func (f *follower) follow(t *testing.T, far func(build) time.Duration, foreseen func() time.Duration) time.Duration {
	last := time.Duration(0)
	for _, b := range f.all {
		last = max(last, far(b))
	}
	for {
		if err := f.pace.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.looks++
		now := f.pace.Waited()
		if now >= last {
			return now - last
		}
		begun, met := 0, 0
		var done []time.Duration
		for _, b := range f.all {
			if b.address <= now {
				begun++
			}
			if far(b) <= now {
				met++
			}
			if b.done <= now {
				done = append(done, b.done)
			}
		}
		slices.Sort(done)
		f.builds.Look(now, len(f.all), begun, done)
		f.pace.Look(met, foreseen(), f.builds.Waves())
	}
}

// create follows n workers and then a front-end. It returns the number of looks, how late
// the two ends were seen together, and the whole time.
func create(t *testing.T, n, beside int, each time.Duration, spread float64) (looks int, late, took time.Duration) {
	f := &follower{pace: NewPace(time.Now(), n)}
	f.yard = &yard{begun: time.Now(), slots: make([]time.Duration, beside), each: each, spread: spread, rand: rand.New(rand.NewPCG(1, 2))}
	for range n {
		f.all = append(f.all, f.yard.post())
	}
	late = f.follow(t, func(b build) time.Duration { return b.address }, f.builds.AllBegun)
	f.all = append(f.all, f.yard.post())
	late += f.follow(t, func(b build) time.Duration { return b.done }, f.builds.AllDone)
	return f.looks, late, f.pace.Waited()
}

// Each row: a cluster and a cloud. However long a build takes, the end is seen a twentieth
// of the whole time late at most, or one shortest interval for each of the two waits, and
// the looks fit the budget of calls. Where all workers are built at once, nothing shows
// how far they have come: then either the looks or the lateness grow.
func TestTheEndIsSeenInTime(t *testing.T) {
	for _, row := range []struct {
		name      string
		n, beside int
		looks     int     // at most, on all clouds
		late      float64 // share of the whole time
	}{
		{"a few side by side", 10, 4, 17, 0.05},
		{"several waves", 50, 8, 13, 0.05},
		{"many waves", 500, 8, 13, 0.055},
		{"many side by side", 500, 40, 17, 0.055},
		{"two at a time", 50, 2, 13, 0.055},
		{"one worker", 1, 2, 80, 0.05},
		{"all at once", 10, 40, 32, 0.14},
		{"all but a few at once", 50, 40, 37, 0.08},
	} {
		for _, spread := range []float64{0, 0.1, 0.5} {
			for _, each := range []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute} {
				synctest.Test(t, func(t *testing.T) {
					looks, late, took := create(t, row.n, row.beside, each, spread)
					most := max(time.Duration(row.late*float64(took)), 2*NewPace(time.Now(), row.n).Least())
					t.Logf("%s: %d workers, %d side by side in %s (±%.0f %%): %d looks, %s late of %s (%.1f %%)", row.name, row.n, row.beside,
						each, 50*spread, looks, late.Round(time.Second/10), took.Round(time.Second), 100*late.Seconds()/took.Seconds())
					if looks > row.looks || late > most {
						t.Errorf("at most %d looks and %s", row.looks, most.Round(time.Second/10))
					}
				})
			}
		}
	}
}

// A hundred create calls take a few seconds, and the first look finds the addresses of the
// servers that were asked for first. The others come as soon after their calls: they do
// not wait for their turn.
func TestCreateCallsThatTakeTimeAreNoWaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &follower{pace: NewPace(time.Now(), 100)}
		asked := 3300 * time.Millisecond
		for i := range 100 {
			at := 4*time.Second + asked*time.Duration(i+1)/100
			f.all = append(f.all, build{at, at + 20*time.Second})
		}
		time.Sleep(asked)
		late := f.follow(t, func(b build) time.Duration { return b.address }, f.builds.AllBegun)
		if f.looks > 3 || late > 2*time.Second {
			t.Errorf("the last address was seen %s late, by %d looks", late, f.looks)
		}
	})
}

// A hundred servers are built side by side, each in 16 to 24 s, and a front-end is asked for
// a little later. The first one that is done does not tell when the last one is, but those
// after it do.
func TestTheLastOfManyThatDifferIsSeenInTime(t *testing.T) {
	const runs = 20
	looks, late := 0, time.Duration(0)
	for seed := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) {
			f := &follower{pace: NewPace(time.Now(), 100)}
			r := rand.New(rand.NewPCG(1, seed))
			asked := 3300 * time.Millisecond
			for i := range 100 {
				at := asked * time.Duration(i+1) / 100
				f.all = append(f.all, build{at + 4*time.Second, at + 16*time.Second + time.Duration(8*r.Float64()*float64(time.Second))})
			}
			f.all = append(f.all, build{11 * time.Second, 25 * time.Second})
			time.Sleep(2 * asked)
			late += f.follow(t, func(b build) time.Duration { return b.done }, f.builds.AllDone)
			looks += f.looks
		})
	}
	t.Logf("in %d runs %d looks, the last ones %s late together", runs, looks, late)
	if looks > 10*runs || late > runs*800*time.Millisecond {
		t.Errorf("in %d runs %d looks, the last ones %s late together", runs, looks, late)
	}
}

// A busy Nova takes the create calls of 50 workers for 37 s, and the first look shows no
// build that has begun. On one Nova the builds ended one by one from 56 to 97 s; each row
// is another end of the same.
func TestNothingToSeeAtTheFirstLookMakesNoneLate(t *testing.T) {
	for _, row := range []struct{ from, to time.Duration }{
		{41 * time.Second, 47 * time.Second}, {42 * time.Second, 65 * time.Second}, {56 * time.Second, 97 * time.Second}, {90 * time.Second, 180 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &follower{pace: NewPace(time.Now(), 50)}
			for i := range 50 {
				at := row.from + (row.to-row.from)*time.Duration(i)/49
				f.all = append(f.all, build{at, at + time.Second})
			}
			time.Sleep(37 * time.Second)
			late := f.follow(t, func(b build) time.Duration { return b.address }, f.builds.AllBegun)
			t.Logf("from %s to %s: %d looks, %s late", row.from, row.to, f.looks, late.Round(time.Second/10))
			if most := max(row.to/5, 13*time.Second); f.looks > 7 || late > most {
				t.Errorf("the last address was seen %s late, by %d looks", late, f.looks)
			}
		})
	}
}

// The last of many servers comes late, and seems to be about to come all the time.
func TestALatecomerCostsFewLooks(t *testing.T) {
	for _, late := range []time.Duration{3 * time.Minute, 12 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			f := &follower{pace: NewPace(time.Now(), 50)}
			for i := range 49 {
				at := time.Duration(i+1) * time.Second
				f.all = append(f.all, build{at, at})
			}
			f.all = append(f.all, build{late, late})
			after := f.follow(t, func(b build) time.Duration { return b.done }, f.builds.AllDone)
			if f.looks > 20 || after > late/3 {
				t.Errorf("%s late: %d looks, the last %s after it", late, f.looks, after)
			}
		})
	}
}

// Times that no cloud can mean make no interval shorter than the shortest, and none
// endless.
func TestOddTimesLeaveAPace(t *testing.T) {
	for _, done := range [][]time.Duration{{0}, {0, 0, 0}, {-time.Hour}, {1, 1 << 62}, {-1 << 62, 1 << 62}} {
		var b Builds
		p := NewPace(time.Now().Add(-time.Minute), 9)
		b.Look(time.Minute, 9, len(done), done)
		for _, end := range []time.Duration{b.AllDone(), b.AllBegun()} {
			p.Look(len(done), end, b.Waves())
			if d := p.Interval(time.Minute); d < p.Least() || d > 3*time.Minute {
				t.Errorf("done at %v: end %s, the next look after %s", done, end, d)
			}
		}
	}
}

// deletions follows n deletions that are done at the times in gone, counted from the first
// request; the requests are answered one after the other until the time asked. It returns the number of looks, and
// how late the last one was seen.
func deletions(t *testing.T, gone []time.Duration, asked time.Duration) (looks int, late time.Duration) {
	t.Helper()
	p := NewPace(time.Now(), len(gone))
	due := asked + p.Least()
	for {
		if err := Sleep(t.Context(), due-p.Waited()); err != nil {
			t.Fatal(err)
		}
		looks++
		now, done := p.Waited(), 0
		for _, at := range gone {
			if at <= now {
				done++
			}
		}
		if done == len(gone) {
			return looks, now - slices.Max(gone)
		}
		p.LookAtRate(p.Waited(), done, len(gone), asked, asked*time.Duration(done)/time.Duration(len(gone)))
		due = now + p.Interval(now)
	}
}

// Each row: how deletions come to their end, how many looks that takes at most, and how
// late the end is seen at most. A pause in the middle, or a few that come late, does not
// make the next look late.
func TestTheLastDeletionIsSeenInTime(t *testing.T) {
	even := func(n int, from, to time.Duration) (out []time.Duration) {
		for i := range n {
			out = append(out, from+time.Duration(float64(to-from)*float64(i+1)/float64(n)))
		}
		return out
	}
	s := time.Second
	for _, row := range []struct {
		name  string
		gone  []time.Duration
		asked time.Duration
		looks int
		late  time.Duration
	}{
		{"seen on a Nova: 27 of 51, then 30, then all", slices.Concat(even(27, 3*s, 20*s), even(3, 20*s, 23*s), even(21, 23*s, 27*s)), 18 * s, 4, 5 * s},
		{"each 4 s after it was asked for, and the first look finds the first few", even(101, 3700*time.Millisecond, 5600*time.Millisecond), 1700 * time.Millisecond, 2, s},
		{"each 4 s after it was asked for, and the first look finds none", even(101, 4*s, 5600*time.Millisecond), 1600 * time.Millisecond, 2, 3 * s / 10},
		{"each 6 s after it was asked for, and two looks find none", even(101, 6*s, 7600*time.Millisecond), 1600 * time.Millisecond, 3, 3 * s},
		{"all at once", even(51, 4*s, 6*s), 5 * s, 2, 3 * s},
		{"at an even rate", even(51, 1*s, 40*s), 5 * s, 4, 3 * s},
		{"a thousand at an even rate", even(1000, 5*s, 300*s), 60 * s, 4, 15 * s},
		{"a thousand, 50 each second, asked for at 80 each second", even(1001, 4*s, 24*s), 12500 * time.Millisecond, 3, 2 * s},
		{"a thousand, 50 each second, asked for at 71 each second", even(1001, 4*s, 24*s), 14 * s, 3, s},
		{"five hundred, 50 each second, asked for at 80 each second", even(501, 4*s, 14*s), 6200 * time.Millisecond, 3, 2 * s},
		{"in three waves", slices.Concat(even(20, 10*s, 11*s), even(20, 30*s, 31*s), even(11, 50*s, 51*s)), 5 * s, 11, 12 * s},
		{"five hundred, 200 side by side", slices.Concat(even(200, 7700*time.Millisecond, 10500*time.Millisecond), even(200, 15200*time.Millisecond, 18*s), even(101, 22700*time.Millisecond, 24200*time.Millisecond)), 7200 * time.Millisecond, 5, 2 * s},
		{"one is late", append(even(50, 1*s, 12*s), 120*s), 8 * s, 16, 30 * s},
		{"one server", even(1, 0, 30*s), 0, 16, 2 * s},
	} {
		synctest.Test(t, func(t *testing.T) {
			looks, late := deletions(t, row.gone, row.asked)
			t.Logf("%s: %d looks, the last %s after the end", row.name, looks, late)
			if looks > row.looks || late > row.late {
				t.Errorf("%s: %d looks, the last %s after the end; want at most %d and %s", row.name, looks, late, row.looks, row.late)
			}
		})
	}
}

// When the first look comes is chance. Deletions that a real Nova (its fake driver) has carried
// out are followed from 25 moments; late is how late their end is seen on the average.
func TestARealNovasDeletionsAtAnyMoment(t *testing.T) {
	seconds := func(of ...int) (out []time.Duration) {
		for _, n := range of {
			out = append(out, time.Duration(n)*time.Second)
		}
		return out
	}
	for _, row := range []struct {
		name       string
		asked      time.Duration // when the last request was answered
		gone       []time.Duration
		late, most time.Duration // the average and the latest
	}{
		{"ever faster", 12200 * time.Millisecond, seconds(4, 5, 11, 12, 13, 14, 14, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 20, 20, 20, 20, 21, 21, 21,
			21, 21, 21, 22, 22, 22, 22, 22, 22, 22, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 24, 24), 24 * time.Second / 16, 24 * time.Second / 8},
		{"ever more slowly", 16900 * time.Millisecond, seconds(3, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 11, 12, 12, 13, 13, 14, 14, 14, 15, 15, 16, 17, 17, 19, 19,
			21, 21, 22, 23, 24, 24, 25, 26, 27, 28, 28, 29, 30, 32, 32, 33, 33, 35, 35, 36, 36, 37, 38, 39), 39 * time.Second / 20, 39 * time.Second / 8},
	} {
		const moments = 25
		var looked int
		var sum, latest time.Duration
		for i := range moments {
			synctest.Test(t, func(t *testing.T) {
				looks, late := deletions(t, row.gone, row.asked+time.Duration(i-moments/2)*time.Second/5)
				looked, sum, latest = looked+looks, sum+late, max(latest, late)
			})
		}
		t.Logf("%s: %.1f looks, %s late, %s at most", row.name, float64(looked)/moments, (sum / moments).Round(time.Second/10), latest.Round(time.Second/10))
		if looked > 4*moments || sum/moments > row.late || latest > row.most {
			t.Errorf("%s: want at most 4 looks, %s late, and never more than %s", row.name, row.late, row.most)
		}
	}
}

// A list's answer is as old as its request, and Nova rests for as long as it took to answer.
func TestDue(t *testing.T) {
	for _, row := range []struct {
		name       string
		took, want time.Duration // of the list; the pause after its answer
	}{
		{"an answer at once", 0, 2200 * time.Millisecond},
		{"a list of half a second", 500 * time.Millisecond, 1700 * time.Millisecond},
		{"a list of two seconds", 2 * time.Second, 2 * time.Second},
		{"a list of twenty seconds", 20 * time.Second, 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := NewPace(time.Now(), 100)
			time.Sleep(3 * time.Second)
			asked := time.Now()
			time.Sleep(row.took)
			p.LookAtRate(3*time.Second, 0, 100, 2*time.Second, 0)
			if got := time.Until(p.Due(Asked{At: asked, Took: row.took})); got != row.want {
				t.Errorf("%s: the next look comes after %s, want %s", row.name, got, row.want)
			}
		})
	}
}
