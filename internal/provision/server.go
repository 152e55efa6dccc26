package provision

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
	createTries = 3 // POSTs of one server whose answers got lost
	lostLooks   = 4 // reads of the list, 20 s together, before such a POST is repeated
)

// nodeRequest puts together what every server of a cluster is made with.
func (p *Provisioner) nodeRequest(d cluster.Document, spec cluster.NodeSpec, name string, role cluster.Role, group string, extra map[string]string, userData []byte) cluster.NodeRequest {
	metadata := map[string]string{}
	maps.Copy(metadata, spec.Metadata)
	metadata[cluster.MetaSpec] = spec.BuildHash()
	metadata[cluster.MetaFlavor] = spec.Flavor
	metadata[cluster.MetaOwner] = p.opts.Owner
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
	maps.Copy(metadata, extra)
	return cluster.NodeRequest{
		Name: name, ClusterID: d.ID, ClusterName: d.Name, Role: role, Group: group,
		Image: spec.Image, Flavor: spec.Flavor,
		Network: spec.Network, Networks: spec.Networks, FixedIP: spec.FixedIP, Port: spec.Port,
		KeyPair: d.KeyPair, SecurityGroups: spec.SecurityGroups,
		BootVolume: spec.BootVolume, ConfigDrive: spec.ConfigDrive || byLastWorker(d),
		Metadata: metadata, UserData: userData,
	}
}

// createOne makes one server. When the outcome of a POST is unknown, the list
// tells: a server of that name and batch which is not one of known is the one that
// the lost answer spoke of. A busy Nova may show it late, so the list is read
// several times before the POST is repeated.
func (p *Provisioner) createOne(ctx context.Context, req cluster.NodeRequest, known []string) (string, error) {
	var err error
	for range createTries {
		var id string
		id, err = p.cloud.CreateNode(ctx, req)
		if err == nil {
			return id, nil
		}
		if !cluster.IsKind(err, cluster.FaultUnavailable) {
			return "", err
		}
		p.opts.Log(ctx, "the outcome of a create call is unknown; reading the list", "node", req.Name, "error", err.Error())
		id, lookErr := p.lookForLost(ctx, req, known)
		if lookErr != nil {
			return "", fmt.Errorf("%w; and whether it was carried out could not be read: %w", err, lookErr)
		}
		if id != "" {
			return id, nil
		}
	}
	return "", err
}

// lookForLost returns the ID of the server that a lost answer spoke of, or "" when
// it has not appeared for lostLooks reads of the list.
func (p *Provisioner) lookForLost(ctx context.Context, req cluster.NodeRequest, known []string) (string, error) {
	pace := wait.NewPoll(2*time.Second, 20*time.Second)
	var err error
	for range lostLooks {
		if waitErr := pace.Wait(ctx); waitErr != nil {
			return "", waitErr
		}
		var nodes cluster.Nodes
		nodes, err = p.cloud.Nodes(ctx, cluster.IDTag(req.ClusterID))
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
