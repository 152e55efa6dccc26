package openstack

import (
	"context"
	"encoding/json"
	"math"
	"net/netip"
	"net/url"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	volumelimits "github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/quotas"
)

// PortQuota returns the project's quota of ports.
func (c *Client) PortQuota(ctx context.Context) (Quota, error) {
	return on("read the project's network quota", c.network, func(sc *gophercloud.ServiceClient) (Quota, error) {
		q, err := quotas.GetDetail(ctx, sc, c.project).Extract()
		if err != nil {
			return Quota{}, err
		}
		return Quota{Max: q.Port.Limit, Used: q.Port.Used + q.Port.Reserved}, nil
	})
}

// HasVolumes tells whether the catalog lists a block-storage service.
func (c *Client) HasVolumes() bool {
	_, err := c.volume()
	return err == nil
}

// VolumeLimits returns the project's quotas of volumes and of their gigabytes.
func (c *Client) VolumeLimits(ctx context.Context) (volumes, gigabytes Quota, err error) {
	type both struct{ volumes, gigabytes Quota }
	b, err := on("read the project's volume limits", c.volume, func(sc *gophercloud.ServiceClient) (both, error) {
		l, err := volumelimits.Get(ctx, sc).Extract()
		if err != nil {
			return both{}, err
		}
		a := l.Absolute
		return both{Quota{a.MaxTotalVolumes, a.TotalVolumesUsed}, Quota{a.MaxTotalVolumeGigabytes, a.TotalGigabytesUsed}}, nil
	})
	return b.volumes, b.gigabytes, err
}

// Addresses is how many of a network's addresses are free. Taken is what is known
// to be taken: others' ports are seen by administrators only.
type Addresses struct{ All, Taken int }

// Addresses returns, for each of the networks of which the cloud tells it, the
// IPv4 addresses that it gives out. Taken is 0 except for administrators, whom
// Neutron tells it in the same call.
func (c *Client) Addresses(ctx context.Context, networks []string) (map[string]Addresses, error) {
	if c.admin {
		if found, err := c.ipAvailability(ctx, networks); err == nil && len(found) > 0 {
			return found, nil
		}
	}
	return on("read the subnets", c.network, func(sc *gophercloud.ServiceClient) (map[string]Addresses, error) {
		params := url.Values{"network_id": networks, "ip_version": {"4"}, "fields": {"network_id", "allocation_pools"}}
		var raw struct {
			Subnets []struct {
				Network string                        `json:"network_id"`
				Pools   []struct{ Start, End string } `json:"allocation_pools"`
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
				a.All += poolSize(p.Start, p.End)
			}
			out[s.Network] = a
		}
		return out, nil
	})
}

// ipAvailability asks an extension that Neutron opens to administrators.
func (c *Client) ipAvailability(ctx context.Context, networks []string) (map[string]Addresses, error) {
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

// TakenAddresses counts the IPv4 addresses of the network's ports that this
// project sees.
func (c *Client) TakenAddresses(ctx context.Context, network string) (int, error) {
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
		n := 0
		for _, p := range raw.Ports {
			for _, ip := range p.FixedIPs {
				if a, err := netip.ParseAddr(ip.Address); err == nil && a.Is4() {
					n++
				}
			}
		}
		return n, nil
	})
}

// query reads the answer to a question that gophercloud has no call for, or asks
// for more than is wanted.
func query(ctx context.Context, sc *gophercloud.ServiceClient, address string, params url.Values, into any) error {
	_, err := sc.Get(ctx, address+"?"+params.Encode(), into, nil) //nolint:bodyclose // gophercloud closes what it decodes
	return err
}

// poolSize counts the addresses from start to end; what is none counts as many.
func poolSize(start, end string) int {
	a, errA := netip.ParseAddr(start)
	b, errB := netip.ParseAddr(end)
	if errA != nil || errB != nil || !a.Is4() || !b.Is4() {
		return math.MaxInt32
	}
	number := func(a netip.Addr) int {
		b := a.As4()
		return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	}
	return max(number(b)-number(a)+1, 0)
}
