package cluster

import (
	"context"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// userName matches names that every useradd accepts, and the empty text, which makes
// no user.
var userName = regexp.MustCompile(`^([a-z_][-a-z0-9_]{0,31})?$`)

var cleanPath = regexp.MustCompile(`^(/[^/\x00-\x1f]+)+$`)

func absolutePath() validator.String {
	return stringvalidator.RegexMatches(cleanPath, "must be an absolute path of a file")
}

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

// durationValidator requires a span of time that is not negative.
type durationValidator struct{}

func (durationValidator) Description(context.Context) string               { return "must be a duration such as 30m" }
func (v durationValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (durationValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	d, err := time.ParseDuration(req.ConfigValue.ValueString())
	if err != nil || d < 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration",
			"\""+req.ConfigValue.ValueString()+"\" is not a span of time; write for example \"30m\" or \"1h30m\".")
	}
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
