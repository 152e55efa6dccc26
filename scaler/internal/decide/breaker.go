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

// NotJoined is no fault of the cloud's: a worker was made and did not come into
// the pool.
const NotJoined cluster.FaultKind = "not_joined"

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
	Failures int           `json:"failures"`
	Last     time.Time     `json:"last"`  // when it failed last
	Until    time.Time     `json:"until"` // the pause's end
	Why      reason.Reason `json:"why"`
	Recalled bool          `json:"recalled,omitempty"` // it is an earlier scaler's, see Memory.Recall
}

const (
	firstPause = 5 * time.Minute // doubles with each failure
	mostPause  = 30 * time.Minute
	// quotaPause follows a refusal for want of quota, and one for another writer's
	// work. Neither is a failure: the limits are read in each tick, and where they
	// do not tell (ports, volumes) somebody may give some back at any time.
	quotaPause = time.Minute
	// forgetFailures is how long after a pause its failures still count.
	forgetFailures = 3 * time.Hour
	// probeFrom is after how many failures one worker is tried before the others.
	probeFrom = 2
)

// blameless tells faults that are not the group's.
func blameless(kind cluster.FaultKind) bool {
	return kind == cluster.FaultQuota || kind == cluster.FaultConflict
}

// zonal tells faults that another availability zone may not have.
func zonal(kind cluster.FaultKind) bool {
	switch kind {
	case cluster.FaultNoHost, cluster.FaultNetwork, cluster.FaultVolume, cluster.FaultOther, NotJoined:
		return true
	}
	return false
}

// key is what the fault's breaker is about.
func (f Fault) key() FaultKey {
	key := FaultKey{Group: f.Group, Kind: f.Kind}
	if zonal(f.Kind) {
		key.Zone = f.Zone
	}
	return key
}

// Failed returns the memory after faults of one attempt: a pause for what each is
// about, longer each time.
func (m Memory) Failed(now time.Time, faults ...Fault) Memory {
	m, now = m.clone(), wall(now)
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

// pause is how long a group waits after its nth failure.
func pause(failures int) time.Duration { return min(firstPause<<min(failures-1, 10), mostPause) }

// joinedAfter ends the pauses of a worker's group and zone that began before the
// worker was made: it came up, so others can.
func (t *tick) joinedAfter(w fleet.Worker) {
	maps.DeleteFunc(t.m.Breakers, func(key FaultKey, b Breaker) bool {
		return key.Group == w.Group && (key.Zone == "" || key.Zone == w.Node.Zone) && w.Node.Created.After(b.Last)
	})
}

// forgetBreakers drops those whose last pause is long over.
func (t *tick) forgetBreakers() {
	maps.DeleteFunc(t.m.Breakers, func(_ FaultKey, b Breaker) bool { return t.now.Sub(b.Until) > forgetFailures })
}

// faultOf is a worker's failure. The zone matters where the group names some:
// then another may be had.
func (t *tick) faultOf(w fleet.Worker, kind cluster.FaultKind, why reason.Reason) Fault {
	f := Fault{Group: w.Group, Kind: kind, Why: why}
	if slices.Contains(t.facts.Cluster.Document.Groups[w.Group].Zones, w.Node.Zone) {
		f.Zone = w.Node.Zone
	}
	return f
}

// gate is what the breakers say of a group.
type gate struct {
	closed *Breaker // whose pause keeps the whole group back; nil: it may grow
	avoid  []string // zones that are better left out
	probe  *Breaker // after whose failures one worker is tried before the others
}

func (t *tick) gate(group string) gate {
	zones := t.facts.Cluster.Document.Groups[group].Zones
	var g gate
	var first *Breaker // of the zones' pauses, the one that ends first
	suspect := 0
	closed, worst := t.breakers(group, "")
	if g.closed = closed; worst != nil && worst.Failures >= probeFrom {
		g.probe = worst
	}
	for _, zone := range zones {
		pausing, worst := t.breakers(group, zone)
		if pausing != nil {
			g.avoid = append(g.avoid, zone)
			if first == nil || pausing.Until.Before(first.Until) {
				first = pausing
			}
		}
		if worst != nil && worst.Failures >= probeFrom {
			suspect++
		}
		if g.probe == nil && suspect == len(zones) {
			g.probe = worst
		}
	}
	if g.closed == nil && len(g.avoid) == len(zones) {
		g.closed = first
	}
	return g
}

// breakers returns, of the breakers of a group's zone, the one that pauses longest
// and the one that has failed most often; of equal ones the first by their keys; nil
// where there is none.
func (t *tick) breakers(group, zone string) (pausing, worst *Breaker) {
	for _, key := range slices.SortedFunc(maps.Keys(t.m.Breakers), compareKeys) {
		b := t.m.Breakers[key]
		if key.Group != group || key.Zone != zone {
			continue
		}
		if t.now.Before(b.Until) && (pausing == nil || b.Until.After(pausing.Until)) {
			pausing = &b
		}
		if worst == nil || b.Failures > worst.Failures || b.Failures == worst.Failures && b.Last.After(worst.Last) {
			worst = &b
		}
	}
	return pausing, worst
}

// byBreaker is how many of n workers the group's breakers let through.
func (t *tick) byBreaker(group string, n int) int {
	g := t.gate(group)
	if g.closed != nil {
		pauses := reason.New(reason.GroupPauses, reason.Count("workers", n), reason.Span("left", g.closed.Until.Sub(t.now)))
		if g.closed.Failures > 0 {
			pauses = pauses.With(reason.Count("failures", g.closed.Failures))
		}
		t.d.note("group "+group, pauses.With(reason.Why("why", g.closed.Why)))
		return 0
	}
	t.avoid[group] = g.avoid
	if len(g.avoid) > 0 {
		t.d.note("group "+group, reason.New(reason.ZonesAvoided, reason.Names("zones", g.avoid...)))
	}
	if g.probe == nil || n == 0 {
		return n
	}
	for _, w := range t.fleet.Group(group) {
		if w.Phase == fleet.Booting && w.Node.Created.After(g.probe.Last) {
			t.d.note("group "+group, reason.New(reason.ProbeUnderWay, reason.Count("workers", n), reason.Count("failures", g.probe.Failures), reason.Name("worker", w.Name)))
			return 0
		}
	}
	if n > 1 {
		t.d.note("group "+group, reason.New(reason.ProbeFirst, reason.Count("left_out", n-1), reason.Count("workers", n), reason.Count("failures", g.probe.Failures), reason.Why("why", g.probe.Why)))
	}
	return min(n, 1)
}
