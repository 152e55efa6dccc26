// Package preflight asks a cloud, before anything is made, whether a project has
// room for what a plan adds. It only asks; package compare decides what is short.
package preflight

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight/compare"
)

// Cloud answers what nodes are made of and what a project has left;
// *openstack.Client implements it.
type Cloud interface {
	ResolveImage(ctx context.Context, nameOrID string) (openstack.Image, error)
	ResolveFlavor(ctx context.Context, nameOrID string) (openstack.Flavor, error)
	ResolvePort(ctx context.Context, nameOrID string) (openstack.Port, error)
	ResolveVolume(ctx context.Context, nameOrID string) (cluster.Volume, error)
	Limits(ctx context.Context) (openstack.Limits, error)
	PortQuota(ctx context.Context) (openstack.Quota, error)
	HasVolumes() bool
	VolumeLimits(ctx context.Context) (volumes, gigabytes openstack.Quota, err error)
	Addresses(ctx context.Context, networks []string) (map[string]openstack.Addresses, error)
	FreeAddresses(ctx context.Context, network string, a openstack.Addresses) (int, error)
	Subnets(ctx context.Context, network string) ([]openstack.Subnet, error)
	AddressUser(ctx context.Context, network string, address netip.Addr) (string, error)
}

// Log notes a question that the cloud does not answer.
type Log func(question string, err error)

// Group is what the nodes of a worker group, or the front-end, are made of, and how
// many of them a plan makes.
type Group struct {
	compare.Bounds
	Spec         cluster.NodeSpec
	Image        string // name or ID as the configuration has it; "" while it is unknown
	Flavor       string // likewise
	FlavorBefore string // ID of the flavor of the present nodes; "" if there is none
	Items        int    // of metadata, beside those of Spec: the cluster document
	Standing     bool   // the server group that Spec names exists
	Members      int    // nodes that stay in this server group
}

// Check returns what the project has too little of for the groups, by name; the
// front-end is named cluster.FrontEndGroup. It asks the cloud for limits, subnets
// and used ports, for volume limits where a volume is wanted, and once for each
// network whose addresses may be too few. A question without an answer counts as
// enough. Nodes that are made anew cost no question unless they take more than
// those before.
//
// Images and flavors cost no question where they have just been looked up.
func Check(ctx context.Context, cloud Cloud, groups map[string]Group, log Log) []compare.Shortage {
	shapes := make(map[string]compare.Shape, len(groups))
	bounds := make(map[string]compare.Bounds, len(groups))
	for name, g := range groups {
		shapes[name], bounds[name] = shapeOf(ctx, cloud, name, g), g.Bounds
	}
	var room compare.Room
	if slices.ContainsFunc(slices.Sorted(maps.Keys(groups)), func(g string) bool { return bounds[g].TakesMore(shapes[g]) }) {
		room = left(ctx, cloud, shapes, bounds, log)
	}
	return compare.Check(shapes, bounds, room)
}

// shapeOf looks up the image and the flavors of a group.
func shapeOf(ctx context.Context, cloud Cloud, name string, g Group) compare.Shape {
	spec, role := g.Spec, cluster.RoleWorker
	if name == cluster.FrontEndGroup {
		role = cluster.RoleFrontEnd
	}
	s := compare.Shape{Networks: newPorts(spec), Metadata: len(spec.Metadata) + spec.OwnMetadata(role) + g.Items}
	if spec.FixedIP != "" {
		s.Fixed = spec.Network
	}
	if spec.BootVolume != nil {
		s.BootVolume = spec.BootVolume.Size
	}
	if spec.ServerGroup != "" {
		s.ServerGroup, s.Standing, s.Members = true, g.Standing, g.Members
	}
	if g.Flavor == "" {
		return s
	}
	flavor, err := cloud.ResolveFlavor(ctx, g.Flavor)
	if err != nil {
		return s
	}
	s.VCPUs, s.RAM, s.Disk = flavor.VCPUs, flavor.RAM, flavor.Disk
	before := flavorBefore(ctx, cloud, g.FlavorBefore, flavor)
	s.OldVCPUs, s.OldRAM = before.VCPUs, before.RAM
	if g.Image != "" {
		if image, err := cloud.ResolveImage(ctx, g.Image); err == nil {
			s.MinRAM, s.MinDisk = image.MinRAM, image.MinDisk
		}
	}
	return s
}

// flavorBefore returns the flavor of the present nodes; one that can't be looked up
// counts as the new one.
func flavorBefore(ctx context.Context, cloud Cloud, before string, now openstack.Flavor) openstack.Flavor {
	if before == "" || before == now.ID {
		return now
	}
	if old, err := cloud.ResolveFlavor(ctx, before); err == nil {
		return old
	}
	return now
}

// newPorts returns the networks on which a node gets a new port.
func newPorts(spec cluster.NodeSpec) []string {
	all := spec.Networks
	if len(all) == 0 {
		all = []string{spec.Network}
	}
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == "" || id == spec.Network && spec.Port != "" })
}

// PortFault is why a port that the user made can't be the front-end's.
type PortFault struct {
	Network string // ID of the network that the port is on, if that is another one; else ""
	Device  string // ID of the server that the port belongs to, if there is one; else ""
}

// CheckPort looks at the port of that name or ID for a front-end on a network, whose
// present server is own ("" if there is none). It returns the zero value for a port
// that fits, and for one that can't be looked up.
func CheckPort(ctx context.Context, cloud Cloud, nameOrID, network, own string) PortFault {
	port, err := cloud.ResolvePort(ctx, nameOrID)
	if err != nil {
		return PortFault{}
	}
	var fault PortFault
	if network != "" && port.Network != network {
		fault.Network = port.Network
	}
	if port.Device != own {
		fault.Device = port.Device
	}
	return fault
}
