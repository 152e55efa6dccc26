package provision

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Cloud is what provisioning needs of an OpenStack. internal/openstack
// satisfies it. Errors are *cluster.CloudError.
type Cloud interface {
	// Nodes returns every server of the project that carries all the tags, in
	// one list call a page. A list that could not be read whole is an error,
	// never a short answer. Deleted servers are left out.
	Nodes(ctx context.Context, tags ...string) (cluster.Nodes, error)

	// NodeByID reads one server. FaultNotFound says that it is gone; any other
	// error says nothing of it, a cell that is down for instance.
	NodeByID(ctx context.Context, id string) (cluster.Node, error)

	// CreateNode makes one server and returns its ID; it does not wait. It is
	// never repeated by itself: FaultUnavailable means that the server may or
	// may not exist.
	CreateNode(ctx context.Context, r cluster.NodeRequest) (string, error)

	// DeleteNode asks for the server's deletion; it does not wait. A server
	// that is gone already is no error.
	DeleteNode(ctx context.Context, id string) error

	// SetMetadata puts the server's whole metadata (Nova's PUT) and returns the
	// set that Nova then holds.
	SetMetadata(ctx context.Context, id string, metadata map[string]string) (map[string]string, error)

	// Metadata reads the server's whole metadata.
	Metadata(ctx context.Context, id string) (map[string]string, error)

	// Report reads the server's password slot; "" when it is empty.
	Report(ctx context.Context, id string) (string, error)

	// ClearReport empties the server's password slot.
	ClearReport(ctx context.Context, id string) error

	// ConsoleTail returns the last lines of the server's console log.
	ConsoleTail(ctx context.Context, id string, lines int) (string, error)

	// ServerGroups returns the project's server groups.
	ServerGroups(ctx context.Context) ([]cluster.ServerGroup, error)

	// CreateServerGroup makes a server group and returns its ID. It is never
	// repeated by itself; several may have one name.
	CreateServerGroup(ctx context.Context, name, policy string) (string, error)

	// DeleteServerGroup deletes one, whether or not servers are in it; one that is
	// gone already is no error.
	DeleteServerGroup(ctx context.Context, id string) error

	// AssociateFloatingIP gives the server a floating IP from the external
	// network, described with the cluster's ID tag from its first second, and
	// returns the address. One that the cluster has on that server already is
	// used; one that an interrupted run left unassociated too. With fresh the
	// cluster's ID was never used before, so there is nothing to look for. It
	// leads to the port with that fixed address if it can, else to another of the
	// server's.
	AssociateFloatingIP(ctx context.Context, clusterID, serverID, networkID, fixed string, fresh bool) (string, error)

	// FloatingIPs returns the floating IPs of the cluster, by ID.
	FloatingIPs(ctx context.Context, clusterID string) (map[string]string, error)

	// DeleteFloatingIP releases one; one that is gone already is no error.
	DeleteFloatingIP(ctx context.Context, id string) error
}
