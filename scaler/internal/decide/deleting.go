package decide

import (
	"maps"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// askAgain is how long after the cloud accepted a deletion it is asked for once more: a
// busy Nova needs a minute for many servers.
const askAgain = 90 * time.Second

// Deleted returns the memory after the cloud accepted the deletion of servers, by their
// IDs.
func (m Memory) Deleted(now time.Time, servers ...string) Memory {
	m.Asked, now = copied(m.Asked), wall(now)
	for _, id := range servers {
		m.Asked[id] = now
	}
	return m
}

// doomed returns the servers whose deletion was accepted a moment ago, by their IDs: a
// list may not show yet that they are being deleted.
func doomed(asked map[string]time.Time, now time.Time) map[string]bool {
	out := map[string]bool{}
	for id, at := range asked {
		if now.Sub(at) < askAgain {
			out[id] = true
		}
	}
	return out
}

// isGone reports whether it is certain that the server of a worker in the roster is gone. It
// is where an earlier reading of this scaler showed the server: it was looked up by its ID
// when a list lacked it, and a reading without an answer to that is an error. Jobs that ran
// there wait for the batch system to hear of it.
func isGone(r round, worker string, m Memory) bool {
	entry, _ := r.facts.Cluster.Document.Member(worker)
	for _, p := range m.Servers {
		if p.Name == worker && entry.Enrols(cluster.Node{Batch: p.Batch}) {
			return true
		}
	}
	return false
}

// remembered returns the deletions of servers that are there, or of which something may
// be left.
func remembered(m Memory) map[string]time.Time {
	out := copied(m.Asked)
	maps.DeleteFunc(out, func(id string, _ time.Time) bool {
		_, known := m.Servers[id]
		return !known
	})
	return out
}

// watchDeletions notes servers that are being deleted. It asks again for deletions that
// this scaler or one before it asked for, where they take too long.
func watchDeletions(r round, m Memory) (Decision, Memory) {
	var d Decision
	m.Asked = copied(m.Asked)
	for _, w := range r.fleet.Workers {
		if w.Phase != fleet.Deleting || !r.manages(w.Group) {
			continue
		}
		at, asked := m.Asked[w.Node.ID]
		if !asked && w.Mark == cluster.LeaveIdle { // by a scaler before this one
			at, asked = r.now, true
			m.Asked[w.Node.ID] = at
		}
		since := r.now.Sub(at)
		switch {
		case !asked:
			d.note(w.Name, reason.New(reason.DeletedByOthers))
		case since < askAgain:
			d.note(w.Name, reason.New(reason.BeingDeleted, reason.Span("since", since)))
		default:
			s := removal(w, reason.New(reason.StillThere, reason.Span("since", since)))
			s.Marked = w.Mark == cluster.LeaveIdle
			d.Remove = append(d.Remove, s)
		}
	}
	return d, m
}
