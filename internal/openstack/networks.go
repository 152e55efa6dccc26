package openstack

import (
	"context"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/external"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/networks"
	"github.com/gophercloud/gophercloud/v2/pagination"
)

// Network is a network as far as a plan has to judge it.
type Network struct {
	ID       string
	Name     string
	External bool
}

// ResolveNetwork returns the network of that name or ID.
func (c *lookups) ResolveNetwork(ctx context.Context, nameOrID string) (Network, error) {
	return c.resolveNetwork(ctx, "network", nameOrID, func(Network) bool { return true })
}

// ResolveExternalNetwork returns the network of that name or ID from which
// floating IPs are taken.
func (c *lookups) ResolveExternalNetwork(ctx context.Context, nameOrID string) (Network, error) {
	return c.resolveNetwork(ctx, "external network", nameOrID, func(n Network) bool { return n.External })
}

// resolveNetwork looks among the networks that fit. All networks are listed once for
// a client, and again only for one that was not among them: the network of a cluster
// and its external one cost one call.
func (c *lookups) resolveNetwork(ctx context.Context, what, wanted string, fits func(Network) bool) (Network, error) {
	return on(lookUp(what, wanted), c.network, func(sc *gophercloud.ServiceClient) (Network, error) {
		list := func() ([]Network, error) { return listNetworks(ctx, sc) }
		return c.networks.find(list, func(all []Network) (Network, error) {
			fitting := slices.DeleteFunc(slices.Clone(all), func(n Network) bool { return !fits(n) })
			return pick(what, wanted, fitting, func(n Network) named { return named{n.ID, n.Name} })
		})
	})
}

func listNetworks(ctx context.Context, sc *gophercloud.ServiceClient) ([]Network, error) {
	type row struct {
		networks.Network
		external.NetworkExternalExt
	}
	found, err := listAll(ctx, networks.List(sc, networks.ListOpts{}), func(page pagination.Page) ([]row, error) {
		var rows []row
		err := networks.ExtractNetworksInto(page, &rows)
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Network, 0, len(found))
	for _, n := range found {
		out = append(out, Network{ID: n.ID, Name: n.Name, External: n.External})
	}
	return out, nil
}
