package wait

import (
	"testing"
	"time"
)

// Each row: how far servers have come after how long, and when the next look is
// worth a call.
func TestPollForesees(t *testing.T) {
	for _, row := range []struct {
		name    string
		n, done int
		took    time.Duration
		next    time.Duration
	}{
		{"nothing shown yet: as before", 50, 0, 20 * time.Second, 25 * time.Second},
		{"half of them: as long again", 50, 25, 15 * time.Second, 15 * time.Second},
		{"the last ones: no sooner than the first look", 50, 49, 20 * time.Second, 10 * time.Second},
		{"a slow beginning: no more than stretched", 50, 1, 20 * time.Second, 30 * time.Second},
		{"all of them: as before", 50, 50, 20 * time.Second, 25 * time.Second},
		{"a few", 4, 2, 3 * time.Second, 3 * time.Second},
	} {
		pace := ForServers(row.n)
		pace.next = 25 * time.Second
		pace.Foresee(row.done, row.n, row.took)
		if pace.next != row.next {
			t.Errorf("%s: the next look after %s, want %s", row.name, pace.next, row.next)
		}
	}
}

// The last of many servers comes late, and seems to be about to come all the time.
func TestALatecomerCostsFewReads(t *testing.T) {
	for _, late := range []time.Duration{3 * time.Minute, 12 * time.Minute} {
		pace := ForServers(50)
		reads, at := 0, time.Duration(0)
		for at < late {
			at += pace.next
			pace.next = min(pace.next*5/3, pace.most)
			pace.Foresee(min(int(at/time.Second), 49), 50, at)
			reads++
		}
		if reads > 12 || at > late*3/2 {
			t.Errorf("%s late: %d reads, the last after %s", late, reads, at)
		}
	}
}
