package openstack

import (
	"context"
	"encoding/json"
	"math"
	"net/netip"
	"net/url"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
)

// Addresses counts the IPv4 addresses that a network gives out, and how many of them
// are known to be taken. Only administrators see the ports of other projects.
type Addresses struct {
	All, Taken int
	pools      []pool // nil where they are not known
}

type pool struct{ Start, End string }

// Addresses returns the addresses of the networks by network ID; networks that the
// cloud says nothing about are left out. Taken is 0 except for an administrator, which
// gets it from Neutron in the same call. It is a little too large then, because it
// counts addresses outside the allocation pools, a gateway's for instance.
func (c capacity) Addresses(ctx context.Context, networks []string) (map[string]Addresses, error) {
	if c.admin {
		if found, err := c.ipAvailability(ctx, networks); err == nil && len(found) > 0 {
			return found, nil
		}
	}
	return c.pools(ctx, networks)
}

func (c capacity) pools(ctx context.Context, networks []string) (map[string]Addresses, error) {
	return on("read the subnets", c.network, func(sc *gophercloud.ServiceClient) (map[string]Addresses, error) {
		params := url.Values{"network_id": networks, "ip_version": {"4"}, "fields": {"network_id", "allocation_pools"}}
		var raw struct {
			Subnets []struct {
				Network string `json:"network_id"`
				Pools   []pool `json:"allocation_pools"`
			} `json:"subnets"`
		}
		if err := query(ctx, sc, sc.ServiceURL("subnets"), params, &raw); err != nil {
			return nil, err
		}
		out := map[string]Addresses{}
		for _, s := range raw.Subnets {
			if !slices.Contains(networks, s.Network) {
				continue
			}
			a := out[s.Network]
			for _, p := range s.Pools {
				a.All += p.size()
			}
			a.pools = append(a.pools, s.Pools...)
			out[s.Network] = a
		}
		return out, nil
	})
}

// ipAvailability returns the addresses from an extension that Neutron opens to
// administrators only.
func (c capacity) ipAvailability(ctx context.Context, networks []string) (map[string]Addresses, error) {
	return on("read the networks' addresses", c.network, func(sc *gophercloud.ServiceClient) (map[string]Addresses, error) {
		var raw struct {
			Networks []struct {
				Network string `json:"network_id"`
				Subnets []struct {
					Version int         `json:"ip_version"`
					All     json.Number `json:"total_ips"`
					Taken   json.Number `json:"used_ips"`
				} `json:"subnet_ip_availability"`
			} `json:"network_ip_availabilities"`
		}
		params := url.Values{"network_id": networks}
		if err := query(ctx, sc, sc.ServiceURL("network-ip-availabilities"), params, &raw); err != nil {
			return nil, err
		}
		out := map[string]Addresses{}
		for _, n := range raw.Networks {
			var a Addresses
			for _, s := range n.Subnets {
				all, errAll := s.All.Int64()
				taken, errTaken := s.Taken.Int64()
				if s.Version == 4 && errAll == nil && errTaken == nil {
					a.All, a.Taken = a.All+int(all), a.Taken+int(taken)
				}
			}
			if a.All > 0 && slices.Contains(networks, n.Network) {
				out[n.Network] = a
			}
		}
		return out, nil
	})
}

// FreeAddresses counts the addresses in the network's allocation pools that no port
// has, among the ports that this project sees. It takes one call, and a second one if
// a does not have the pools.
func (c capacity) FreeAddresses(ctx context.Context, network string, a Addresses) (int, error) {
	if a.pools == nil {
		all, err := c.pools(ctx, []string{network})
		if err != nil {
			return 0, err
		}
		a = all[network]
	}
	return on("list the network's ports", c.network, func(sc *gophercloud.ServiceClient) (int, error) {
		var raw struct {
			Ports []struct {
				FixedIPs []struct {
					Address string `json:"ip_address"`
				} `json:"fixed_ips"`
			} `json:"ports"`
		}
		params := url.Values{"network_id": {network}, "fields": {"fixed_ips"}}
		if err := query(ctx, sc, sc.ServiceURL("ports"), params, &raw); err != nil {
			return 0, err
		}
		free := a.All
		for _, p := range raw.Ports {
			for _, ip := range p.FixedIPs {
				if slices.ContainsFunc(a.pools, func(p pool) bool { return p.has(ip.Address) }) {
					free--
				}
			}
		}
		return max(free, 0), nil
	})
}

// query reads an answer into into, for requests that gophercloud has no call for, or
// only one that reads more than is needed.
func query(ctx context.Context, sc *gophercloud.ServiceClient, address string, params url.Values, into any) error {
	_, err := sc.Get(ctx, address+"?"+params.Encode(), into, nil) //nolint:bodyclose // gophercloud closes what it decodes
	return err
}

// bounds returns the pool's first and last address; ok is false if the pool is no range
// of IPv4 addresses.
func (p pool) bounds() (first, last netip.Addr, ok bool) {
	first, errFirst := netip.ParseAddr(p.Start)
	last, errLast := netip.ParseAddr(p.End)
	return first, last, errFirst == nil && errLast == nil && first.Is4() && last.Is4()
}

// size counts the pool's addresses. One that can't be read counts as very large, so
// that it never keeps a plan from being applied.
func (p pool) size() int {
	first, last, ok := p.bounds()
	if !ok {
		return math.MaxInt32
	}
	number := func(a netip.Addr) int {
		b := a.As4()
		return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	}
	return max(number(last)-number(first)+1, 0)
}

func (p pool) has(address string) bool {
	first, last, ok := p.bounds()
	a, err := netip.ParseAddr(address)
	return ok && err == nil && a.Is4() && first.Compare(a) <= 0 && a.Compare(last) <= 0
}
