package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// ResolveVolume returns the volume of that name or ID, which a client looks up once. In
// a cloud without block storage there is none.
func (c *lookups) ResolveVolume(ctx context.Context, nameOrID string) (cluster.Volume, error) {
	return c.volumes.get(nameOrID, func() (cluster.Volume, error) { return c.resolveVolume(ctx, nameOrID) })
}

func (c *lookups) resolveVolume(ctx context.Context, nameOrID string) (cluster.Volume, error) {
	of := func(v cluster.Volume) named { return named{v.ID, v.Name} }
	if _, err := c.volume(); cluster.IsKind(err, cluster.FaultNotFound) {
		return cluster.Volume{}, notFound(lookUp("volume", nameOrID), "the cloud's catalog lists no block-storage service, so there are no volumes")
	}
	return on(lookUp("volume", nameOrID), c.volume, func(sc *gophercloud.ServiceClient) (cluster.Volume, error) {
		if isID(nameOrID) {
			v, err := volumes.Get(ctx, sc, nameOrID).Extract()
			switch {
			case err == nil:
				return toVolume(*v), nil
			case !gophercloud.ResponseCodeIs(err, 404):
				return cluster.Volume{}, err
			}
		}
		found, err := listVolumes(ctx, sc, volumes.ListOpts{Name: nameOrID})
		if err == nil && len(found) == 0 {
			found, err = listVolumes(ctx, sc, volumes.ListOpts{Limit: pageSize})
		}
		if err != nil {
			return cluster.Volume{}, err
		}
		return pick("volume", nameOrID, found, of)
	})
}

// Volume reads the volume of that ID, as it is now.
func (c nodeCalls) Volume(ctx context.Context, id string) (cluster.Volume, error) {
	return on("read volume "+id, c.volume, func(sc *gophercloud.ServiceClient) (cluster.Volume, error) {
		v, err := volumes.Get(ctx, sc, id).Extract()
		if err != nil {
			return cluster.Volume{}, err
		}
		return toVolume(*v), nil
	})
}

func listVolumes(ctx context.Context, sc *gophercloud.ServiceClient, opts volumes.ListOpts) ([]cluster.Volume, error) {
	found, err := listAll(ctx, volumes.List(sc, opts), volumes.ExtractVolumes)
	out := make([]cluster.Volume, 0, len(found))
	for _, v := range found {
		out = append(out, toVolume(v))
	}
	return out, err
}

func toVolume(v volumes.Volume) cluster.Volume {
	out := cluster.Volume{ID: v.ID, Name: v.Name, Status: text.Clean(v.Status), Shared: v.Multiattach}
	for _, a := range v.Attachments {
		out.Servers = append(out.Servers, text.Clean(a.ServerID))
	}
	return out
}
