// Package lease has one of several scalers act, and the others wait.
//
// A lease is a tag on the front-end's server: who, which renewal, and how long
// it holds. Nova adds and removes single tags, so nobody's tag is lost by
// another's, and no renewal touches the cluster document beside it. Who wants the
// lease puts his tag there and then looks: another's tag that lives makes him
// withdraw. Two at once may both withdraw; never do both go on.
//
// Clocks are not compared. A tag lives until this program has seen it unchanged
// for as long as it says it holds.
package lease

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bounds of what is believed of another's lease.
const (
	shortest = 10 * time.Second
	longest  = time.Hour
)

// mark is one tag: holder, number of the renewal, duration.
type mark struct {
	holder string
	n      int
	ttl    time.Duration
}

func (m mark) text() string { return fmt.Sprintf("%s:%d:%d", m.holder, m.n, int(m.ttl.Seconds())) }

// parse reads a tag. What it can't read holds for as long as can be.
func parse(text string) mark {
	parts := strings.Split(text, ":")
	m := mark{holder: parts[0], ttl: longest}
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

// instant is a moment by two clocks. The one on the wall may be set; the other one
// only runs, but stands still while the machine sleeps.
type instant struct {
	wall time.Time
	ran  time.Duration // since the program was started
}

var started = time.Now()

func now() instant { return instant{wall: time.Now().Round(0), ran: time.Since(started)} }

// atLeast is the time that has certainly passed since an earlier moment: another's
// lease is over only then.
func (i instant) atLeast(since instant) time.Duration { return i.ran - since.ran }

// atMost is the time that may have passed: our own lease may be over by then.
func (i instant) atMost(since instant) time.Duration {
	return max(i.wall.Sub(since.wall), i.ran-since.ran)
}

// seen is what is known of one tag of another's.
type seen struct {
	since instant // unchanged since then
	moved bool    // its holder has renewed it before our eyes
}

// others follows the tags of other scalers.
type others map[string]seen // by text

// look takes over what is there now and returns the tags that live and those
// whose time is over.
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

// sure tells whether a holder has been seen to renew, so that it is not one that
// died before we came.
func (o others) sure(live []string) bool {
	for _, text := range live {
		if o[text].moved {
			return true
		}
	}
	return false
}
