package provision

import (
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// spread gives the members their availability zones: each group's own are filled
// evenly, what it has already counted in.
func (f *fleet) spread(have cluster.Nodes) {
	names := map[string][]string{}
	for _, m := range f.members {
		names[m.group] = append(names[m.group], m.name)
	}
	for group, added := range names {
		sortNames(added)
		stay := slices.DeleteFunc(have.Workers(group), func(n cluster.Node) bool { return n.Ending() || slices.Contains(added, n.Name) })
		zones := cluster.Spread(f.without(f.doc.Groups[group].Zones), stay, added)
		for _, name := range added {
			f.members[name].zone = zones[name]
		}
	}
}

// without leaves out the zones that are to be avoided, unless they are all.
func (f *fleet) without(zones []string) []string {
	left := slices.DeleteFunc(slices.Clone(zones), func(z string) bool { return slices.Contains(f.avoid, z) })
	if len(left) == 0 {
		return zones
	}
	return left
}

// mostTries is how often a worker is built before it is given up.
func (f *fleet) mostTries(m *member) int {
	return min(max(buildTries, len(f.doc.Groups[m.group].Zones)), zoneTries)
}

// nextZone has the next try of a worker go to a zone where none has failed, as
// long as there is one.
func (f *fleet) nextZone(m *member) {
	m.zones = append(m.zones, m.zone)
	zones := slices.DeleteFunc(slices.Clone(f.doc.Groups[m.group].Zones), func(z string) bool { return slices.Contains(m.zones, z) })
	if len(zones) == 0 {
		return
	}
	workers := map[string]int{}
	for _, other := range f.members {
		if other.group == m.group && !other.lost {
			workers[other.zone]++
		}
	}
	m.zone = cluster.NextZone(zones, workers)
}

// triedZones names the zones of all tries where there was a choice.
func (m *member) triedZones() string {
	if m.zone == "" {
		return ""
	}
	return "; tried in availability zone " + strings.Join(append(slices.Clone(m.zones), m.zone), ", then ")
}

// tried returns the zones of all tries where there was a choice.
func (m *member) tried() []string {
	if m.zone == "" {
		return nil
	}
	if slices.Contains(m.zones, m.zone) { // the last one of them: there was no other
		return slices.Clone(m.zones)
	}
	return append(slices.Clone(m.zones), m.zone)
}
