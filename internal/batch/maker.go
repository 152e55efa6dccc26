package batch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

const (
	createTries = 3  // POSTs of one server whose answers got lost
	lostReads   = 4  // reads of the list, 20 s together, before such a POST is repeated
	faultReads  = 3  // a second apart, of a server in ERROR without a fault
	consoleTail = 20 // lines
)

// Maker makes single servers: the workers of a Batch, and front-ends.
type Maker struct {
	Cloud Cloud
	Owner string // cluster.OwnerTerraform or cluster.OwnerScaler
	Log   func(ctx context.Context, msg string, kv ...any)
}

// Order is one node to make.
type Order struct {
	Name     string
	Role     cluster.Role
	Group    string // "" for the front-end
	Spec     cluster.NodeSpec
	Metadata map[string]string // beside what every node has
	UserData []byte
}

// Request returns the create call of a node of the document's cluster.
func (m Maker) Request(d cluster.Document, o Order) cluster.NodeRequest {
	spec := o.Spec
	metadata := map[string]string{}
	maps.Copy(metadata, spec.Metadata)
	metadata[cluster.MetaSpec] = spec.BuildHash()
	metadata[cluster.MetaFlavor] = spec.Flavor
	metadata[cluster.MetaOwner] = m.Owner
	metadata[cluster.MetaCA] = trust.Fingerprint(d.CA)
	if spec.BootVolume != nil {
		metadata[cluster.MetaImage] = spec.Image
	}
	if spec.ServerGroup != "" {
		metadata[cluster.MetaServerGroup] = spec.ServerGroup
	}
	if len(spec.Networks) > 1 {
		metadata[cluster.MetaNetwork] = spec.NetworkName
	}
	maps.Copy(metadata, o.Metadata)
	return cluster.NodeRequest{
		Name: o.Name, ClusterID: d.ID, ClusterName: d.Name, Role: o.Role, Group: o.Group,
		Image: spec.Image, Flavor: spec.Flavor,
		Network: spec.Network, Networks: spec.Networks, FixedIP: spec.FixedIP, Port: spec.Port,
		KeyPair: d.KeyPair, SecurityGroups: spec.SecurityGroups,
		BootVolume: spec.BootVolume, StateVolume: spec.StateVolume, ConfigDrive: spec.ConfigDrive || d.WithoutMetadataService(),
		Metadata: metadata, UserData: o.UserData,
	}
}

// Create makes one server and returns its ID. Where the outcome of a POST is
// unknown, the list is read: a server of that name and batch that is not among
// known is the one whose answer got lost. A busy Nova may show it late, so the list
// is read several times before the POST is repeated. It may still come too late for that:
// a repeated POST is refused if the first server has the port or volume already, so the
// list is read once more then.
func (m Maker) Create(ctx context.Context, req cluster.NodeRequest, known []string) (string, error) {
	var err error
	for try := range createTries {
		var id string
		id, err = m.Cloud.CreateNode(ctx, req)
		if err == nil {
			return id, nil
		}
		refused := !cluster.IsKind(err, cluster.FaultUnavailable)
		if refused && try == 0 {
			return "", err
		}
		m.Log(ctx, "the outcome of a create call is unknown; reading the list", "node", req.Name, "error", err.Error())
		id, readErr := m.findLost(ctx, req, known)
		switch {
		case readErr != nil:
			return "", fmt.Errorf("%w; and whether it was carried out could not be read: %w", err, readErr)
		case id != "":
			return id, nil
		case refused:
			return "", err
		}
	}
	return "", err
}

// findLost returns the ID of the server whose create call got no answer, or ""
// where lostReads reads of the list have not shown it.
func (m Maker) findLost(ctx context.Context, req cluster.NodeRequest, known []string) (string, error) {
	pace := wait.NewPoll(2*time.Second, 20*time.Second)
	var err error
	for range lostReads {
		if waitErr := pace.Wait(ctx); waitErr != nil {
			return "", waitErr
		}
		var nodes cluster.Nodes
		nodes, err = m.Cloud.Nodes(ctx, cluster.IDTag(req.ClusterID))
		if err != nil {
			continue
		}
		for _, n := range nodes {
			ours := n.Metadata[cluster.MetaBatch] == req.Metadata[cluster.MetaBatch]
			if n.Name == req.Name && ours && !slices.Contains(known, n.ID) {
				return n.ID, nil
			}
		}
	}
	return "", err
}

// Fault returns why Nova put a server into ERROR, as a kind and in words. Nova
// writes the status first and the fault after it, so a list may show one without
// the other: then the server is read again a few times. A server that an operator
// has put into ERROR has no fault.
func (m Maker) Fault(ctx context.Context, n cluster.Node) (cluster.FaultKind, string) {
	for read := 0; n.Fault == nil && read < faultReads; read++ {
		if wait.Sleep(ctx, time.Second) != nil {
			break
		}
		if again, err := m.Cloud.NodeByID(ctx, n.ID); err == nil {
			n.Fault = again.Fault
		}
	}
	if n.Fault == nil {
		return cluster.FaultOther, "Nova gives no fault"
	}
	return cluster.FaultOfWords(n.Fault.Message), fmt.Sprintf("%s (code %d)", n.Fault.Message, n.Fault.Code)
}

// Console returns the end of a server's console log, "" where there is none.
func (m Maker) Console(ctx context.Context, id string) string {
	text, err := m.Cloud.ConsoleTail(ctx, id, consoleTail)
	if err != nil {
		return ""
	}
	return text
}
