package rule

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// elements is a rule for the keys or the values of a collection of texts.
type elements struct {
	whose string // "each key" or "each element"
	keys  bool
	rules []validator.String
}

// Keys applies the rules to each key of a map.
func Keys(rules ...validator.String) validator.Map { return elements{"each key", true, rules} }

// Collection is a rule for lists, sets and maps.
type Collection interface {
	validator.List
	validator.Set
	validator.Map
}

// Values applies the rules to each element of a list, set or map of texts, and
// refuses null among them.
func Values(rules ...validator.String) Collection { return elements{"each element", false, rules} }

func (e elements) Description(ctx context.Context) string {
	out := e.whose
	for _, r := range e.rules {
		out += " " + r.Description(ctx)
	}
	return out
}

func (e elements) MarkdownDescription(ctx context.Context) string { return e.Description(ctx) }

// apply applies the rules to the text at a place.
func (e elements) apply(ctx context.Context, at path.Path, value attr.Value, config tfsdk.Config) diag.Diagnostics {
	var diags diag.Diagnostics
	v, ok := value.(types.String)
	switch {
	case !ok:
		return nil
	case v.IsNull():
		diags.AddAttributeError(at, invalid(at), "Must not be null.")
		return diags
	}
	for _, r := range e.rules {
		resp := validator.StringResponse{}
		r.ValidateString(ctx, validator.StringRequest{Path: at, PathExpression: at.Expression(), ConfigValue: v, Config: config}, &resp)
		diags.Append(resp.Diagnostics...)
	}
	return diags
}

// ValidateMap applies the rules to the map's keys, or to its elements.
func (e elements) ValidateMap(ctx context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for key, value := range req.ConfigValue.Elements() {
		if e.keys {
			value = types.StringValue(key)
		}
		resp.Diagnostics.Append(e.apply(ctx, req.Path.AtMapKey(key), value, req.Config)...)
	}
}

// ValidateList applies the rules to the list's elements.
func (e elements) ValidateList(ctx context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	for i, value := range req.ConfigValue.Elements() {
		resp.Diagnostics.Append(e.apply(ctx, req.Path.AtListIndex(i), value, req.Config)...)
	}
}

// ValidateSet applies the rules to the set's elements.
func (e elements) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	for _, value := range req.ConfigValue.Elements() {
		resp.Diagnostics.Append(e.apply(ctx, req.Path.AtSetValue(value), value, req.Config)...)
	}
}

// noNulls is a rule for a map of objects.
type noNulls struct{}

// NoNulls refuses elements of a map that are null.
func NoNulls() validator.Map { return noNulls{} }

func (noNulls) Description(context.Context) string               { return "must hold no null" }
func (r noNulls) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

// ValidateMap refuses elements that are null.
func (noNulls) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for key, value := range req.ConfigValue.Elements() {
		if at := req.Path.AtMapKey(key); value.IsNull() {
			resp.Diagnostics.AddAttributeError(at, invalid(at), "Must not be null: leave it out, or describe it.")
		}
	}
}

// ListOrSet is a rule for lists and sets.
type ListOrSet interface {
	validator.List
	validator.Set
}

// listed is a rule for a list or a set as a whole.
type listed struct {
	must  string
	check func([]attr.Value) (reason string)
}

func (r listed) Description(context.Context) string             { return r.must }
func (r listed) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

// ValidateList applies the rule to a list that is known.
func (r listed) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() {
		r.apply(req.Path, req.ConfigValue.Elements(), &resp.Diagnostics)
	}
}

// ValidateSet applies the rule to a set that is known.
func (r listed) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() {
		r.apply(req.Path, req.ConfigValue.Elements(), &resp.Diagnostics)
	}
}

func (r listed) apply(at path.Path, all []attr.Value, diags *diag.Diagnostics) {
	if reason := r.check(all); reason != "" {
		diags.AddAttributeError(at, invalid(at), reason)
	}
}

// Some requires a list or set that is not empty.
func Some() ListOrSet {
	return listed{"must not be empty", func(all []attr.Value) string {
		if len(all) == 0 {
			return "Must not be empty: leave it out, or name at least one."
		}
		return ""
	}}
}

// Unique requires a list in which nothing stands twice.
func Unique() validator.List {
	return listed{"must name nothing twice", func(all []attr.Value) string {
		for i, a := range all {
			for _, b := range all[:i] {
				if !a.IsUnknown() && a.Equal(b) {
					return "Names " + a.String() + " twice."
				}
			}
		}
		return ""
	}}
}
