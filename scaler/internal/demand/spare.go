package demand

import (
	"cmp"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// spareOrder is the order in which workers that no waiting job needs are kept as
// spares: workers that can take a job now come first.
var spareOrder = map[fleet.Phase]int{fleet.Idle: 1, fleet.Booting: 2, fleet.Leaving: 3}

// spare keeps for each group as many workers empty as its operator wants, and asks for
// new ones if there are too few. Of several idle workers the ones that had a job last
// stay: the others have waited longer to go.
func (p *packing) spare() {
	for _, group := range p.groups {
		var empty []bin
		for _, b := range p.bins {
			if b.group == group.Name && !b.used && spareOrder[b.phase] > 0 {
				empty = append(empty, b)
			}
		}
		slices.SortStableFunc(empty, func(a, b bin) int {
			return cmp.Or(cmp.Compare(spareOrder[a.phase], spareOrder[b.phase]), b.idleSince.Compare(a.idleSince))
		})
		kept := min(group.Spare, len(empty))
		for _, b := range empty[:kept] {
			p.d.Spares = append(p.d.Spares, b.worker)
		}
		if lack := min(group.Spare-kept, group.Room); lack > 0 {
			need := p.d.Needs[group.Name]
			need.Workers += lack
			need.Spare += lack
			p.d.Needs[group.Name] = need
		}
	}
}
