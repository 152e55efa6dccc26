package provider

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// providerModel is the provider block. What an attribute leaves out is filled
// from the environment and clouds.yaml by internal/openstack.
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
	MaxConcurrency              types.Int64  `tfsdk:"max_concurrency"`
}

// unknown tells that some setting is only known during apply. The cloud can't be
// asked then: a guess at the missing part might ask another cloud.
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

// errUnknownConfig says that the provider's configuration is not known yet.
var errUnknownConfig = errors.New("a setting of the provider is known during the apply only; make what it depends on first, for example with -target")

// connector connects at the first use and keeps the connection for all
// resources of the run. A failed attempt is not kept.
type connector struct {
	config   openstack.Config
	deferred bool

	mu     sync.Mutex
	client *openstack.Client
	read   map[string]bool      // IDs of the clusters in this run's state
	free   map[string]time.Time // names of which nothing was there then
	taken  map[string]bool      // names that this run makes clusters of
}

// connectorOf takes the connector out of what Terraform hands around. There is none
// while a configuration is validated.
func connectorOf(data any, diags *diag.Diagnostics) *connector {
	if data == nil {
		return nil
	}
	c, ok := data.(*connector)
	if !ok {
		diags.AddError("Unexpected provider data",
			fmt.Sprintf("Expected *connector, got %T. This is a fault of the provider; please report it.", data))
	}
	return c
}

func newConnector(m providerModel, version string) *connector {
	return &connector{config: m.config(version), deferred: m.unknown()}
}

func (c *connector) connect(ctx context.Context) (*openstack.Client, error) {
	if c.deferred {
		return nil, errUnknownConfig
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		return c.client, nil
	}
	client, err := openstack.New(ctx, c.config)
	if err != nil {
		return nil, err
	}
	c.client = client
	return client, nil
}

// remember notes a cluster that the state holds.
func (c *connector) remember(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read == nil {
		c.read = map[string]bool{}
	}
	c.read[id] = true
}

// has tells whether the state holds that cluster.
func (c *connector) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read[id]
}

// mayReplace tells whether the state holds a cluster at all: a plan that knows no
// state of its own may then be the second half of a replacement.
func (c *connector) mayReplace() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.read) > 0
}

// foundFree notes that nothing of that name is there now.
func (c *connector) foundFree(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free == nil {
		c.free = map[string]time.Time{}
	}
	c.free[name] = time.Now()
}

// freshness is how long a look at the cloud need not be repeated before a create.
// A plan on a busy cloud takes half a minute from there.
const freshness = time.Minute

// claim reserves a name for one create of this run: a second one would take the
// first one's servers for what an interrupted run left. free tells that the name
// was found free a moment ago.
func (c *connector) claim(name string, now time.Time) (free bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken[name] {
		return false, fmt.Errorf("another resource of this configuration makes a cluster named %q; give each its own name", name)
	}
	if c.taken == nil {
		c.taken = map[string]bool{}
	}
	c.taken[name] = true
	at, ok := c.free[name]
	return ok && now.Sub(at) < freshness, nil
}

func (c *connector) provisioner(ctx context.Context) (*provision.Provisioner, error) {
	client, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	return provision.New(client, provision.Options{
		Owner:       cluster.OwnerTerraform,
		Concurrency: c.config.MaxConcurrency,
		Log:         logInfo,
	}), nil
}

// logInfo writes what provisioning tells, given as key and value in turn.
func logInfo(ctx context.Context, msg string, kv ...any) {
	fields := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		if key, ok := kv[i].(string); ok {
			fields[key] = kv[i+1]
		}
	}
	tflog.Info(ctx, msg, fields)
}
