package provision

import (
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// place is a group's availability zone, or all of the group without one.
type place struct{ group, zone string }

// refusal is what a POST of the member would meet.
func (f *fleet) refusal(m *member) *Problem {
	f.mu.Lock()
	defer f.mu.Unlock()
	if all := f.refused[place{group: m.group}]; all != nil {
		return all
	}
	return f.refused[place{m.group, m.zone}]
}

// refuse notes a refusal that the group's further POSTs would meet as well, or
// those to that zone; another group may have another image, and a flavor that
// still fits.
func (f *fleet) refuse(m *member, err error) {
	at := place{group: m.group}
	if ofZone(err) {
		at.zone = m.zone
	}
	switch kind := cluster.KindOf(err); kind {
	case cluster.FaultQuota, cluster.FaultNetwork, cluster.FaultBadRequest, cluster.FaultForbidden, cluster.FaultAuth:
		f.mu.Lock()
		defer f.mu.Unlock()
		f.refused[at] = &Problem{Kind: kindOf(err), Detail: err.Error()}
	}
}

// ofZone tells a refusal of an availability zone, which says nothing of others.
func ofZone(err error) bool {
	return cluster.IsKind(err, cluster.FaultBadRequest) && strings.Contains(strings.ToLower(err.Error()), "availability zone")
}

// kindOf sorts a refusal: the words tell more than "bad request".
func kindOf(err error) cluster.FaultKind {
	kind := cluster.KindOf(err)
	if words := cluster.FaultOfWords(err.Error()); kind == cluster.FaultBadRequest && words != cluster.FaultOther {
		return words
	}
	return kind
}

// elsewhere moves a member whose POST would be refused to a zone where none was. It
// reports whether there is one.
func (f *fleet) elsewhere(m *member) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refused[place{group: m.group}] != nil {
		return false
	}
	before := m.zone
	f.nextZone(m)
	return m.zone != before
}
