package cluster

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

const mostWorkers = 10_000

func countAttribute() schema.Attribute {
	return schema.Int64Attribute{
		Optional: true, Computed: true,
		Validators: []validator.Int64{int64validator.Between(0, mostWorkers)},
		MarkdownDescription: "How many workers the group has; exactly one of `count` and `scaling` is to be set. " +
			"A refresh writes the number that really works, so a lost worker shows as `3 -> 4` and is made anew. With `scaling` it tells the present number.",
	}
}

func scalingAttribute() schema.Attribute {
	bound := func(required bool, description string) schema.Attribute {
		return schema.Int64Attribute{
			Required: required, Optional: !required,
			Validators:          []validator.Int64{int64validator.Between(0, mostWorkers)},
			MarkdownDescription: description,
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"min":     bound(true, "How many workers the group has at least. If fewer work, the plan makes the missing ones."),
			"max":     bound(true, "How many workers the scaler may bring the group to. If there are more, the plan warns; none is deleted."),
			"initial": bound(false, "How many workers the group begins with (default `min`). It counts only when the group is made."),
		},
		MarkdownDescription: "In place of `count`: the scaler owns the group's number of workers, inside these bounds. " +
			"While the number is inside them there is no difference in the plan, whoever made the workers; a destroy takes all of them. " +
			"The scaler reads the bounds from the cluster. Going from `count` to `scaling` and back touches no node.",
	}
}

func minReadyAttribute() schema.Attribute {
	return schema.Int64Attribute{
		Optional:   true,
		Validators: []validator.Int64{int64validator.Between(0, mostWorkers)},
		MarkdownDescription: "How many of the group's workers must work for an apply to succeed (default 0). " +
			"With fewer the apply ends in an error in place of a warning; Terraform then replaces a cluster that was just being made, and mends one that was there.",
	}
}

type scalingModel struct {
	Min     types.Int64 `tfsdk:"min"`
	Max     types.Int64 `tfsdk:"max"`
	Initial types.Int64 `tfsdk:"initial"`
}

var (
	scalingTypes = map[string]attr.Type{"min": types.Int64Type, "max": types.Int64Type, "initial": types.Int64Type}
	scalingType  = types.ObjectType{AttrTypes: scalingTypes}
)

// scaling reads the group's bounds; ok is false where it has none.
func (g groupModel) scaling() (s scalingModel, ok bool) {
	if g.Scaling.IsNull() || g.Scaling.IsUnknown() {
		return s, false
	}
	number := func(name string) types.Int64 {
		v, _ := g.Scaling.Attributes()[name].(types.Int64)
		return v
	}
	return scalingModel{Min: number("min"), Max: number("max"), Initial: number("initial")}, true
}

// bounds are what the domain calls scaling; nil where the group has a count.
func (g groupModel) bounds() *cluster.Scaling {
	s, ok := g.scaling()
	if !ok {
		return nil
	}
	return &cluster.Scaling{Min: int(s.Min.ValueInt64()), Max: int(s.Max.ValueInt64())}
}

// count is the number of workers that the group is to have, or, with bounds, to
// have at least at this moment: none beyond its min.
func (g groupModel) count() int {
	if _, scaled := g.scaling(); scaled {
		return 0
	}
	return int(g.Count.ValueInt64())
}

// initial is the number of workers that a new group begins with.
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

// least is the number of workers that the group has at least where all work.
func (g groupModel) least() int {
	if bounds := g.bounds(); bounds != nil {
		return bounds.Min
	}
	return g.count()
}

// sizeUnknown tells that the number of workers can't be planned yet. A scaled
// group's count is computed.
func (g groupModel) sizeUnknown() bool {
	if g.Scaling.IsUnknown() {
		return true
	}
	if s, scaled := g.scaling(); scaled {
		return s.Min.IsUnknown() || s.Max.IsUnknown() || s.Initial.IsUnknown()
	}
	return g.Count.IsUnknown()
}

