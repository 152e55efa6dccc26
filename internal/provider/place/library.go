package place

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Summaries of the framework's own diagnostics (terraform-plugin-framework:
// internal/fwserver/attribute_validation.go), whose texts send people to the developers
// of the provider.
const (
	missingRequired = "Missing Configuration for Required Attribute"
	setReadOnly     = "Invalid Configuration for Read-Only Attribute"
)

// reworded returns a diagnostic of the framework in words for a person; others stay as
// they are. It returns nil for an attribute that is missing because the object that it
// belongs to is null: the provider says that.
func (c configuration) reworded(d *tfprotov6.Diagnostic) *tfprotov6.Diagnostic {
	out := *d
	if d.Attribute == nil {
		return &out
	}
	name, _ := d.Attribute.LastStep().(tftypes.AttributeName)
	switch d.Summary {
	case missingRequired:
		if c.isNull(d.Attribute.WithoutLastStep()) {
			return nil
		}
		out.Summary, out.Detail = "Missing "+string(name), "It has to be set, and must not be null."
	case setReadOnly:
		out.Summary, out.Detail = "Invalid "+string(name), "It can't be set: the provider fills it. Remove it."
	}
	return &out
}

// isNull reports whether the configuration has null at a path inside of it.
func (c configuration) isNull(path *tftypes.AttributePath) bool {
	value, ok := c.find(path)
	return ok && len(path.Steps()) > 0 && value.IsNull()
}
