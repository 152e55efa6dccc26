package openstack

import (
	"context"
	"fmt"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Image is an image as far as a plan has to judge it.
type Image struct {
	ID      string
	Name    string
	MinDisk int    // GB
	MinRAM  int    // MB
	Status  string // "active" can be booted
}

// ResolveImage returns the image of that name or ID, which a client looks up once.
func (c *lookups) ResolveImage(ctx context.Context, nameOrID string) (Image, error) {
	return c.images.get(nameOrID, func() (Image, error) { return c.resolveImage(ctx, nameOrID) })
}

func (c *lookups) resolveImage(ctx context.Context, nameOrID string) (Image, error) {
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

// bootable returns an error for an image that Nova refuses when a server is created.
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
	found, err := listAll(ctx, images.List(sc, opts), images.ExtractImages)
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
