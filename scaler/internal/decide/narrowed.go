package decide

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// explainNarrowed names the groups of whose block not all holds, because the cluster's
// own bounds are narrower. Said is what the blocks say, held is what holds.
func explainNarrowed(said, held map[string]Bounds, groups map[string]cluster.GroupSpec) (d Decision) {
	for _, name := range slices.Sorted(maps.Keys(said)) {
		b, s := said[name], groups[name].Scaling
		h, managed := held[name]
		byMin, byMax := b.Min > 0 && b.Min != h.Min, b.Max != Unsaid && b.Max != h.Max
		if s == nil || !managed || !byMin && !byMax {
			continue
		}
		var words []string
		if b.Min > 0 {
			words = append(words, fmt.Sprintf("min = %d", b.Min))
		}
		if b.Max != Unsaid {
			words = append(words, fmt.Sprintf("max = %d", b.Max))
		}
		d.note("group "+name, reason.New(reason.BoundsNarrowed, reason.Count("cluster_min", s.Min), reason.Count("cluster_max", s.Max),
			reason.Names("said", words...), reason.Count("held_min", h.Min), reason.Count("held_max", h.Max)))
	}
	return d
}
