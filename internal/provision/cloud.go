package provision

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// Cloud is what provisioning needs of an OpenStack. internal/openstack satisfies
// it. Errors are *cluster.CloudError.
type Cloud interface {
	batch.Cloud     // servers and server groups
	roster.Metadata // of servers

	// ManyNodes is Nodes where about that many servers are expected: a list of some hundreds
	// takes half of the time and, up to a page, one call more.
	ManyNodes(ctx context.Context, about int, tags ...string) (cluster.Nodes, error)

	// Volume reads a volume, as it is now.
	Volume(ctx context.Context, id string) (cluster.Volume, error)

	// Report reads the server's password slot; "" when it is empty.
	Report(ctx context.Context, id string) (string, error)

	// ClearReport empties the server's password slot.
	ClearReport(ctx context.Context, id string) error

	// ExpectFloating takes cluster.NoFloatingTag from a front-end.
	ExpectFloating(ctx context.Context, id string) error

	// AssociateFloatingIP gives the server a floating IP from the external network
	// and returns the address. A new one is described with the cluster's ID tag from
	// its first second. One that the cluster has on that server already is used, and
	// so is one that an interrupted run left unassociated; with fresh the cluster's ID
	// was never used before, so there is none to look for. The address leads to the
	// port with the fixed address if it can, else to another port of the server.
	AssociateFloatingIP(ctx context.Context, clusterID, serverID, networkID, fixed string, fresh bool) (string, error)

	// FloatingIPs returns the addresses of the cluster's floating IPs, by ID.
	FloatingIPs(ctx context.Context, clusterID string) (map[string]string, error)

	// DeleteFloatingIP releases a floating IP. One that is gone already is no error.
	DeleteFloatingIP(ctx context.Context, id string) error
}
