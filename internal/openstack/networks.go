package openstack

import (
	"context"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/external"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/groups"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/networks"
)

// Network is a network as far as its choice needs to be judged.
type Network struct {
	ID       string
	Name     string
	External bool
}

// ResolveNetwork returns the network of that name or ID.
func (c *Client) ResolveNetwork(ctx context.Context, nameOrID string) (Network, error) {
	return c.resolveNetwork(ctx, "network", nameOrID, func(Network) bool { return true })
}

// ResolveExternalNetwork returns the network of that name or ID from which
// floating IPs are taken.
func (c *Client) ResolveExternalNetwork(ctx context.Context, nameOrID string) (Network, error) {
	return c.resolveNetwork(ctx, "external network", nameOrID, func(n Network) bool { return n.External })
}

// All networks are listed once for a client, and again only for one that was not
// among them: a cluster's own and its external one cost one call.
func (c *Client) resolveNetwork(ctx context.Context, what, wanted string, fits func(Network) bool) (Network, error) {
	choose := func() (Network, error) {
		fitting := slices.DeleteFunc(slices.Clone(c.networks), func(n Network) bool { return !fits(n) })
		return pick(what, wanted, fitting, func(n Network) named { return named{n.ID, n.Name} })
	}
	return on(lookUp(what, wanted), c.network, func(sc *gophercloud.ServiceClient) (Network, error) {
		c.networksLock.Lock()
		defer c.networksLock.Unlock()
		if c.networks != nil {
			if n, err := choose(); err == nil {
				return n, nil
			}
		}
		found, err := listNetworks(ctx, sc)
		if err != nil {
			return Network{}, err
		}
		c.networks = found
		return choose()
	})
}

func listNetworks(ctx context.Context, sc *gophercloud.ServiceClient) ([]Network, error) {
	pages, err := networks.List(sc, networks.ListOpts{}).AllPages(ctx)
	if err != nil {
		return nil, err
	}
	var found []struct {
		networks.Network
		external.NetworkExternalExt
	}
	if err := networks.ExtractNetworksInto(pages, &found); err != nil {
		return nil, err
	}
	out := make([]Network, 0, len(found))
	for _, n := range found {
		out = append(out, Network{ID: n.ID, Name: n.Name, External: n.External})
	}
	return out, nil
}

// SecurityGroup is a security group of the project.
type SecurityGroup struct{ ID, Name string }

// ResolveSecurityGroups returns the security groups of those names or IDs, in
// that order.
func (c *Client) ResolveSecurityGroups(ctx context.Context, namesOrIDs []string) ([]SecurityGroup, error) {
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

func (c *Client) resolveSecurityGroup(ctx context.Context, wanted string) (SecurityGroup, error) {
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

// listSecurityGroups prefers the project's own groups: an administrator sees a
// "default" of every project, and Nova takes the project's own.
func (c *Client) listSecurityGroups(ctx context.Context, sc *gophercloud.ServiceClient, opts groups.ListOpts) ([]SecurityGroup, error) {
	pages, err := groups.List(sc, opts).AllPages(ctx)
	if err != nil {
		return nil, err
	}
	found, err := groups.ExtractGroups(pages)
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
