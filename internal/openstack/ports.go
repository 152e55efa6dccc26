package openstack

import (
	"context"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
)

// CountServerPorts returns how many ports of the project belong to servers, there
// still or not: after a destroy it tells whether any was left behind.
func (c *Client) CountServerPorts(ctx context.Context) (int, error) {
	return on("list ports", c.network, func(sc *gophercloud.ServiceClient) (int, error) {
		pages, err := ports.List(sc, ports.ListOpts{ProjectID: c.ProjectID()}).AllPages(ctx)
		if err != nil {
			return 0, err
		}
		found, err := ports.ExtractPorts(pages)
		n := 0
		for _, p := range found {
			if strings.HasPrefix(p.DeviceOwner, "compute:") {
				n++
			}
		}
		return n, err
	})
}
