package cluster

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// MostWorkers is the largest number of workers that a group can be given.
const MostWorkers = 10_000

type scalingModel struct {
	Min     whole.Number `tfsdk:"min"`
	Max     whole.Number `tfsdk:"max"`
	Initial whole.Number `tfsdk:"initial"`
}

var (
	scalingTypes = map[string]attr.Type{"min": whole.Type{}, "max": whole.Type{}, "initial": whole.Type{}}
	scalingType  = types.ObjectType{AttrTypes: scalingTypes}
)

// scaling reads the group's bounds; ok is false where it has none.
func (g groupModel) scaling() (s scalingModel, ok bool) {
	if g.Scaling.IsNull() || g.Scaling.IsUnknown() {
		return s, false
	}
	number := func(name string) whole.Number {
		v, _ := g.Scaling.Attributes()[name].(whole.Number)
		return v
	}
	return scalingModel{Min: number("min"), Max: number("max"), Initial: number("initial")}, true
}

// bounds returns the bounds of a scaled group in the domain's words; nil for a group
// with a count.
func (g groupModel) bounds() *cluster.Scaling {
	s, ok := g.scaling()
	if !ok {
		return nil
	}
	return &cluster.Scaling{Min: int(s.Min.ValueInt64()), Max: int(s.Max.ValueInt64())}
}

// count returns the number of workers that the configuration asks for: 0 for a scaled
// group, whose number has no lower limit beyond its min.
func (g groupModel) count() int {
	if _, scaled := g.scaling(); scaled {
		return 0
	}
	return int(g.Count.ValueInt64())
}

// initial returns the number of workers that a new group begins with.
func (g groupModel) initial() int {
	s, ok := g.scaling()
	switch {
	case !ok:
		return g.count()
	case s.Initial.IsNull():
		return int(s.Min.ValueInt64())
	default:
		return int(s.Initial.ValueInt64())
	}
}

// least returns the smallest number of workers that the group is made with.
func (g groupModel) least() int {
	if bounds := g.bounds(); bounds != nil {
		return bounds.Min
	}
	return g.count()
}

// sizeUnknown reports whether the number of workers can't be planned yet. A scaled
// group's count is computed, so it does not matter.
func (g groupModel) sizeUnknown() bool {
	if g.Scaling.IsUnknown() {
		return true
	}
	if s, scaled := g.scaling(); scaled {
		return s.Min.IsUnknown() || s.Max.IsUnknown() || s.Initial.IsUnknown()
	}
	return g.Count.IsUnknown()
}

// countsUnknown reports whether the number of workers of a group, or the choice of
// those that leave first, can't be planned yet.
func (c config) countsUnknown(ctx context.Context) bool {
	for _, g := range c.groups {
		if g.sizeUnknown() || !isKnown(ctx, g.Retire) {
			return true
		}
	}
	return false
}

// dropScaledCounts takes the counts of scaled groups out of a plan: Terraform
// proposes the present ones, and nothing in the configuration asks for them.
func (c *config) dropScaledCounts(ctx context.Context) diag.Diagnostics {
	return c.setScaledCounts(ctx, func(string) whole.Number { return whole.Null() })
}

// setScaledCounts writes the number of workers of the scaled groups.
func (c *config) setScaledCounts(ctx context.Context, count func(group string) whole.Number) diag.Diagnostics {
	scaled := false
	for name, g := range c.groups {
		if _, ok := g.scaling(); ok {
			g.Count, scaled = count(name), true
			c.groups[name] = g
		}
	}
	if !scaled {
		return nil
	}
	workers, diags := types.MapValueFrom(ctx, groupType, c.groups)
	c.Workers = workers
	return diags
}

// settleCounts fills the counts of scaled groups that the plan left open.
func (c *config) settleCounts(ctx context.Context, v cluster.View) diag.Diagnostics {
	if !slices.ContainsFunc(c.groupNames(), func(name string) bool { return c.groups[name].Count.IsUnknown() }) {
		return nil
	}
	working := workingWorkers(shown(v))
	return c.setScaledCounts(ctx, func(group string) whole.Number {
		if count := c.groups[group].Count; !count.IsUnknown() {
			return count
		}
		return whole.Value(int64(len(working[group])))
	})
}
