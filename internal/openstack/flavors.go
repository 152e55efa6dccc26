package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/flavors"
)

// Flavor is a server's size.
type Flavor struct {
	ID    string
	Name  string
	VCPUs int
	RAM   int // MB
	Disk  int // GB; 0 takes the image's size
}

// ResolveFlavor returns the flavor of that name or ID. All flavors are listed
// once for a client, and again only for one that was not among them.
func (c *lookups) ResolveFlavor(ctx context.Context, nameOrID string) (Flavor, error) {
	return on(lookUp("flavor", nameOrID), c.compute, func(sc *gophercloud.ServiceClient) (Flavor, error) {
		list := func() ([]Flavor, error) { return listFlavors(ctx, sc) }
		return c.flavors.find(list, func(all []Flavor) (Flavor, error) {
			return pick("flavor", nameOrID, all, func(f Flavor) named { return named{f.ID, f.Name} })
		})
	})
}

func listFlavors(ctx context.Context, sc *gophercloud.ServiceClient) ([]Flavor, error) {
	found, err := listAll(ctx, flavors.ListDetail(sc, flavors.ListOpts{Limit: pageSize}), flavors.ExtractFlavors)
	if err != nil {
		return nil, err
	}
	out := make([]Flavor, 0, len(found))
	for _, f := range found {
		out = append(out, Flavor{ID: f.ID, Name: f.Name, VCPUs: f.VCPUs, RAM: f.RAM, Disk: f.Disk})
	}
	return out, nil
}
