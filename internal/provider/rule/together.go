package rule

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// TextOrList is a rule for texts and for lists.
type TextOrList interface {
	validator.String
	validator.List
}

// NotWith forbids the attribute beside its neighbor of that name.
func NotWith(neighbor string) TextOrList { return together{neighbor, forbidden} }

// With requires the neighbor of that name beside the attribute.
func With(neighbor string) TextOrList { return together{neighbor, required} }

// InPlaceOf requires exactly one of the attribute and its neighbor of that name.
func InPlaceOf(neighbor string) TextOrList { return together{neighbor, exclusive} }

type relation int

const (
	forbidden relation = iota
	required
	exclusive
)

// together is a rule for an attribute and a neighbor in the same object.
type together struct {
	neighbor string
	relation relation
}

func (r together) Description(context.Context) string {
	return map[relation]string{forbidden: "not together with ", required: "together with ", exclusive: "in place of "}[r.relation] + r.neighbor
}

func (r together) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

// ValidateString applies the rule to a text.
func (r together) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	resp.Diagnostics.Append(r.check(ctx, req.Path, req.ConfigValue, req.Config)...)
}

// ValidateList applies the rule to a list.
func (r together) ValidateList(ctx context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	resp.Diagnostics.Append(r.check(ctx, req.Path, req.ConfigValue, req.Config)...)
}

func (r together) check(ctx context.Context, at path.Path, value attr.Value, config tfsdk.Config) diag.Diagnostics {
	var neighbor attr.Value
	diags := config.GetAttribute(ctx, at.ParentPath().AtName(r.neighbor), &neighbor)
	if diags.HasError() || value.IsUnknown() || neighbor.IsUnknown() {
		return diags
	}
	here, there := !value.IsNull(), !neighbor.IsNull()
	switch {
	case here && there && r.relation != required:
		diags.AddAttributeError(at, "One too many", "Not together with `"+r.neighbor+"`: remove one of them.")
	case here && !there && r.relation == required:
		diags.AddAttributeError(at, "Missing "+r.neighbor, "Set `"+r.neighbor+"` too.")
	case !here && !there && r.relation == exclusive:
		diags.AddAttributeError(at, "One is missing", "Set it, or `"+r.neighbor+"`.")
	}
	return diags
}
