package decide

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// NotJoined is the fault of a worker that was made and did not come into the pool. It
// is no fault of the cloud's.
const NotJoined cluster.FaultKind = "not_joined"

// NotEnrolled is the fault of workers that could not be written into the roster. It is no
// fault of their groups': no others are made before the roster can be written.
const NotEnrolled cluster.FaultKind = "not_enrolled"

// Fault is why a group's workers could not be made, or did not come up.
type Fault struct {
	Group string            `json:"group"`
	Zone  string            `json:"zone,omitempty"` // availability zone where it is known; "" otherwise
	Kind  cluster.FaultKind `json:"kind"`
	Why   reason.Reason     `json:"why"`
}

// FaultKey is what a breaker is about.
type FaultKey struct {
	Group string
	Zone  string
	Kind  cluster.FaultKind
}

func compareKeys(a, b FaultKey) int {
	return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Zone, b.Zone), strings.Compare(string(a.Kind), string(b.Kind)))
}

// Breaker keeps a group, or one of its zones, from new workers for a while.
type Breaker struct {
	Failures int           `json:"failures"` // in a row; 0 after refusals that are no failures
	Last     time.Time     `json:"last"`     // when it failed last
	Until    time.Time     `json:"until"`    // the pause's end
	Why      reason.Reason `json:"why"`
	Recalled bool          `json:"recalled,omitempty"` // it is an earlier scaler's, see Memory.Recall
}

const (
	firstPause = 5 * time.Minute // doubles with each failure
	mostPause  = 30 * time.Minute
	// quotaPause follows a refusal for want of quota, one because of another writer, and
	// an enrolment that failed. None is a failure: the limits are read in each round, and what is not
	// among them (ports, volumes) may become free at any time.
	quotaPause = time.Minute
	// forgetFailures is how long after a pause its failures still count.
	forgetFailures = 3 * time.Hour
	// probeFrom is after how many failures one worker is tried before the others.
	probeFrom = 2
)

// blameless reports whether a fault is not the group's.
func blameless(kind cluster.FaultKind) bool {
	return kind == cluster.FaultQuota || kind == cluster.FaultConflict || kind == NotEnrolled
}

// zonal reports whether another availability zone may not have the fault.
func zonal(kind cluster.FaultKind) bool {
	switch kind {
	case cluster.FaultNoHost, cluster.FaultNetwork, cluster.FaultVolume, cluster.FaultOther, NotJoined:
		return true
	}
	return false
}

// key returns what the fault's breaker is about.
func (f Fault) key() FaultKey {
	key := FaultKey{Group: f.Group, Kind: f.Kind}
	if zonal(f.Kind) {
		key.Zone = f.Zone
	}
	return key
}

// Failed returns the memory after the faults of one attempt to make workers: a pause
// for what each fault is about, longer each time.
func (m Memory) Failed(now time.Time, faults ...Fault) Memory {
	m.Breakers, now = copied(m.Breakers), wall(now)
	counted := map[FaultKey]bool{}
	for _, f := range faults {
		key := f.key()
		if counted[key] {
			continue
		}
		counted[key] = true
		b := m.Breakers[key]
		b.Last, b.Why, b.Recalled = now, f.Why, false
		if blameless(f.Kind) {
			b.Until = now.Add(quotaPause)
		} else {
			b.Failures++
			b.Until = now.Add(pause(b.Failures))
		}
		m.Breakers[key] = b
	}
	return m
}

// pause returns how long a group waits after its nth failure.
func pause(failures int) time.Duration { return min(firstPause<<min(failures-1, 10), mostPause) }

// endPauses drops the pauses of a worker's group and zone that began before the worker
// was made: it came up, so others can.
func endPauses(breakers map[FaultKey]Breaker, w fleet.Worker) {
	maps.DeleteFunc(breakers, func(key FaultKey, b Breaker) bool {
		return key.Group == w.Group && (key.Zone == "" || key.Zone == w.Node.Zone) && w.Node.Created.After(b.Last)
	})
}

// unforgotten returns the breakers whose last pause is not long over.
func unforgotten(breakers map[FaultKey]Breaker, now time.Time) map[FaultKey]Breaker {
	out := copied(breakers)
	maps.DeleteFunc(out, func(_ FaultKey, b Breaker) bool { return now.Sub(b.Until) > forgetFailures })
	return out
}

// ofZone returns the breakers of a group's zone in the order of their keys; the zone
// "" has those of the whole group.
func ofZone(breakers map[FaultKey]Breaker, group, zone string) []Breaker {
	var out []Breaker
	for _, key := range slices.SortedFunc(maps.Keys(breakers), compareKeys) {
		if key.Group == group && key.Zone == zone {
			out = append(out, breakers[key])
		}
	}
	return out
}

// longest returns the breaker that pauses longest, of equal ones the first; nil where
// none pauses.
func longest(breakers []Breaker, now time.Time) *Breaker {
	var out *Breaker
	for i, b := range breakers {
		if now.Before(b.Until) && (out == nil || b.Until.After(out.Until)) {
			out = &breakers[i]
		}
	}
	return out
}

// worst returns the breaker that has failed most often, of equal ones the latest; nil
// where none has failed often enough for a probe.
func worst(breakers []Breaker) *Breaker {
	var out *Breaker
	for i, b := range breakers {
		if out == nil || b.Failures > out.Failures || b.Failures == out.Failures && b.Last.After(out.Last) {
			out = &breakers[i]
		}
	}
	if out == nil || out.Failures < probeFrom {
		return nil
	}
	return out
}
