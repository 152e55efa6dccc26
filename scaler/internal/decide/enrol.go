package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// lateFrom is the age from which a server that is enrolled counts as enrolled late.
const lateFrom = 2 * time.Minute

// Readiness is when a server could be enrolled first, or, once it is, when it was seen in
// the roster first, or, if that is later, when its build was seen to be over. Its join
// timeout counts from then: before, no front-end knew of it, or it did not run.
type Readiness struct {
	Since    time.Time `json:"since"`
	Enrolled bool      `json:"enrolled,omitempty"`
	Building bool      `json:"building,omitempty"` // Nova was still building it when it was seen last
}

// ready returns the names of the workers that can go into the roster now, by the rule of
// every process that enrols.
func ready(facts Facts, now time.Time) map[string]bool {
	names := map[string]bool{}
	v := facts.Cluster
	if v.Document.WithoutMetadataService() {
		return names // its roster goes by messenger
	}
	doc := v.Document.Clone()
	for _, m := range roster.Enrol(&doc, v.Nodes, now) {
		names[m.Name] = true
	}
	return names
}

// readied notes since when servers can be enrolled, which of these have come into the
// roster since, and which of them Nova has built. names are the workers that can be enrolled now.
func readied(facts Facts, names map[string]bool, m Memory, now time.Time) Memory {
	before := m.Ready
	m.Ready = map[string]Readiness{}
	one, _ := facts.Cluster.Nodes.Distinct(facts.Cluster.Document.Workers)
	for _, n := range one.Workers("") {
		was, known := before[n.ID]
		building := n.Status == cluster.StatusBuild
		switch {
		case names[n.Name] && !known:
			m.Ready[n.ID] = Readiness{Since: now, Building: building}
		case known && !was.Enrolled && facts.Cluster.Document.Enrolled(n):
			m.Ready[n.ID] = Readiness{Since: now, Enrolled: true, Building: building}
		case known && was.Building && !building:
			m.Ready[n.ID] = Readiness{Since: now, Enrolled: was.Enrolled}
		case known:
			m.Ready[n.ID] = was
		}
	}
	return m
}

// enrolledAt returns from when the join timeouts of servers count, by their IDs, where
// this scaler has seen the servers before they were enrolled.
func enrolledAt(m Memory) map[string]time.Time {
	out := map[string]time.Time{}
	for id, r := range m.Ready {
		out[id] = r.Since
	}
	return out
}

// enrol writes workers into the roster that have an address and are in none, whichever
// process made them and whosever their group is: only then does the front-end join them.
// A server that was built once more in its batch has another address than its entry. One
// that works has got another interface: its entry stays.
func enrol(r round, m Memory) (Decision, Memory) {
	var d Decision
	for _, w := range r.fleet.Workers {
		if !r.ready[w.Name] || !w.Orphan && w.InPool || w.Phase == fleet.Deleting {
			continue
		}
		s := removal(w, reason.New(reason.ReadyToEnrol, reason.Name("address", w.Node.Address)))
		d.Enrol = append(d.Enrol, s)
		if r.now.Sub(w.Node.Created) >= lateFrom && r.now.Sub(m.LateAt) >= time.Minute { // a change is a call
			m.LateAt = r.now
		}
	}
	return d, m
}
