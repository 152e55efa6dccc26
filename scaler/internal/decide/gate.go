package decide

import (
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// gate is what the breakers say of a group.
type gate struct {
	closed *Breaker // whose pause keeps the whole group back; nil: it may grow
	avoid  []string // availability zones that are better left out
	probe  *Breaker // after whose failures one worker is tried before the others; nil: none
}

// gateOf returns a group's gate. It is closed by a pause of the whole group, or by
// pauses of all of its zones.
func gateOf(r round, breakers map[FaultKey]Breaker, group string) gate {
	whole := ofZone(breakers, group, "")
	g := gate{closed: longest(whole, r.now), probe: worst(whole)}
	zones := r.zones(group)
	var first, suspect *Breaker // of the zones' pauses the one that ends first; the last zone's failures
	suspects := 0
	for _, zone := range zones {
		of := ofZone(breakers, group, zone)
		if pausing := longest(of, r.now); pausing != nil {
			g.avoid = append(g.avoid, zone)
			if first == nil || pausing.Until.Before(first.Until) {
				first = pausing
			}
		}
		if suspect = worst(of); suspect != nil {
			suspects++
		}
	}
	if g.probe == nil && suspects == len(zones) {
		g.probe = suspect
	}
	if g.closed == nil && len(g.avoid) == len(zones) {
		g.closed = first
	}
	return g
}

// limit returns how many of n new workers the gate lets through, and why not all.
func (g gate) limit(r round, group string, n int) (int, []reason.Reason) {
	if g.closed != nil {
		pauses := reason.New(reason.GroupPauses, reason.Count("workers", n), reason.Span("left", g.closed.Until.Sub(r.now)))
		if g.closed.Failures > 0 {
			pauses = pauses.With(reason.Count("failures", g.closed.Failures))
		}
		return 0, []reason.Reason{pauses.With(reason.Why("why", g.closed.Why))}
	}
	why := g.avoided()
	if g.probe == nil || n == 0 {
		return n, why
	}
	failures := reason.Count("failures", g.probe.Failures)
	for _, w := range r.fleet.Group(group) {
		if w.Phase == fleet.Booting && w.Node.Created.After(g.probe.Last) {
			return 0, append(why, reason.New(reason.ProbeUnderWay, reason.Count("workers", n), failures, reason.Name("worker", w.Name)))
		}
	}
	if n > 1 {
		why = append(why, reason.New(reason.ProbeFirst, reason.Count("left_out", n-1), reason.Count("workers", n), failures, reason.Why("why", g.probe.Why)))
	}
	return min(n, 1), why
}

// avoided returns the note on the zones that are left out; none where there are none.
func (g gate) avoided() []reason.Reason {
	if len(g.avoid) == 0 {
		return nil
	}
	return []reason.Reason{reason.New(reason.ZonesAvoided, reason.Names("zones", g.avoid...))}
}

// closedFor reports whether a group can get no worker for now: it pauses, or the
// quota has no room.
func closedFor(r round, m Memory, g demand.Group) bool {
	return gateOf(r, m.Breakers, g.Name).closed != nil || r.facts.Room.full(r.facts.Sizes[g.Name])
}
