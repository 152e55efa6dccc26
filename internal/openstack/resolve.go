package openstack

import (
	"context"
	"fmt"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Image is what the choice of an image needs to be judged.
type Image struct {
	ID      string
	Name    string
	MinDisk int    // GB
	MinRAM  int    // MB
	Status  string // "active" can be booted
}

// ResolveImage returns the image of that name or ID, which a client looks up once.
func (c *Client) ResolveImage(ctx context.Context, nameOrID string) (Image, error) {
	return once(c, &c.images, nameOrID, func() (Image, error) { return c.resolveImage(ctx, nameOrID) })
}

// once keeps what a look-up found.
func once[T any](c *Client, seen *map[string]T, wanted string, find func() (T, error)) (T, error) {
	c.seenLock.Lock()
	found, ok := (*seen)[wanted]
	c.seenLock.Unlock()
	if ok {
		return found, nil
	}
	found, err := find()
	if err != nil {
		return found, err
	}
	c.seenLock.Lock()
	defer c.seenLock.Unlock()
	if *seen == nil {
		*seen = map[string]T{}
	}
	(*seen)[wanted] = found
	return found, nil
}

func (c *Client) resolveImage(ctx context.Context, nameOrID string) (Image, error) {
	of := func(i Image) named { return named{i.ID, i.Name} }
	return on(lookUp("image", nameOrID), c.image, func(sc *gophercloud.ServiceClient) (Image, error) {
		if isID(nameOrID) {
			i, err := images.Get(ctx, sc, nameOrID).Extract()
			switch {
			case err == nil:
				return toImage(*i).bootable(nameOrID)
			case !gophercloud.ResponseCodeIs(err, 404):
				return Image{}, err
			}
		}
		found, err := listImages(ctx, sc, images.ListOpts{Name: nameOrID})
		if err == nil && len(found) == 0 {
			found, err = listImages(ctx, sc, images.ListOpts{Limit: pageSize})
		}
		if err != nil {
			return Image{}, err
		}
		active := slices.DeleteFunc(slices.Clone(found), func(i Image) bool { return !i.active() })
		if slices.ContainsFunc(active, func(i Image) bool { return i.Name == nameOrID }) {
			found = active
		}
		i, err := pick("image", nameOrID, found, of)
		if err != nil {
			return Image{}, err
		}
		return i.bootable(nameOrID)
	})
}

func (i Image) active() bool { return i.Status == "" || i.Status == string(images.ImageStatusActive) }

// bootable refuses what Nova would refuse once a server is to be made.
func (i Image) bootable(wanted string) (Image, error) {
	if i.active() {
		return i, nil
	}
	return Image{}, &cluster.CloudError{
		Kind: cluster.FaultImage, Op: lookUp("image", wanted),
		Message: fmt.Sprintf("image %s can't be booted: its state is %s, not active", i.ID, i.Status),
	}
}

func listImages(ctx context.Context, sc *gophercloud.ServiceClient, opts images.ListOpts) ([]Image, error) {
	pages, err := images.List(sc, opts).AllPages(ctx)
	if err != nil {
		return nil, err
	}
	found, err := images.ExtractImages(pages)
	if err != nil {
		return nil, err
	}
	out := make([]Image, 0, len(found))
	for _, i := range found {
		out = append(out, toImage(i))
	}
	return out, nil
}

func toImage(i images.Image) Image {
	return Image{ID: i.ID, Name: i.Name, MinDisk: i.MinDiskGigabytes, MinRAM: i.MinRAMMegabytes, Status: string(i.Status)}
}

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
func (c *Client) ResolveFlavor(ctx context.Context, nameOrID string) (Flavor, error) {
	of := func(f flavors.Flavor) named { return named{f.ID, f.Name} }
	return on(lookUp("flavor", nameOrID), c.compute, func(sc *gophercloud.ServiceClient) (Flavor, error) {
		c.flavorsLock.Lock()
		defer c.flavorsLock.Unlock()
		if c.flavors != nil {
			if f, err := pick("flavor", nameOrID, c.flavors, of); err == nil {
				return toFlavor(f), nil
			}
		}
		pages, err := flavors.ListDetail(sc, flavors.ListOpts{Limit: pageSize}).AllPages(ctx)
		if err != nil {
			return Flavor{}, err
		}
		if c.flavors, err = flavors.ExtractFlavors(pages); err != nil {
			return Flavor{}, err
		}
		f, err := pick("flavor", nameOrID, c.flavors, of)
		return toFlavor(f), err
	})
}

func toFlavor(f flavors.Flavor) Flavor {
	return Flavor{ID: f.ID, Name: f.Name, VCPUs: f.VCPUs, RAM: f.RAM, Disk: f.Disk}
}

// ResolveKeyPair returns the public key of the user's key pair of that name.
func (c *Client) ResolveKeyPair(ctx context.Context, name string) (string, error) {
	return on(lookUp("key pair", name), c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		pages, err := keypairs.List(sc, nil).AllPages(ctx)
		if err != nil {
			return "", err
		}
		found, err := keypairs.ExtractKeyPairs(pages)
		if err != nil {
			return "", err
		}
		// A key pair has no other ID than its name.
		k, err := pick("key pair", name, found, func(k keypairs.KeyPair) named { return named{k.Name, k.Name} })
		return k.PublicKey, err
	})
}

// Quota is a limit of the project and what is taken of it; Max is -1 where
// there is no limit.
type Quota struct{ Max, Used int }

// Free returns how much is left, and false where there is no limit.
func (q Quota) Free() (int, bool) { return max(q.Max-q.Used, 0), q.Max >= 0 }

// Limits are the compute service's limits of the project.
type Limits struct {
	Instances     Quota
	Cores         Quota
	RAM           Quota // MB
	MetadataItems int   // of one server; -1 without limit
	ServerGroups  Quota
	GroupMembers  int // of one server group; -1 without limit
}

// Limits reads the project's limits.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	return on("read the project's limits", c.compute, func(sc *gophercloud.ServiceClient) (Limits, error) {
		l, err := limits.Get(ctx, sc, nil).Extract()
		if err != nil {
			return Limits{}, err
		}
		a := l.Absolute
		return Limits{
			Instances:     Quota{a.MaxTotalInstances, a.TotalInstancesUsed},
			Cores:         Quota{a.MaxTotalCores, a.TotalCoresUsed},
			RAM:           Quota{a.MaxTotalRAMSize, a.TotalRAMUsed},
			MetadataItems: a.MaxServerMeta,
			ServerGroups:  Quota{a.MaxServerGroups, a.TotalServerGroupsUsed},
			GroupMembers:  a.MaxServerGroupMembers,
		}, nil
	})
}
