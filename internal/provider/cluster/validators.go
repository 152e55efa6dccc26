package cluster

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// nameValidator applies one of the domain's rules for names.
type nameValidator struct{ check func(string) error }

func (nameValidator) Description(context.Context) string               { return "must be a DNS label" }
func (v nameValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v nameValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid name",
			diagnose.Sentence(err.Error())+" Node names are host names, so choose a name that is one.")
	}
}

// textValidator applies a rule of the domain to a text that is not a name.
type textValidator struct {
	must  string
	check func(string) error
}

func (v textValidator) Description(context.Context) string             { return v.must }
func (v textValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v textValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", diagnose.Sentence(err.Error()))
	}
}

// nameOrID is the validator of the name or ID of something in the cloud.
func nameOrID() validator.String { return textValidator{"must be a name or an ID", checkReference} }

// drainTime is the validator of the time to drain a worker.
func drainTime() validator.String {
	return textValidator{"must be a span of time such as 30m", checkDrain}
}

// caKeyValidator requires a private key that can be a CA's. Its messages never hold
// the key.
type caKeyValidator struct{}

func (caKeyValidator) Description(context.Context) string {
	return "an ed25519 private key in PEM form"
}

func (v caKeyValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (caKeyValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := trust.ParseCA(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid CA key", "The CA key can't be used: "+diagnose.Sentence(err.Error()))
	}
}
