// Package lease makes one of several scalers act and the others wait.
//
// A lease is a tag on the front-end's server with its holder, the number of the renewal,
// and its duration. Nova adds and removes single tags, so no scaler's tag overwrites
// another one, and no renewal touches the cluster document. Each scaler adds its tag,
// then withdraws if it sees another's that lives. Two scalers at the same time may both
// withdraw; two never continue.
//
// Clocks are not compared. A tag lives until this program has seen it unchanged for the
// duration in it.
package lease

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// Bounds of a duration in another scaler's lease that is believed.
const (
	shortest = 10 * time.Second
	longest  = time.Hour
)

// longestHolder bounds the name of another scaler, in characters. Nova's tags have 60.
const longestHolder = 60

// mark is one tag: holder, number of the renewal, duration.
type mark struct {
	holder string
	n      int
	ttl    time.Duration
}

func (m mark) text() string { return fmt.Sprintf("%s:%d:%d", m.holder, m.n, int(m.ttl.Seconds())) }

// parse reads a tag. A tag that it can't read gets the longest duration.
func parse(tag string) mark {
	parts := strings.Split(tag, ":")
	m := mark{holder: text.Line(parts[0], longestHolder), ttl: longest}
	if len(parts) != 3 {
		return m
	}
	n, errN := strconv.Atoi(parts[1])
	seconds, errS := strconv.Atoi(parts[2])
	if errN == nil && errS == nil {
		m.n, m.ttl = n, min(max(time.Duration(seconds)*time.Second, shortest), longest)
	}
	return m
}

// instant is a moment by two clocks. The wall clock may be set; the monotonic clock only
// runs, but stands still while the machine sleeps.
type instant struct {
	wall time.Time
	ran  time.Duration // since the program was started
}

var started = time.Now()

func now() instant { return instant{wall: time.Now().Round(0), ran: time.Since(started)} }

// atLeast returns the time that has certainly passed since an earlier moment. Another
// scaler's lease ends only after it.
func (i instant) atLeast(since instant) time.Duration { return i.ran - since.ran }

// atMost returns the time that may have passed. Our own lease may end after it.
func (i instant) atMost(since instant) time.Duration {
	return max(i.wall.Sub(since.wall), i.ran-since.ran)
}

// seen is what this program knows of a tag of another scaler.
type seen struct {
	since instant // unchanged since then
	moved bool    // this program has seen a renewal
}

// others follows the tags of other scalers.
type others map[string]seen // by text

// look takes the present tags over, and returns those that live and those whose time is
// over.
func (o others) look(texts []string, self string, now instant) (live, over []string) {
	there := map[string]bool{}
	for _, text := range texts {
		m := parse(text)
		if m.holder == self {
			continue
		}
		there[text] = true
		s, known := o[text]
		if !known {
			s = seen{since: now, moved: o.knows(m.holder)}
			o[text] = s
		}
		if now.atLeast(s.since) >= m.ttl {
			over = append(over, text)
		} else {
			live = append(live, text)
		}
	}
	for text := range o {
		if !there[text] {
			delete(o, text)
		}
	}
	return live, over
}

func (o others) knows(holder string) bool {
	for text := range o {
		if parse(text).holder == holder {
			return true
		}
	}
	return false
}

// sure reports whether this program has seen the holder renew, so that it did not die
// before this program started.
func (o others) sure(live []string) bool {
	for _, text := range live {
		if o[text].moved {
			return true
		}
	}
	return false
}
