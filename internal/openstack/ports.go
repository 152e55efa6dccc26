package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
)

// Port is a port that was made before the cluster.
type Port struct {
	ID, Name, Network string
	Device            string // ID of the server that has it; "" while it is free
}

// ResolvePort returns the port of that name or ID, which a client looks up once.
func (c *lookups) ResolvePort(ctx context.Context, nameOrID string) (Port, error) {
	return c.ports.get(nameOrID, func() (Port, error) { return c.resolvePort(ctx, nameOrID) })
}

func (c *lookups) resolvePort(ctx context.Context, nameOrID string) (Port, error) {
	return on(lookUp("port", nameOrID), c.network, func(sc *gophercloud.ServiceClient) (Port, error) {
		opts := ports.ListOpts{Name: nameOrID}
		if isID(nameOrID) {
			opts = ports.ListOpts{ID: nameOrID}
		}
		found, err := listAll(ctx, ports.List(sc, opts), ports.ExtractPorts)
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
