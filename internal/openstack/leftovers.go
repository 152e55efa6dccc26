package openstack

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// leftovers has the calls for what Nova leaves behind of deleted servers.
type leftovers struct{ *services }

// CollectRemains deletes what Nova should have deleted with a server that is gone:
// the ports that still have its ID, and the given volumes, which were to go with it.
// It returns what it found: "port …", "volume …". If the server can still be read, as
// a soft-deleted one can, nothing is deleted and the error says so.
func (c leftovers) CollectRemains(ctx context.Context, serverID string, volumeIDs []string) ([]string, error) {
	if serverID == "" { // would ask for the ports of no server
		return nil, &cluster.CloudError{Kind: cluster.FaultBadRequest, Op: "look for what a server left", Message: "its ID is empty"}
	}
	if err := c.requireGone(ctx, serverID); err != nil {
		return nil, err
	}
	found, err := c.collectPorts(ctx, serverID)
	failed := []error{err}
	if !c.HasVolumes() {
		volumeIDs = nil
	}
	for _, id := range volumeIDs {
		there, err := c.collectVolume(ctx, serverID, id)
		if there {
			found = append(found, "volume "+id)
		}
		failed = append(failed, err)
	}
	return found, errors.Join(failed...)
}

func (c leftovers) requireGone(ctx context.Context, serverID string) error {
	status, err := on("read server "+serverID, c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		s, err := servers.Get(ctx, sc, serverID).Extract()
		if err != nil {
			return "", err
		}
		return s.Status, nil
	})
	switch {
	case cluster.IsKind(err, cluster.FaultNotFound):
		return nil
	case err != nil:
		return err
	}
	return &cluster.CloudError{
		Kind: cluster.FaultConflict, Op: "look for what server " + serverID + " left",
		Message: "the server is still there, with status " + status,
	}
}

// collectPorts deletes the ports that Nova made for the server. A port that a person
// made is only released when its server goes.
func (c leftovers) collectPorts(ctx context.Context, serverID string) ([]string, error) {
	return on("delete the ports that server "+serverID+" left", c.network, func(sc *gophercloud.ServiceClient) ([]string, error) {
		all, err := listAll(ctx, ports.List(sc, ports.ListOpts{DeviceID: serverID}), ports.ExtractPorts)
		if err != nil {
			return nil, err
		}
		var found []string
		for _, p := range all {
			if p.DeviceID != serverID || !strings.HasPrefix(p.DeviceOwner, "compute:") {
				continue
			}
			found = append(found, "port "+p.ID)
			err := ports.Delete(ctx, sc, p.ID).ExtractErr()
			if err := unlessGone(fault("delete port "+p.ID, err)); err != nil {
				return found, err
			}
		}
		return found, nil
	})
}

// collectVolume deletes a volume, unless another server has it by now, and reports
// whether it was there.
func (c leftovers) collectVolume(ctx context.Context, serverID, id string) (bool, error) {
	there, err := on("delete volume "+id, c.volume, func(sc *gophercloud.ServiceClient) (bool, error) {
		v, err := volumes.Get(ctx, sc, id).Extract()
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(v.Attachments, func(a volumes.Attachment) bool { return a.ServerID != serverID }) {
			return false, nil
		}
		return true, volumes.Delete(ctx, sc, id, nil).ExtractErr()
	})
	return there, unlessGone(err)
}

// ServerPorts returns the server ID of each port of the project that belongs to a
// server, whether or not the server is still there. After a destroy these are the
// ports that were left behind.
func (c leftovers) ServerPorts(ctx context.Context) ([]string, error) {
	return on("list ports", c.network, func(sc *gophercloud.ServiceClient) ([]string, error) {
		found, err := listAll(ctx, ports.List(sc, ports.ListOpts{ProjectID: c.project}), ports.ExtractPorts)
		var servers []string
		for _, p := range found {
			if strings.HasPrefix(p.DeviceOwner, "compute:") {
				servers = append(servers, p.DeviceID)
			}
		}
		return servers, err
	})
}
