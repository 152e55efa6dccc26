package openstack

import (
	"context"
	"net/netip"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/floatingips"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// AssociateFloatingIP gives the server a floating IP from the external network
// and returns the address. The description holds the cluster's ID tag from the
// create call on; one that the cluster has on the server already is used, and
// one that an interrupted run left unassociated too. With fresh the cluster's ID
// was never used before, and the look for those is spared.
func (c *Client) AssociateFloatingIP(ctx context.Context, clusterID, serverID, networkID string, fresh bool) (string, error) {
	op := "associate a floating IP with server " + serverID
	return on(op, c.network, func(sc *gophercloud.ServiceClient) (string, error) {
		port, fixed, err := portOf(ctx, sc, op, serverID)
		if err != nil {
			return "", err
		}
		var present []floatingips.FloatingIP
		if !fresh {
			if present, err = listFloatingIPs(ctx, sc, clusterID); err != nil {
				return "", err
			}
		}
		for _, f := range present {
			if f.PortID == port {
				return f.FloatingIP, nil
			}
		}
		for _, f := range present {
			if f.PortID == "" && f.FloatingNetworkID == networkID {
				_, err := floatingips.Update(ctx, sc, f.ID, floatingips.UpdateOpts{PortID: &port, FixedIP: fixed}).Extract()
				return f.FloatingIP, err
			}
		}
		made, err := floatingips.Create(ctx, sc, floatingips.CreateOpts{
			Description:       cluster.IDTag(clusterID),
			FloatingNetworkID: networkID,
			PortID:            port,
			FixedIP:           fixed,
		}).Extract()
		if err != nil {
			return "", err
		}
		return made.FloatingIP, nil
	})
}

// portOf returns the server's first port with an IPv4 address, and that
// address: only IPv4 can be floated.
func portOf(ctx context.Context, sc *gophercloud.ServiceClient, op, serverID string) (port, fixed string, err error) {
	pages, err := ports.List(sc, ports.ListOpts{DeviceID: serverID}).AllPages(ctx)
	if err != nil {
		return "", "", err
	}
	found, err := ports.ExtractPorts(pages)
	if err != nil {
		return "", "", err
	}
	for _, p := range found {
		for _, ip := range p.FixedIPs {
			if a, err := netip.ParseAddr(ip.IPAddress); err == nil && a.Is4() {
				return p.ID, ip.IPAddress, nil
			}
		}
	}
	return "", "", notFound(op, "none of the server's %d ports has an IPv4 address", len(found))
}

// FloatingIPs returns the floating IPs of the cluster, address by ID.
func (c *Client) FloatingIPs(ctx context.Context, clusterID string) (map[string]string, error) {
	return on("list floating IPs of the cluster", c.network, func(sc *gophercloud.ServiceClient) (map[string]string, error) {
		found, err := listFloatingIPs(ctx, sc, clusterID)
		if err != nil {
			return nil, err
		}
		out := map[string]string{}
		for _, f := range found {
			out[f.ID] = f.FloatingIP
		}
		return out, nil
	})
}

func listFloatingIPs(ctx context.Context, sc *gophercloud.ServiceClient, clusterID string) ([]floatingips.FloatingIP, error) {
	mark := cluster.IDTag(clusterID)
	pages, err := floatingips.List(sc, floatingips.ListOpts{Description: mark}).AllPages(ctx)
	if err != nil {
		return nil, err
	}
	found, err := floatingips.ExtractFloatingIPs(pages)
	if err != nil {
		return nil, err
	}
	ours := found[:0]
	for _, f := range found {
		// A Neutron that does not know the filter answers with all; others'
		// addresses must never be taken, let alone released.
		if f.Description == mark {
			ours = append(ours, f)
		}
	}
	return ours, nil
}

// DeleteFloatingIP releases one; one that is gone already is no error.
func (c *Client) DeleteFloatingIP(ctx context.Context, id string) error {
	_, err := on("release floating IP "+id, c.network, func(sc *gophercloud.ServiceClient) (struct{}, error) {
		return struct{}{}, floatingips.Delete(ctx, sc, id).ExtractErr()
	})
	return unlessGone(err)
}
