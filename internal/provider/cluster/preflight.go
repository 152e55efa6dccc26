package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
)

// inventory tells what things are made of and how much is left; *openstack.Client does.
type inventory interface {
	ResolveImage(ctx context.Context, nameOrID string) (openstack.Image, error)
	ResolveFlavor(ctx context.Context, nameOrID string) (openstack.Flavor, error)
	ResolvePort(ctx context.Context, nameOrID string) (openstack.Port, error)
	Limits(ctx context.Context) (openstack.Limits, error)
	PortQuota(ctx context.Context) (openstack.Quota, error)
	HasVolumes() bool
	VolumeLimits(ctx context.Context) (volumes, gigabytes openstack.Quota, err error)
	Addresses(ctx context.Context, networks []string) (map[string]openstack.Addresses, error)
	FreeAddresses(ctx context.Context, network string, a openstack.Addresses) (int, error)
}

// bounds are how many nodes the plan adds, how many the groups may come to add,
// and how many are made anew in place of others. Those that may only come to be
// made anew are looked at when the apply plans them again.
func (c change) bounds() map[string]preflight.Bounds {
	_, had := c.was.states[c.nodes.FrontEndName]
	frontEnd := preflight.Bounds{}
	switch {
	case c.nodes.FrontEnd && had:
		if !c.open.frontEnd {
			frontEnd.Anew = 1
		}
	case c.nodes.FrontEnd:
		frontEnd.Min, frontEnd.Max = 1, 1
	}
	out := map[string]preflight.Bounds{cluster.FrontEndGroup: frontEnd}
	for name, g := range c.nodes.Groups {
		added := max(len(g.Add)-len(g.Remove), 0)
		most := c.spec.Groups[name].Most() - (len(g.Keep) + len(g.Add) - added)
		anew := len(g.Add) - added
		if !c.open.rolls {
			anew += len(g.Roll)
		}
		out[name] = preflight.Bounds{Min: added, Max: max(most, added), Anew: anew}
	}
	return out
}

// wantsRoom tells whether a group takes more of what the project has.
func wantsRoom(b preflight.Bounds, s preflight.Shape) bool {
	larger := s.VCPUs > s.OldVCPUs || s.RAM > s.OldRAM || s.ServerGroup && !s.Standing
	return b.Max > 0 || b.Anew > 0 && larger
}

// preflight says what the project has too little of for what the plan adds. It
// asks the cloud three times more, once more where a volume is wanted, and once
// for each network whose addresses may be tight; what the cloud does not tell is
// no fault. Nodes that are made anew cost no call unless they come to take more.
func (r *clusterResource) preflight(ctx context.Context, c change) diag.Diagnostics {
	client, err := r.session.Cloud(ctx)
	if err != nil {
		return nil // said where names are looked up, or not known yet
	}
	bounds := c.bounds()
	shapes, diags := c.shapes(ctx, client)
	var room preflight.Room
	if slices.ContainsFunc(sortedNames(bounds), func(g string) bool { return wantsRoom(bounds[g], shapes[g]) }) {
		room = c.room(ctx, client, shapes, bounds)
	}
	for _, s := range preflight.Check(shapes, bounds, room) {
		diags.Append(c.shortage(s, c.comesFree(r.session.mayReplace())))
	}
	diags.Append(r.checkPort(ctx, client, c)...)
	return diags
}

// room asks what is left, side by side.
func (c change) room(ctx context.Context, s inventory, shapes map[string]preflight.Shape, bounds map[string]preflight.Bounds) preflight.Room {
	var room preflight.Room
	var g errgroup.Group
	ask := func(what string, call func() error) {
		g.Go(func() error {
			if err := call(); err != nil {
				tflog.Debug(ctx, "the cloud does not tell its "+what, map[string]any{"error": err.Error()})
			}
			return nil
		})
	}
	quota := func(q openstack.Quota) *preflight.Quota { return &preflight.Quota{Max: q.Max, Used: q.Used} }
	ask("limits", func() error {
		l, err := s.Limits(ctx)
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
		// A project that may have any number of servers is not held by its ports; that
		// question is spared it, in every plan.
		if l.Instances.Max < 0 {
			return nil
		}
		q, err := s.PortQuota(ctx)
		if err == nil {
			room.Ports = quota(q)
		}
		return err
	})
	need := map[string]int{}
	volumes := false
	for group, b := range bounds {
		for _, network := range shapes[group].Networks {
			if n := b.Max * shapes[group].AddressesOn(network); n > 0 {
				need[network] += n
			}
		}
		volumes = volumes || shapes[group].BootVolume > 0 && b.Max > 0
	}
	var addresses map[string]openstack.Addresses
	if len(need) > 0 {
		ask("subnets", func() (err error) {
			addresses, err = s.Addresses(ctx, sortedNames(need))
			return err
		})
	}
	if volumes && s.HasVolumes() {
		ask("volume limits", func() error {
			n, gigabytes, err := s.VolumeLimits(ctx)
			if err == nil {
				room.Volumes, room.Gigabytes = quota(n), quota(gigabytes)
			}
			return err
		})
	}
	_ = g.Wait() // nobody returns an error
	room.Addresses = freeAddresses(ctx, s, need, addresses, usedPorts(room))
	return room
}

// usedPorts is how many ports the project has, where it is not told a number that
// is hardly too small.
func usedPorts(room preflight.Room) int {
	switch {
	case room.Ports != nil:
		return room.Ports.Used
	case room.Instances != nil:
		return 16 + 4*room.Instances.Used
	default:
		return math.MaxInt32
	}
}

// freeAddresses counts a network's free addresses only where that could come to
// matter: with what is said to be taken, or all of the project's ports on it, it
// would be too small.
func freeAddresses(ctx context.Context, s inventory, need map[string]int, all map[string]openstack.Addresses, ports int) map[string]int {
	free := map[string]int{}
	for network, a := range all {
		taken := a.Taken
		if taken == 0 {
			taken = ports
		}
		if a.All-taken >= need[network] {
			continue
		}
		n, err := s.FreeAddresses(ctx, network, a)
		if err != nil {
			tflog.Debug(ctx, "the cloud does not tell the network's ports", map[string]any{"error": err.Error()})
			continue
		}
		free[network] = n
	}
	return free
}

// checkPort looks at the front-end's own port: it must be free and on the network
// for the cluster's traffic.
func (r *clusterResource) checkPort(ctx context.Context, s inventory, c change) diag.Diagnostics {
	var diags diag.Diagnostics
	if !c.nodes.FrontEnd || c.spec.FrontEnd.Port == "" {
		return nil
	}
	port, err := s.ResolvePort(ctx, c.want.frontEnd.Port.ValueString())
	if err != nil {
		return nil
	}
	at := path.Root("front_end").AtName("port")
	if network := c.spec.FrontEnd.Network; network != "" && port.Network != network {
		diags.AddAttributeError(at, "Port on another network", fmt.Sprintf(
			"The port is on network %s, the front-end's network for the cluster's traffic is %s. Name a port on that network, or set `network`, `networks` and `cluster_network` to suit.", port.Network, network))
	}
	own := c.was.states[c.nodes.FrontEndName].ID.ValueString()
	switch says := fmt.Sprintf("The port belongs to %s already. Name one that is free.", port.Device); {
	case port.Device == "" || port.Device == own:
	case c.leftovers:
		diags.AddAttributeWarning(at, "Port in use now", says+"\n\n"+c.comesFree(false))
	case c.create && r.session.mayReplace(): // in use in every replacement
	default:
		diags.AddAttributeError(at, "Port in use", says)
	}
	return diags
}
