package openstack

import (
	"context"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/tags"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Leases returns the texts of the lease tags that a server has now, sorted.
func (c nodeCalls) Leases(ctx context.Context, id string) ([]string, error) {
	return on("read leases on server "+id, c.compute, func(sc *gophercloud.ServiceClient) ([]string, error) {
		all, err := tags.List(ctx, sc, id).Extract()
		if err != nil {
			return nil, err
		}
		var n cluster.Node
		cluster.ReadTags(&n, all)
		slices.Sort(n.Leases)
		return n.Leases, nil
	})
}

// AddLease adds a lease tag to a server. Nova adds a single tag without reading and
// writing the others.
func (c nodeCalls) AddLease(ctx context.Context, id, text string) error {
	return c.addTag(ctx, "add a lease to server "+id, id, cluster.LeaseTag(text))
}

// DropLease removes a lease tag from a server; one that is not there is no error.
func (c nodeCalls) DropLease(ctx context.Context, id, text string) error {
	return c.dropTag(ctx, "drop a lease of server "+id, id, cluster.LeaseTag(text))
}

// AddMemo adds a memo to a server.
func (c nodeCalls) AddMemo(ctx context.Context, id, text string) error {
	return c.addTag(ctx, "add a memo to server "+id, id, cluster.MemoTag(text))
}

// DropMemo removes a memo from a server; one that is not there is no error.
func (c nodeCalls) DropMemo(ctx context.Context, id, text string) error {
	return c.dropTag(ctx, "drop a memo of server "+id, id, cluster.MemoTag(text))
}

func (c nodeCalls) addTag(ctx context.Context, what, id, tag string) error {
	_, err := on(what, c.compute, func(sc *gophercloud.ServiceClient) (struct{}, error) {
		return struct{}{}, tags.Add(ctx, sc, id, tag).ExtractErr()
	})
	return err
}

func (s *services) dropTag(ctx context.Context, what, id, tag string) error {
	_, err := on(what, s.compute, func(sc *gophercloud.ServiceClient) (struct{}, error) {
		return struct{}{}, tags.Delete(ctx, sc, id, tag).ExtractErr()
	})
	return unlessGone(err)
}
