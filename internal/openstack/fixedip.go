package openstack

import (
	"context"
	"net/netip"
	"net/url"

	"github.com/gophercloud/gophercloud/v2"
)

// Subnet is a subnet as far as an address of it has to be judged.
type Subnet struct {
	Prefix  netip.Prefix
	Gateway netip.Addr // the zero value is none
	pools   []pool
}

// Gives reports whether the subnet gives out that address by itself.
func (s Subnet) Gives(address netip.Addr) bool {
	for _, p := range s.pools {
		first, errFirst := netip.ParseAddr(p.Start)
		last, errLast := netip.ParseAddr(p.End)
		if errFirst == nil && errLast == nil && first.Compare(address) <= 0 && address.Compare(last) <= 0 {
			return true
		}
	}
	return false
}

// Subnets returns the subnets of a network that the project sees. One that can't be
// read is left out.
func (c capacity) Subnets(ctx context.Context, network string) ([]Subnet, error) {
	return on("read the subnets", c.network, func(sc *gophercloud.ServiceClient) ([]Subnet, error) {
		params := url.Values{"network_id": {network}, "fields": {"network_id", "cidr", "gateway_ip", "allocation_pools"}}
		var raw struct {
			Subnets []struct {
				Network string `json:"network_id"`
				CIDR    string `json:"cidr"`
				Gateway string `json:"gateway_ip"`
				Pools   []pool `json:"allocation_pools"`
			} `json:"subnets"`
		}
		if err := query(ctx, sc, sc.ServiceURL("subnets"), params, &raw); err != nil {
			return nil, err
		}
		var out []Subnet
		for _, s := range raw.Subnets {
			prefix, err := netip.ParsePrefix(s.CIDR)
			if err != nil || s.Network != network {
				continue
			}
			gateway, _ := netip.ParseAddr(s.Gateway) // the zero value where there is none
			out = append(out, Subnet{Prefix: prefix.Masked(), Gateway: gateway, pools: s.Pools})
		}
		return out, nil
	})
}

// AddressUser returns the ID of what has an address of a network, among what the
// project sees: a server, or the port if that belongs to none. It is "" for an address
// that is free.
func (c capacity) AddressUser(ctx context.Context, network string, address netip.Addr) (string, error) {
	return on("look for the address "+address.String(), c.network, func(sc *gophercloud.ServiceClient) (string, error) {
		params := url.Values{"network_id": {network}, "fixed_ips": {"ip_address=" + address.String()}, "fields": {"id", "device_id", "fixed_ips"}}
		var raw struct {
			Ports []struct {
				ID       string `json:"id"`
				Device   string `json:"device_id"`
				FixedIPs []struct {
					Address string `json:"ip_address"`
				} `json:"fixed_ips"`
			} `json:"ports"`
		}
		if err := query(ctx, sc, sc.ServiceURL("ports"), params, &raw); err != nil {
			return "", err
		}
		for _, p := range raw.Ports {
			for _, ip := range p.FixedIPs { // a Neutron that does not know the filter lists all ports
				if a, err := netip.ParseAddr(ip.Address); err == nil && a == address {
					if p.Device != "" {
						return p.Device, nil
					}
					return p.ID, nil
				}
			}
		}
		return "", nil
	})
}
