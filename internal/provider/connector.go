package provider

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	clusterresource "github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/progress"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// failureKept is how long a failed login is the answer to others. The resources of a
// run ask within moments of each other, and a login may take a minute to fail.
const failureKept = 15 * time.Second

// connector connects at the first use and keeps the connection for all resources
// of the run. It keeps a failed attempt for a moment only.
type connector struct {
	config   openstack.Config
	deferred bool             // a setting is known during the apply only
	progress *progress.Writer // nil shows no progress

	mu     sync.Mutex
	client *openstack.Client
	failed error
	at     time.Time // when it failed
}

var _ clusterresource.Connector = (*connector)(nil)

func newConnector(m providerModel, version string) *connector {
	return &connector{config: m.config(version), deferred: m.unknown()}
}

// Cloud returns the client that all resources share.
func (c *connector) Cloud(ctx context.Context) (clusterresource.Cloud, error) {
	client, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	return client, nil
}

// Provisioner returns a provisioner that acts through that client.
func (c *connector) Provisioner(ctx context.Context) (*provision.Provisioner, error) {
	client, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	return provision.New(client, provision.Options{
		Owner:       cluster.OwnerTerraform,
		Concurrency: c.config.MaxConcurrency,
		Log:         c.log,
	}), nil
}

func (c *connector) connect(ctx context.Context) (*openstack.Client, error) {
	if c.deferred {
		return nil, clusterresource.ErrUnknownConfig
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		return c.client, nil
	}
	if c.failed != nil && time.Since(c.at) < failureKept {
		return nil, c.failed
	}
	client, err := openstack.New(ctx, c.config)
	if err != nil {
		if ctx.Err() == nil { // else it is this caller's own time that ended
			c.failed, c.at = err, time.Now()
		}
		return nil, err
	}
	c.client = client
	return client, nil
}

// log writes an event of provisioning to the log, and shows it to people; kv alternates
// keys and values.
func (c *connector) log(ctx context.Context, msg string, kv ...any) {
	c.progress.Event(ctx, msg, kv...)
	fields := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		if key, ok := kv[i].(string); ok {
			fields[key] = kv[i+1]
		}
	}
	tflog.Info(ctx, msg, fields)
}
