package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/availabilityzones"
)

// ResolveZone returns the compute service's availability zone of that name, if
// servers can be made there now. Zones are listed once for a client.
func (c *lookups) ResolveZone(ctx context.Context, name string) (string, error) {
	return on(lookUp("availability zone", name), c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		list := func() ([]string, error) { return listZones(ctx, sc) }
		return c.zones.findKept(list, func(all []string) (string, error) {
			return pick("availability zone", name, all, func(z string) named { return named{z, z} })
		})
	})
}

// listZones returns the zones in which servers can be made now.
func listZones(ctx context.Context, sc *gophercloud.ServiceClient) ([]string, error) {
	found, err := listAll(ctx, availabilityzones.List(sc), availabilityzones.ExtractAvailabilityZones)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, z := range found {
		if z.ZoneState.Available {
			out = append(out, z.ZoneName)
		}
	}
	return out, nil
}
