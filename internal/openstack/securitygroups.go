package openstack

import (
	"context"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/groups"
)

// SecurityGroup is a security group of the project.
type SecurityGroup struct{ ID, Name string }

// ResolveSecurityGroups returns the security groups of those names or IDs, in
// that order.
func (c *lookups) ResolveSecurityGroups(ctx context.Context, namesOrIDs []string) ([]SecurityGroup, error) {
	out := make([]SecurityGroup, 0, len(namesOrIDs))
	for _, wanted := range namesOrIDs {
		g, err := c.resolveSecurityGroup(ctx, wanted)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

func (c *lookups) resolveSecurityGroup(ctx context.Context, wanted string) (SecurityGroup, error) {
	return on(lookUp("security group", wanted), c.network, func(sc *gophercloud.ServiceClient) (SecurityGroup, error) {
		var found []SecurityGroup
		var err error
		if isID(wanted) {
			found, err = c.listSecurityGroups(ctx, sc, groups.ListOpts{ID: wanted})
		}
		if err == nil && len(found) == 0 {
			found, err = c.listSecurityGroups(ctx, sc, groups.ListOpts{Name: wanted})
		}
		if err == nil && len(found) == 0 {
			found, err = c.listSecurityGroups(ctx, sc, groups.ListOpts{}) // to name what there is instead
		}
		if err != nil {
			return SecurityGroup{}, err
		}
		return pick("security group", wanted, found, func(g SecurityGroup) named { return named{g.ID, g.Name} })
	})
}

// listSecurityGroups returns the project's own groups if there are any: an
// administrator sees the "default" of every project, and Nova takes the project's own.
func (c *lookups) listSecurityGroups(ctx context.Context, sc *gophercloud.ServiceClient, opts groups.ListOpts) ([]SecurityGroup, error) {
	found, err := listAll(ctx, groups.List(sc, opts), groups.ExtractGroups)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(found), func(g groups.SecGroup) bool { return g.TenantID != c.project && g.ProjectID != c.project })
	if len(own) > 0 {
		found = own
	}
	out := make([]SecurityGroup, 0, len(found))
	for _, g := range found {
		out = append(out, SecurityGroup{ID: g.ID, Name: g.Name})
	}
	return out, nil
}
