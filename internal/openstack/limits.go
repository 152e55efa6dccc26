package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	volumelimits "github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/quotas"
)

// capacity has the calls for what a project and its networks have left.
type capacity struct{ *services }

// Quota is a limit of the project and how much of it is used; Max is -1 for no limit.
type Quota struct{ Max, Used int }

// Free returns how much is left; false for no limit.
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
func (c *lookups) Limits(ctx context.Context) (Limits, error) {
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

// PortQuota returns the project's quota of ports.
func (c capacity) PortQuota(ctx context.Context) (Quota, error) {
	return on("read the project's network quota", c.network, func(sc *gophercloud.ServiceClient) (Quota, error) {
		q, err := quotas.GetDetail(ctx, sc, c.project).Extract()
		if err != nil {
			return Quota{}, err
		}
		return Quota{Max: q.Port.Limit, Used: q.Port.Used + q.Port.Reserved}, nil
	})
}

// VolumeLimits returns the project's quotas of volumes and of their gigabytes.
func (c capacity) VolumeLimits(ctx context.Context) (volumes, gigabytes Quota, err error) {
	type both struct{ volumes, gigabytes Quota }
	b, err := on("read the project's volume limits", c.volume, func(sc *gophercloud.ServiceClient) (both, error) {
		l, err := volumelimits.Get(ctx, sc).Extract()
		if err != nil {
			return both{}, err
		}
		a := l.Absolute
		return both{Quota{a.MaxTotalVolumes, a.TotalVolumesUsed}, Quota{a.MaxTotalVolumeGigabytes, a.TotalGigabytesUsed}}, nil
	})
	return b.volumes, b.gigabytes, err
}
