package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/availabilityzones"
)

// ResolveZone returns the compute service's availability zone of that name, if
// servers can be made there now. Zones are listed once for a client.
func (c *Client) ResolveZone(ctx context.Context, name string) (string, error) {
	return on(lookUp("availability zone", name), c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		c.zonesLock.Lock()
		defer c.zonesLock.Unlock()
		if c.zones == nil {
			pages, err := availabilityzones.List(sc).AllPages(ctx)
			if err != nil {
				return "", err
			}
			found, err := availabilityzones.ExtractAvailabilityZones(pages)
			if err != nil {
				return "", err
			}
			c.zones = []string{}
			for _, z := range found {
				if z.ZoneState.Available {
					c.zones = append(c.zones, z.ZoneName)
				}
			}
		}
		return pick("availability zone", name, c.zones, func(z string) named { return named{z, z} })
	})
}
