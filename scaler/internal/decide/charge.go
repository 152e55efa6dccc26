package decide

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Charge is the kind of groups that an actuator can change. Terraform's configuration
// gives each group either a count, which Terraform owns, or scaling, whose number is the
// scaler's.
type Charge string

// The kinds of groups.
const (
	ChargeAny     Charge = ""        // nothing is changed
	ChargeScaled  Charge = "scaled"  // direct calls: the next apply would undo them in a group with a count
	ChargeCounted Charge = "counted" // runs of Terraform, which change a count
)

// covers reports whether the actuator can change a group of that specification.
func (c Charge) covers(g cluster.GroupSpec) bool {
	switch c {
	case ChargeScaled:
		return g.Scaling != nil
	case ChargeCounted:
		return g.Scaling == nil
	}
	return true
}

// NotInCharge returns notes on the groups of a cluster that the actuator can't change,
// although a block or the cluster's document bounds them.
func (p Policy) NotInCharge(groups map[string]cluster.GroupSpec) []Note {
	return explainCharge(p, groups).Notes
}

// explainCharge notes the cluster's groups that the actuator can't change, although a
// block or the cluster's document bounds them. They are left alone.
func explainCharge(configured Policy, groups map[string]cluster.GroupSpec) (d Decision) {
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		b, block := configured.Groups[name]
		switch {
		case configured.Charge.covers(g):
		case block && g.Scaling == nil:
			most := b.Max
			if most == Unsaid {
				most = max(DefaultMax, b.Min)
			}
			bounds := fmt.Sprintf("{ min = %d, max = %d }", b.Min, most)
			d.note("group "+name, reason.New(reason.GroupHasCount, reason.Count("count", g.Count), reason.Text("scaling", bounds)))
		case block:
			d.note("group "+name, reason.New(reason.GroupHasScaling))
		case g.Scaling != nil:
			d.note("group "+name, reason.New(reason.GroupNotCounted))
		}
	}
	return d
}
