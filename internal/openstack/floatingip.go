package openstack

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/floatingips"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// floatingIPs has the calls for floating IPs.
type floatingIPs struct{ *services }

// ExpectFloating removes the mark that a front-end never had a floating IP; one that is
// not there is no error.
func (c floatingIPs) ExpectFloating(ctx context.Context, serverID string) error {
	return c.dropTag(ctx, "remove tag "+cluster.NoFloatingTag+" from server "+serverID, serverID, cluster.NoFloatingTag)
}

// AssociateFloatingIP gives the server a floating IP from the external network and
// returns the address. The floating IP's description is the cluster's ID tag from the
// create call on. A floating IP that the cluster already has is used first: one on
// the server, or one that an interrupted run left unassociated. With fresh, the
// cluster's ID was never used before, so the client does not look for these. The
// port with the fixed address is tried first; a port that no router joins to the
// external network is passed over for another one.
func (c floatingIPs) AssociateFloatingIP(ctx context.Context, clusterID, serverID, networkID, fixed string, fresh bool) (string, error) {
	op := "associate a floating IP with server " + serverID
	return on(op, c.network, func(sc *gophercloud.ServiceClient) (string, error) {
		addresses, err := addressesOf(ctx, sc, op, serverID, fixed)
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
			if slices.ContainsFunc(addresses, func(p portAddress) bool { return f.PortID == p.port }) {
				return f.FloatingIP, nil
			}
		}
		var address string
		for _, p := range addresses {
			if address, err = p.float(ctx, sc, clusterID, networkID, present); err == nil || !unreachable(err) {
				break
			}
		}
		return address, err
	})
}

// portAddress is what a floating IP can be associated with: a port's IPv4 address.
type portAddress struct{ port, fixed string }

// float associates a free floating IP of the cluster with the address, or a new one.
func (p portAddress) float(ctx context.Context, sc *gophercloud.ServiceClient, clusterID, networkID string, present []floatingips.FloatingIP) (string, error) {
	for _, f := range present {
		if f.PortID == "" && f.FloatingNetworkID == networkID {
			_, err := floatingips.Update(ctx, sc, f.ID, floatingips.UpdateOpts{PortID: &p.port, FixedIP: p.fixed}).Extract()
			return f.FloatingIP, err
		}
	}
	made, err := floatingips.Create(ctx, sc, floatingips.CreateOpts{
		Description:       cluster.IDTag(clusterID),
		FloatingNetworkID: networkID,
		PortID:            p.port,
		FixedIP:           p.fixed,
	}).Extract()
	if err != nil {
		return "", err
	}
	return made.FloatingIP, nil
}

// unreachable reports whether no router joins the port's subnet to the external
// network (neutron: ExternalGatewayForFloatingIPNotFound).
func unreachable(err error) bool {
	return gophercloud.ResponseCodeIs(err, http.StatusNotFound) && strings.Contains(err.Error(), "ExternalGatewayForFloatingIPNotFound")
}

// addressesOf returns the server's ports with their first IPv4 address, the port with that
// fixed address first. Floating IPs exist for IPv4 only.
func addressesOf(ctx context.Context, sc *gophercloud.ServiceClient, op, serverID, fixed string) ([]portAddress, error) {
	found, err := listAll(ctx, ports.List(sc, ports.ListOpts{DeviceID: serverID}), ports.ExtractPorts)
	if err != nil {
		return nil, err
	}
	var out []portAddress
	for _, p := range found {
		for _, ip := range p.FixedIPs {
			if a, err := netip.ParseAddr(ip.IPAddress); err == nil && a.Is4() {
				out = append(out, portAddress{p.ID, ip.IPAddress})
				break
			}
		}
	}
	if len(out) == 0 {
		return nil, notFound(op, "none of the server's %d ports has an IPv4 address", len(found))
	}
	slices.SortStableFunc(out, func(a, b portAddress) int {
		switch {
		case a.fixed == b.fixed:
			return 0
		case a.fixed == fixed:
			return -1
		case b.fixed == fixed:
			return 1
		}
		return 0
	})
	return out, nil
}

// FloatingIPs returns the floating IPs of the cluster, address by ID.
func (c floatingIPs) FloatingIPs(ctx context.Context, clusterID string) (map[string]string, error) {
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
	found, err := listAll(ctx, floatingips.List(sc, floatingips.ListOpts{Description: mark}), floatingips.ExtractFloatingIPs)
	if err != nil {
		return nil, err
	}
	ours := found[:0]
	for _, f := range found {
		// A Neutron that does not know the filter answers with all floating IPs.
		// Those of others must never be taken, let alone released.
		if f.Description == mark {
			ours = append(ours, f)
		}
	}
	return ours, nil
}

// DeleteFloatingIP releases a floating IP; one that is gone already is no error.
func (c floatingIPs) DeleteFloatingIP(ctx context.Context, id string) error {
	_, err := on("release floating IP "+id, c.network, func(sc *gophercloud.ServiceClient) (struct{}, error) {
		return struct{}{}, floatingips.Delete(ctx, sc, id).ExtractErr()
	})
	return unlessGone(err)
}
