package provider

import (
	"context"
	"maps"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/progress"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

//go:generate go test -run TestStateKeepsItsShape . -update

// Address is the provider's address in the registry.
const Address = "registry.terraform.io/vmcluster/vmcluster"

type vmclusterProvider struct{ version string }

var (
	_ provider.Provider                  = (*vmclusterProvider)(nil)
	_ provider.ProviderWithFunctions     = (*vmclusterProvider)(nil)
	_ provider.ProviderWithListResources = (*vmclusterProvider)(nil)
)

// New returns a maker of the provider, as provider servers want it.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &vmclusterProvider{version: version} }
}

func (p *vmclusterProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "vmcluster"
	resp.Version = p.version
}

func (p *vmclusterProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description}
	}
	secret := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: description}
	}
	endpointType := text("Which endpoints of the catalog to use: `public` (default), `internal` or `admin`. `OS_INTERFACE` or `OS_ENDPOINT_TYPE`.")
	endpointType.Validators = []validator.String{rule.OneOf("public", "internal", "admin", "publicURL", "internalURL", "adminURL")}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Whole compute clusters on OpenStack: workers first, then the front-end that knows them all; " +
			"every node reaches every node by name and by SSH without a password, and every worker is in the batch system's pool.\n\n" +
			"Each setting is taken from its attribute, then from its environment variable, then from `clouds.yaml`; " +
			"an entry of `clouds.yaml` that the attribute `cloud` names comes before the environment. " +
			"The provider connects when it first needs the cloud, so `terraform validate` needs none.\n\n" +
			"At a terminal an apply shows how it goes. The environment variable `VMCLUSTER_PROGRESS` names a file that gets these lines in place of the terminal, " +
			"or is `off`, or `terminal` to have them there also with `TF_IN_AUTOMATION`. Terraform's log has the same events at `TF_LOG_PROVIDER=INFO`.",
		Attributes: withPace(map[string]schema.Attribute{
			"cloud":                         text("Name of an entry in `clouds.yaml`. `OS_CLOUD`."),
			"auth_url":                      text("URL of the identity service (Keystone v3). `OS_AUTH_URL`."),
			"user_name":                     text("Name of the user. `OS_USERNAME`."),
			"user_id":                       text("ID of the user, in place of `user_name` and its domain. `OS_USER_ID`."),
			"password":                      secret("The user's password. `OS_PASSWORD`."),
			"application_credential_id":     text("ID of an application credential, in place of user and password. `OS_APPLICATION_CREDENTIAL_ID`."),
			"application_credential_name":   text("Name of an application credential of the user named here. `OS_APPLICATION_CREDENTIAL_NAME`."),
			"application_credential_secret": secret("Secret of the application credential. `OS_APPLICATION_CREDENTIAL_SECRET`."),
			"token":                         secret("A token, in place of user and password; it can't be renewed. `OS_TOKEN`."),
			"tenant_name":                   text("Name of the project. `OS_PROJECT_NAME` or `OS_TENANT_NAME`."),
			"tenant_id":                     text("ID of the project. `OS_PROJECT_ID` or `OS_TENANT_ID`."),
			"user_domain_name":              text("Name of the user's domain. `OS_USER_DOMAIN_NAME`."),
			"user_domain_id":                text("ID of the user's domain. `OS_USER_DOMAIN_ID`."),
			"project_domain_name":           text("Name of the project's domain. `OS_PROJECT_DOMAIN_NAME`."),
			"project_domain_id":             text("ID of the project's domain. `OS_PROJECT_DOMAIN_ID`."),
			"domain_name":                   text("Name of the domain of both user and project, where neither is given. `OS_DOMAIN_NAME`."),
			"domain_id":                     text("ID of the domain of both user and project, where neither is given. `OS_DOMAIN_ID`."),
			"region":                        text("Region whose endpoints to use. `OS_REGION_NAME`."),
			"cacert_file":                   text("File with the certificates (PEM) by which the cloud's servers are verified. `OS_CACERT`."),
			"insecure": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Do not verify the cloud's certificates. For tests only. `OS_INSECURE`.",
			},
			"endpoint_type": endpointType,
		}),
	}
}

// withPace adds the attributes that say how calls are made: how many at once, for how
// long, how often.
func withPace(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	maps.Copy(attributes, map[string]schema.Attribute{
		"max_concurrency": schema.Int64Attribute{
			Optional: true, CustomType: whole.Type{},
			Validators:          []validator.Int64{whole.Between(1, 256)},
			MarkdownDescription: "How many API calls may be under way at once (default 16).",
		},
		"request_timeout": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{timeoutValidator{}},
			MarkdownDescription: "How long one API call may take, from its connection to its whole answer, such as `\"30s\"`. " +
				"Without it a login has 1 minute, a call that creates something 5 minutes, any other 2 minutes. " +
				"A call that is sent again after a failure has the time once.",
		},
		"max_retries": schema.Int64Attribute{
			Optional: true, CustomType: whole.Type{},
			Validators: []validator.Int64{whole.Between(0, 100)},
			MarkdownDescription: "How often an API call is sent again after a failed connection, and after an answer that asks to come back later " +
				"(429 Too Many Requests), within the time of its `Retry-After` header. A call that may be carried out twice is also sent again after a 5xx. " +
				"Without it 3 times after a failure and 8 times after a 429; 0 sends none again.",
		},
	})
	return attributes
}

func (p *vmclusterProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	way := newConnector(model, p.version)
	var err error
	if way.progress, err = progress.Open(os.Getenv); err != nil {
		resp.Diagnostics.AddWarning("No file for the progress", diagnose.Sentence(err.Error())+" The apply is not affected.")
	}
	c := cluster.NewSession(way)
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData = c, c, c
}

func (p *vmclusterProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{cluster.NewResource}
}

func (p *vmclusterProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{cluster.NewDataSource}
}

func (p *vmclusterProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newHostsFunction, newUserDataFunction}
}

func (p *vmclusterProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{cluster.NewListResource}
}
