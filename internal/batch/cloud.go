package batch

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Cloud is what making nodes needs of an OpenStack. Errors are
// *cluster.CloudError.
type Cloud interface {
	// Nodes returns every server of the project that carries all the tags, in
	// one list call a page. A list that could not be read whole is an error,
	// never a short answer. Deleted servers are left out.
	Nodes(ctx context.Context, tags ...string) (cluster.Nodes, error)

	// NodeByID reads one server. FaultNotFound means that the server is gone. After
	// any other error, as when a cell is down, the server may exist.
	NodeByID(ctx context.Context, id string) (cluster.Node, error)

	// CreateNode makes one server and returns its ID; it does not wait. The client
	// never repeats it: after FaultUnavailable the server may or may not exist.
	CreateNode(ctx context.Context, r cluster.NodeRequest) (string, error)

	// DeleteNode asks for the server's deletion; it does not wait. A server
	// that is gone already is no error.
	DeleteNode(ctx context.Context, id string) error

	// ConsoleTail returns the last lines of the server's console log.
	ConsoleTail(ctx context.Context, id string, lines int) (string, error)

	// ServerGroups returns the project's server groups.
	ServerGroups(ctx context.Context) ([]cluster.ServerGroup, error)

	// CreateServerGroup makes a server group and returns its ID. The client never
	// repeats it; several groups may have one name.
	CreateServerGroup(ctx context.Context, name, policy string) (string, error)

	// DeleteServerGroup deletes a server group, whether or not servers are in it. A
	// group that is gone already is no error.
	DeleteServerGroup(ctx context.Context, id string) error
}
