package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servergroups"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// serverGroups has the calls for server groups.
type serverGroups struct{ *services }

// ServerGroups returns the project's server groups.
func (c serverGroups) ServerGroups(ctx context.Context) ([]cluster.ServerGroup, error) {
	return on("list server groups", c.compute, func(sc *gophercloud.ServiceClient) ([]cluster.ServerGroup, error) {
		found, err := listAll(ctx, servergroups.List(withMicroversion(sc, serverGroupMicroversion), servergroups.ListOpts{}), servergroups.ExtractServerGroups)
		if err != nil {
			return nil, err
		}
		out := make([]cluster.ServerGroup, 0, len(found))
		for _, g := range found {
			group := cluster.ServerGroup{ID: g.ID, Name: g.Name, Members: g.Members}
			if g.Policy != nil {
				group.Policy = *g.Policy
			}
			out = append(out, group)
		}
		return out, nil
	})
}

// CreateServerGroup makes a server group and returns its ID.
func (c serverGroups) CreateServerGroup(ctx context.Context, name, policy string) (string, error) {
	return on("create server group "+name, c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		made, err := servergroups.Create(ctx, withMicroversion(sc, serverGroupMicroversion), servergroups.CreateOpts{Name: name, Policy: policy}).Extract()
		if err != nil {
			return "", err
		}
		return made.ID, nil
	})
}

// DeleteServerGroup deletes a server group, whether or not servers are in it; one
// that is gone already is no error.
func (c serverGroups) DeleteServerGroup(ctx context.Context, id string) error {
	_, err := on("delete server group "+id, c.compute, func(sc *gophercloud.ServiceClient) (struct{}, error) {
		return struct{}{}, servergroups.Delete(ctx, sc, id).ExtractErr()
	})
	return unlessGone(err)
}
