package openstack

import (
	"context"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
)

// Port is a port that somebody made beforehand.
type Port struct {
	ID, Name, Network string
	Device            string // ID of the server that has it; "" while it is free
}

// ResolvePort returns the port of that name or ID, which a client looks up once.
func (c *Client) ResolvePort(ctx context.Context, nameOrID string) (Port, error) {
	return once(c, &c.ports, nameOrID, func() (Port, error) { return c.resolvePort(ctx, nameOrID) })
}

func (c *Client) resolvePort(ctx context.Context, nameOrID string) (Port, error) {
	return on(lookUp("port", nameOrID), c.network, func(sc *gophercloud.ServiceClient) (Port, error) {
		opts := ports.ListOpts{Name: nameOrID}
		if isID(nameOrID) {
			opts = ports.ListOpts{ID: nameOrID}
		}
		pages, err := ports.List(sc, opts).AllPages(ctx)
		if err != nil {
			return Port{}, err
		}
		found, err := ports.ExtractPorts(pages)
		if err != nil {
			return Port{}, err
		}
		p, err := pick("port", nameOrID, found, func(p ports.Port) named { return named{p.ID, p.Name} })
		if err != nil {
			return Port{}, err
		}
		return Port{ID: p.ID, Name: p.Name, Network: p.NetworkID, Device: p.DeviceID}, nil
	})
}

// ServerPorts returns the IDs of the servers, there still or not, to which ports
// of the project belong, once for each port: after a destroy it tells what was
// left behind.
func (c *Client) ServerPorts(ctx context.Context) ([]string, error) {
	return on("list ports", c.network, func(sc *gophercloud.ServiceClient) ([]string, error) {
		pages, err := ports.List(sc, ports.ListOpts{ProjectID: c.ProjectID()}).AllPages(ctx)
		if err != nil {
			return nil, err
		}
		found, err := ports.ExtractPorts(pages)
		var servers []string
		for _, p := range found {
			if strings.HasPrefix(p.DeviceOwner, "compute:") {
				servers = append(servers, p.DeviceID)
			}
		}
		return servers, err
	})
}
