package provider

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
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
		UserAgent:                   "terraform-provider-vmcluster/" + version,
		Log: func(ctx context.Context, msg string, fields map[string]any) {
			tflog.Debug(ctx, msg, fields)
		},
	}
}
