package provider

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// providerModel is the provider block. internal/openstack fills what an attribute
// leaves out from the environment and clouds.yaml.
type providerModel struct {
	Cloud                       types.String `tfsdk:"cloud"`
	AuthURL                     types.String `tfsdk:"auth_url"`
	UserName                    types.String `tfsdk:"user_name"`
	UserID                      types.String `tfsdk:"user_id"`
	Password                    types.String `tfsdk:"password"`
	ApplicationCredentialID     types.String `tfsdk:"application_credential_id"`
	ApplicationCredentialName   types.String `tfsdk:"application_credential_name"`
	ApplicationCredentialSecret types.String `tfsdk:"application_credential_secret"`
	Token                       types.String `tfsdk:"token"`
	TenantName                  types.String `tfsdk:"tenant_name"`
	TenantID                    types.String `tfsdk:"tenant_id"`
	UserDomainName              types.String `tfsdk:"user_domain_name"`
	UserDomainID                types.String `tfsdk:"user_domain_id"`
	ProjectDomainName           types.String `tfsdk:"project_domain_name"`
	ProjectDomainID             types.String `tfsdk:"project_domain_id"`
	DomainName                  types.String `tfsdk:"domain_name"`
	DomainID                    types.String `tfsdk:"domain_id"`
	Region                      types.String `tfsdk:"region"`
	CACertFile                  types.String `tfsdk:"cacert_file"`
	Insecure                    types.Bool   `tfsdk:"insecure"`
	EndpointType                types.String `tfsdk:"endpoint_type"`
	MaxConcurrency              whole.Number `tfsdk:"max_concurrency"`
	RequestTimeout              types.String `tfsdk:"request_timeout"`
	MaxRetries                  whole.Number `tfsdk:"max_retries"`
}

// unknown reports whether some setting is known during the apply only. The provider
// asks no cloud then: a guess at the missing part might reach another cloud.
func (m providerModel) unknown() bool {
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		if a, ok := v.Field(i).Interface().(attr.Value); ok && a.IsUnknown() {
			return true
		}
	}
	return false
}

func (m providerModel) config(version string) openstack.Config {
	concurrency := int(m.MaxConcurrency.ValueInt64())
	if concurrency == 0 {
		concurrency = provision.DefaultConcurrency
	}
	timeout, _ := time.ParseDuration(m.RequestTimeout.ValueString()) // the schema refuses what is none; "" is 0
	var retries *int
	if !m.MaxRetries.IsNull() {
		retries = new(int(m.MaxRetries.ValueInt64()))
	}
	return openstack.Config{
		Cloud:                       m.Cloud.ValueString(),
		AuthURL:                     m.AuthURL.ValueString(),
		UserName:                    m.UserName.ValueString(),
		UserID:                      m.UserID.ValueString(),
		Password:                    m.Password.ValueString(),
		ApplicationCredentialID:     m.ApplicationCredentialID.ValueString(),
		ApplicationCredentialName:   m.ApplicationCredentialName.ValueString(),
		ApplicationCredentialSecret: m.ApplicationCredentialSecret.ValueString(),
		Token:                       m.Token.ValueString(),
		TenantName:                  m.TenantName.ValueString(),
		TenantID:                    m.TenantID.ValueString(),
		UserDomainName:              m.UserDomainName.ValueString(),
		UserDomainID:                m.UserDomainID.ValueString(),
		ProjectDomainName:           m.ProjectDomainName.ValueString(),
		ProjectDomainID:             m.ProjectDomainID.ValueString(),
		DomainName:                  m.DomainName.ValueString(),
		DomainID:                    m.DomainID.ValueString(),
		Region:                      m.Region.ValueString(),
		CACertFile:                  m.CACertFile.ValueString(),
		Insecure:                    m.Insecure.ValueBoolPointer(),
		EndpointType:                m.EndpointType.ValueString(),
		MaxConcurrency:              concurrency,
		RequestTimeout:              timeout,
		MaxRetries:                  retries,
		UserAgent:                   "terraform-provider-vmcluster/" + version,
		Log: func(ctx context.Context, msg string, fields map[string]any) {
			tflog.Debug(ctx, msg, fields)
		},
	}
}

// timeoutValidator requires a time in which an API can answer.
type timeoutValidator struct{}

func (timeoutValidator) Description(context.Context) string {
	return "must be a time of 1s or more, such as 30s"
}

func (v timeoutValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (timeoutValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	text := req.ConfigValue.ValueString()
	switch d, err := time.ParseDuration(text); {
	case err != nil:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid time", fmt.Sprintf("%q is not a span of time; write for example \"30s\" or \"2m\".", text))
	case d < time.Second || d > 24*time.Hour:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid time", fmt.Sprintf("%s is not a time for an API call; set one from \"1s\" to \"24h\".", text))
	}
}
