package decide

import (
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// deleteUnkept removes servers that will not do, in ERROR or never joined, and forgets
// entries of the roster without a server. Each failure opens a breaker once. Retried
// counts the removals of each group that were tried before.
func deleteUnkept(r round, m Memory) (d Decision, retried map[string]int, after Memory) {
	m.Confirmed, m.Blamed = copied(m.Confirmed), copied(m.Blamed)
	retried = map[string]int{}
	var failed []Fault
	for _, w := range r.fleet.Workers {
		if !r.manages(w.Group) {
			continue
		}
		f, kept := failureOf(r, w, m)
		switch {
		case !kept.IsZero():
			d.note(w.Name, kept)
		case f.Kind != "":
			d.dismiss(w, f.Why, f.Kind)
			if counted(r, w, f, m) {
				retried[w.Group]++
			} else {
				failed = append(failed, f)
			}
			m.Blamed[w.Name] = w.Node.ID
		case w.Phase == fleet.Vanished && (isGone(r, w.Name, m) || confirmed(r, w, m.Confirmed)):
			d.Forget = append(d.Forget, stepOf(w, reason.New(reason.NoServer)))
		}
	}
	if len(failed) > 0 {
		m = m.Failed(r.now, failed...)
	}
	return d, retried, m
}

// failureOf returns a worker's fault for which it goes, or why it is kept in spite of
// it; both are zero where it has none, and readings that agreed on its removal are
// then forgotten.
func failureOf(r round, w fleet.Worker, m Memory) (f Fault, kept reason.Reason) {
	var what reason.Reason
	switch w.Phase {
	case fleet.Broken:
		what = reason.New(reason.ServerInError)
		f.Kind = cluster.FaultOther
		if w.Node.Fault != nil {
			what = what.With(reason.Text("message", w.Node.Fault.Message))
			f.Kind = cluster.FaultOfWords(w.Node.Fault.Message)
		}
	case fleet.Absent:
		what = reason.New(reason.NotInPool, r.absence(w)...)
		f.Kind = NotJoined
	case fleet.Vanished, fleet.Leaving, fleet.Deleting:
		return Fault{}, reason.Reason{}
	default:
		delete(m.Confirmed, w.Name)
		return Fault{}, reason.Reason{}
	}
	f.Group, f.Zone, f.Why = w.Group, zoneOf(r, w), what
	return f, keptWith(r, w, what, m)
}

// keptWith returns why a worker is kept for now in spite of what is wrong with it;
// zero where it goes.
func keptWith(r round, w fleet.Worker, what reason.Reason, m Memory) reason.Reason {
	switch {
	case w.Node.Protected:
		return reason.New(reason.KeptProtected, reason.Why("what", what))
	case w.Doubted: // it may run jobs of which the scaler does not know
		return reason.New(reason.KeptDoubted, reason.Why("what", what))
	case w.Jobs > 0:
		return reason.New(reason.KeptForJobs, reason.Why("what", what), reason.Count("jobs", w.Jobs))
	case w.Phase == fleet.Broken && w.Listed && !r.whole(): // it may have come to run jobs
		return reason.New(reason.NotDeletedNow, reason.Why("what", what), reason.Why("why", r.unsafe))
	case w.Phase == fleet.Absent && !r.whole():
		return reason.New(reason.LookedForAgain, reason.Why("what", what), reason.Why("why", r.unsafe))
	case w.Phase == fleet.Absent && !confirmed(r, w, m.Confirmed):
		return reason.New(reason.LookedForAgain, reason.Why("what", what))
	}
	return reason.Reason{}
}

// zoneOf returns a worker's availability zone where its group names it: then another
// zone may be had.
func zoneOf(r round, w fleet.Worker) string {
	for _, zone := range r.zones(w.Group) {
		if zone == w.Node.Zone {
			return zone
		}
	}
	return ""
}

// counted reports whether a server's failure was counted before, by this scaler or by
// the one before it: its removal may have to be tried often. It also reports true for a
// server that was made before the last failure: servers that were made together fail in
// several rounds, and are one attempt. A server whose deletion was accepted before has
// failed to go, and not to come.
func counted(r round, w fleet.Worker, f Fault, m Memory) bool {
	if _, asked := m.Asked[w.Node.ID]; asked {
		return true
	}
	if id, before := m.Blamed[w.Name]; before && id == w.Node.ID {
		return true
	}
	b := m.Breakers[f.key()]
	return b.Failures > 0 && r.now.Add(-r.age(w.Node, m.FirstSeen)).Before(b.Last)
}