// checkSizesOfGroups wants exactly one of count and scaling in each group of a
// configuration, and bounds that make sense.
func (p parts) checkSizesOfGroups() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range p.groupNames() {
		g, at := p.groups[name], path.Root("workers").AtMapKey(name)
		switch {
		case g.Count.IsNull() && g.Scaling.IsNull():
			diags.AddAttributeError(at, "Missing count or scaling",
				"Set `count` for a number of workers that Terraform owns, or `scaling` for one that the scaler owns.")
		case g.Count.IsUnknown() || g.Scaling.IsUnknown(): // looked at again when they are known
		case !g.Count.IsNull() && !g.Scaling.IsNull():
			diags.AddAttributeError(at.AtName("scaling"), "Both count and scaling",
				"The number of workers has one owner: with `count` it is Terraform, with `scaling` the scaler. Remove one of them.")
		}
		if s, ok := g.scaling(); ok {
			diags.Append(s.check(at.AtName("scaling"))...)
		}
		if least := g.MinReady; !g.sizeUnknown() && least.ValueInt64() > int64(g.least()) {
			diags.AddAttributeError(at.AtName("min_ready"), "Contradictory bounds",
				fmt.Sprintf("`min_ready` = %d is more than the %d workers that the group is made with.", least.ValueInt64(), g.least()))
		}
	}
	return diags
}

func (s scalingModel) check(at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	known := func(v types.Int64) bool { return !v.IsNull() && !v.IsUnknown() }
	if known(s.Min) && known(s.Max) && s.Min.ValueInt64() > s.Max.ValueInt64() {
		diags.AddAttributeError(at.AtName("min"), "Contradictory bounds",
			fmt.Sprintf("`min` = %d is more than `max` = %d.", s.Min.ValueInt64(), s.Max.ValueInt64()))
	}
	if known(s.Initial) && (known(s.Min) && s.Initial.ValueInt64() < s.Min.ValueInt64() || known(s.Max) && s.Initial.ValueInt64() > s.Max.ValueInt64()) {
		diags.AddAttributeError(at.AtName("initial"), "Contradictory bounds",
			fmt.Sprintf("`initial` = %d is not between `min` = %d and `max` = %d.", s.Initial.ValueInt64(), s.Min.ValueInt64(), s.Max.ValueInt64()))
	}
	return diags
}

// begin gives the groups that are new the number that they begin with.
func begin[T any](spec cluster.Spec, p parts, before map[string]T) cluster.Spec {
	for name, g := range spec.Groups {
		if _, existed := before[name]; !existed {
			g.Count = p.groups[name].initial()
			spec.Groups[name] = g
		}
	}
	return spec
}

// dropScaledCounts takes from the plan what stands for the counts of scaled
// groups: it is nobody's wish.
func (m *model) dropScaledCounts(ctx context.Context, p parts) diag.Diagnostics {
	return m.setScaledCounts(ctx, p, func(string) types.Int64 { return types.Int64Null() })
}

// planCounts plans the number of workers of the scaled groups: what there will be.
func (m *model) planCounts(ctx context.Context, c change, p parts) diag.Diagnostics {
	return m.setScaledCounts(ctx, p, func(group string) types.Int64 { return types.Int64Value(int64(c.nodes.Groups[group].Working())) })
}

func (m *model) setScaledCounts(ctx context.Context, p parts, count func(group string) types.Int64) diag.Diagnostics {
	scaled := false
	for name, g := range p.groups {
		if _, ok := g.scaling(); ok {
			g.Count, scaled = count(name), true
			p.groups[name] = g
		}
	}
	if !scaled {
		return nil
	}
	workers, diags := types.MapValueFrom(ctx, groupType, p.groups)
	m.Workers = workers
	return diags
}

// settleCounts fills the counts of scaled groups that the plan left open.
func (m *model) settleCounts(ctx context.Context, v provision.View) diag.Diagnostics {
	p, ok, diags := m.parts(ctx)
	if !ok || !slices.ContainsFunc(p.groupNames(), func(name string) bool { return p.groups[name].Count.IsUnknown() }) {
		return diags
	}
	working := workingWorkers(enrolled(v))
	return append(diags, m.setScaledCounts(ctx, p, func(group string) types.Int64 {
		if count := p.groups[group].Count; !count.IsUnknown() {
			return count
		}
		return types.Int64Value(int64(len(working[group])))
	})...)
}

// boundsWarnings says where a scaled group has more workers than it should.
func boundsWarnings(c change) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range c.wanted.GroupNames() {
		n, bounds := c.nodes.Groups[name].Working(), c.wanted.Groups[name].Scaling
		if bounds != nil && n > bounds.Max {
			diags.AddAttributeWarning(path.Root("workers").AtMapKey(name).AtName("scaling").AtName("max"), "More workers than max",
				fmt.Sprintf("Group %q has %d workers, max is %d. None is deleted: the scaler adds no more, and lets idle ones go. "+
					"To shrink the group now, give it `count` in place of `scaling`.", name, n, bounds.Max))
		}
	}
	return diags
}
