package cluster

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// eachValidator applies a rule to each text of a collection, and refuses elements
// without a value.
type eachValidator struct {
	must  string
	check func(string) error
}

// references is the rule for collections of names and IDs.
func references() eachValidator {
	return eachValidator{"must hold names or IDs", checkReference}
}

func (v eachValidator) Description(context.Context) string             { return v.must }
func (v eachValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v eachValidator) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	for i, element := range req.ConfigValue.Elements() {
		v.validate(req.Path.AtListIndex(i), element, &resp.Diagnostics)
	}
}

// ValidateSet shows a wrong element at the set: an element of a set has no place of its
// own.
func (v eachValidator) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	for _, element := range req.ConfigValue.Elements() {
		v.validate(req.Path, element, &resp.Diagnostics)
	}
}

func (v eachValidator) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	elements := req.ConfigValue.Elements()
	for _, key := range sortedNames(elements) {
		v.validate(req.Path.AtMapKey(key), elements[key], &resp.Diagnostics)
	}
}

func (v eachValidator) validate(at path.Path, element attr.Value, diags *diag.Diagnostics) {
	text, ok := element.(types.String)
	switch {
	case element.IsUnknown():
	case element.IsNull() || !ok:
		diags.AddAttributeError(at, "Missing value", "One of its elements is null; leave it out.")
	default:
		if err := v.check(text.ValueString()); err != nil {
			diags.AddAttributeError(at, "Invalid value", diagnose.Sentence(err.Error()))
		}
	}
}

// anyText is the rule for collections of texts of any kind.
func anyText() eachValidator {
	return eachValidator{"must hold no null", func(string) error { return nil }}
}
