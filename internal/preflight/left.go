package preflight

import (
	"context"
	"maps"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight/compare"
)

// left asks for what the project has left, side by side.
func left(ctx context.Context, cloud Cloud, shapes map[string]compare.Shape, bounds map[string]compare.Bounds, log Log) compare.Room {
	var room compare.Room
	var g errgroup.Group
	ask := func(question string, call func() error) {
		g.Go(func() error {
			if err := call(); err != nil {
				log(question, err)
			}
			return nil
		})
	}
	ask("limits", func() error { return readLimits(ctx, cloud, &room) })
	need, volumes := demand(shapes, bounds)
	var addresses map[string]openstack.Addresses
	if len(need) > 0 {
		ask("subnets", func() (err error) {
			addresses, err = cloud.Addresses(ctx, slices.Sorted(maps.Keys(need)))
			return err
		})
	}
	if volumes && cloud.HasVolumes() {
		ask("volume limits", func() error {
			n, gigabytes, err := cloud.VolumeLimits(ctx)
			if err == nil {
				room.Volumes, room.Gigabytes = quota(n), quota(gigabytes)
			}
			return err
		})
	}
	_ = g.Wait() // each error is logged
	room.Addresses = freeAddresses(ctx, cloud, need, addresses, usedPorts(room), log)
	return room
}

func quota(q openstack.Quota) *compare.Quota { return &compare.Quota{Max: q.Max, Used: q.Used} }

// readLimits fills in the compute service's limits, and the quota of ports where
// the number of servers is limited at all: without that limit ports are taken for
// unlimited, which saves a call in each plan.
func readLimits(ctx context.Context, cloud Cloud, room *compare.Room) error {
	l, err := cloud.Limits(ctx)
	if err != nil {
		return err
	}
	room.Instances, room.Cores, room.RAM = quota(l.Instances), quota(l.Cores), quota(l.RAM)
	room.ServerGroups = quota(l.ServerGroups)
	if l.MetadataItems > 0 {
		room.Metadata = &l.MetadataItems
	}
	if l.GroupMembers > 0 {
		room.Members = &l.GroupMembers
	}
	if l.Instances.Max < 0 {
		return nil
	}
	q, err := cloud.PortQuota(ctx)
	if err == nil {
		room.Ports = quota(q)
	}
	return err
}

// demand returns how many addresses of each network the groups may come to take,
// and whether any of their nodes has a boot volume.
func demand(shapes map[string]compare.Shape, bounds map[string]compare.Bounds) (addresses map[string]int, volumes bool) {
	addresses = map[string]int{}
	for group, b := range bounds {
		for _, network := range shapes[group].Networks {
			if n := b.Max * shapes[group].AddressesOn(network); n > 0 {
				addresses[network] += n
			}
		}
		volumes = volumes || shapes[group].BootVolume > 0 && b.Max > 0
	}
	return addresses, volumes
}

// usedPorts returns how many ports the project has. Where the cloud does not say,
// it is a number that is hardly too small.
func usedPorts(room compare.Room) int {
	switch {
	case room.Ports != nil:
		return room.Ports.Used
	case room.Instances != nil:
		return 16 + 4*room.Instances.Used
	default:
		return math.MaxInt32
	}
}

// freeAddresses counts the free addresses of a network only where they may be too
// few: where the addresses said to be taken, or all of the project's ports on this
// network, would leave less than needed.
func freeAddresses(ctx context.Context, cloud Cloud, need map[string]int, all map[string]openstack.Addresses, ports int, log Log) map[string]int {
	free := map[string]int{}
	for network, a := range all {
		taken := a.Taken
		if taken == 0 {
			taken = ports
		}
		if a.All-taken >= need[network] {
			continue
		}
		n, err := cloud.FreeAddresses(ctx, network, a)
		if err != nil {
			log("ports of the network", err)
			continue
		}
		free[network] = n
	}
	return free
}
