package loop

import (
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// roundLimit is the length of a round after which the watchdog reports it. No step of
// a round waits for a server, so a longer one hangs on a slow cloud, a slow batch
// system or a slow disk.
const roundLimit = time.Minute

// watch starts the watchdog of one round, and returns a function that ends it. In a
// goroutine of its own the watchdog reports a round that lasts for longer than
// roundLimit, once; the end of such a round is logged as well.
func (l *Loop) watch(t *timing) (end func()) {
	var mu sync.Mutex // the report and the end of the round do not overlap
	var reported, over bool
	timer := time.AfterFunc(roundLimit, func() {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		reported = true
		at, now := t.progress(), t.now()
		l.Log.Warn("this round takes longer than "+roundLimit.String(), "seconds", seconds(now.Sub(at.Begun)), "part", at.Part, "seconds_in_part", seconds(now.Sub(at.Since)))
		for _, f := range t.followers {
			f.Overdue(at)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
		t.show(record.Progress{})
		if reported {
			l.Log.Warn("the long round is over", "seconds", seconds(t.now().Sub(t.progress().Begun)), "parts", t.seconds().Text())
		}
	}
}
