package batch

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

const (
	buildTries = 2 // builds of one worker that end in ERROR, where it has fewer zones
	zoneTries  = 4 // the same where it has more, each in another zone
)

// place is an availability zone of a group, or the whole group without a zone.
type place struct{ group, zone string }

// refusal is an answer that the next POST to the same place would get as well.
type refusal struct {
	kind   cluster.FaultKind
	detail string
}

// placement chooses availability zones for the members of a batch, and remembers
// where the cloud refuses them.
type placement struct {
	groups map[string]cluster.GroupSpec

	mu      sync.Mutex
	members map[place]int // that are not given up
	refused map[place]refusal
}

func newPlacement(groups map[string]cluster.GroupSpec) *placement {
	return &placement{groups: groups, members: map[place]int{}, refused: map[place]refusal{}}
}

// spread gives the members their availability zones: each group's zones are filled
// evenly, the workers that stay counted in. Zones in avoid, by group, are left out where
// the group has others.
func (p *placement) spread(members map[string]*member, stay cluster.Nodes, avoid map[string][]string) {
	names := map[string][]string{}
	for _, m := range members {
		if m.id == "" {
			names[m.group] = append(names[m.group], m.name)
		}
	}
	for group, added := range names {
		cluster.SortNames(added)
		others := slices.DeleteFunc(stay.Workers(group), func(n cluster.Node) bool { return n.Ending() || slices.Contains(added, n.Name) })
		zones := cluster.Spread(without(p.groups[group].Zones, avoid[group]), others, added)
		for _, name := range added {
			members[name].zone = zones[name]
			p.members[place{group, zones[name]}]++
		}
	}
}

// without returns the zones that are not in avoid, or all of them where that would
// leave none.
func without(zones, avoid []string) []string {
	left := slices.DeleteFunc(slices.Clone(zones), func(z string) bool { return slices.Contains(avoid, z) })
	if len(left) == 0 {
		return zones
	}
	return left
}

// mostTries returns how often a worker of the group is built before it is given up.
func (p *placement) mostTries(group string) int {
	return min(max(buildTries, len(p.groups[group].Zones)), zoneTries)
}

// refusal returns the answer that a POST of the member would get, nil where none is
// known.
func (p *placement) refusal(m *member) *refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, at := range []place{{group: m.group}, {m.group, m.zone}} {
		if r, refused := p.refused[at]; refused {
			return &r
		}
	}
	return nil
}

// refuse notes an answer that further POSTs of the group, or of the group to that
// zone, would get as well. Another group may have another image, and a flavor that
// still fits.
func (p *placement) refuse(m *member, err error) {
	at := place{group: m.group}
	if ofZone(err) {
		at.zone = m.zone
	}
	switch cluster.KindOf(err) {
	case cluster.FaultQuota, cluster.FaultNetwork, cluster.FaultBadRequest, cluster.FaultForbidden, cluster.FaultAuth:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.refused[at] = refusal{kindOf(err), err.Error()}
	}
}

// forgive forgets the answers that may be others now, because servers are gone.
func (p *placement) forgive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.refused, func(_ place, r refusal) bool { return NeedsRoom(r.kind) })
}

// elsewhere moves a member whose POST would be refused to another zone. It reports
// whether there was one.
func (p *placement) elsewhere(m *member) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, all := p.refused[place{group: m.group}]; all {
		return false
	}
	before := m.zone
	p.move(m)
	return m.zone != before
}

// next moves a member whose build failed to a zone where none of its builds has
// failed, where there is one.
func (p *placement) next(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.move(m)
}

func (p *placement) move(m *member) {
	m.zones = append(m.zones, m.zone)
	zones := slices.DeleteFunc(slices.Clone(p.groups[m.group].Zones), func(z string) bool { return slices.Contains(m.zones, z) })
	if len(zones) == 0 {
		return
	}
	workers := map[string]int{}
	for _, z := range zones {
		workers[z] = p.members[place{m.group, z}]
	}
	p.members[place{m.group, m.zone}]--
	m.zone = cluster.NextZone(zones, workers)
	p.members[place{m.group, m.zone}]++
}

// leave takes a member that is given up out of the count of its zone.
func (p *placement) leave(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.members[place{m.group, m.zone}]--
}

// ofZone reports whether the cloud refuses an availability zone, which says nothing
// about other zones.
func ofZone(err error) bool {
	return cluster.IsKind(err, cluster.FaultBadRequest) && strings.Contains(strings.ToLower(err.Error()), "availability zone")
}

// kindOf returns the kind of a refusal; its words say more than "bad request".
func kindOf(err error) cluster.FaultKind {
	kind := cluster.KindOf(err)
	if words := cluster.FaultOfWords(err.Error()); kind == cluster.FaultBadRequest && words != cluster.FaultOther {
		return words
	}
	return kind
}
