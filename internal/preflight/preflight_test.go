package preflight_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight/compare"
)

// cloud is a preflight.Cloud that notes what it is asked.
type cloud struct {
	limits    openstack.Limits
	limitsErr error
	ports     openstack.Quota
	volumes   bool
	addresses map[string]openstack.Addresses
	free      int
	port      openstack.Port
	volume    cluster.Volume

	subnets             []openstack.Subnet
	user                string
	subnetsErr, userErr error

	mu    sync.Mutex
	asked []string
}

func (c *cloud) ask(question string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, question)
}

func (c *cloud) ResolveImage(context.Context, string) (openstack.Image, error) {
	return openstack.Image{ID: "i1", MinDisk: 5}, nil
}

func (c *cloud) ResolveFlavor(_ context.Context, name string) (openstack.Flavor, error) {
	sizes := map[string]int{"small": 2, "large": 8}
	if sizes[name] == 0 {
		return openstack.Flavor{}, errors.New("unknown flavor")
	}
	return openstack.Flavor{ID: name, VCPUs: sizes[name], RAM: 1024 * sizes[name], Disk: 10}, nil
}

func (c *cloud) ResolvePort(_ context.Context, name string) (openstack.Port, error) {
	if name != "vip" {
		return openstack.Port{}, errors.New("unknown port")
	}
	return c.port, nil
}

func (c *cloud) ResolveVolume(_ context.Context, name string) (cluster.Volume, error) {
	if name != "state" {
		return cluster.Volume{}, errors.New("unknown volume")
	}
	return c.volume, nil
}

func (c *cloud) Limits(context.Context) (openstack.Limits, error) {
	c.ask("limits")
	return c.limits, c.limitsErr
}

func (c *cloud) PortQuota(context.Context) (openstack.Quota, error) {
	c.ask("ports")
	return c.ports, nil
}

func (c *cloud) HasVolumes() bool { return c.volumes }

func (c *cloud) VolumeLimits(context.Context) (volumes, gigabytes openstack.Quota, err error) {
	c.ask("volumes")
	return openstack.Quota{Max: 10}, openstack.Quota{Max: 15}, nil
}

func (c *cloud) Addresses(_ context.Context, networks []string) (map[string]openstack.Addresses, error) {
	c.ask("subnets of " + strings.Join(networks, " "))
	return c.addresses, nil
}

func (c *cloud) Subnets(context.Context, string) ([]openstack.Subnet, error) {
	return c.subnets, c.subnetsErr
}

func (c *cloud) AddressUser(context.Context, string, netip.Addr) (string, error) {
	return c.user, c.userErr
}

func (c *cloud) FreeAddresses(_ context.Context, network string, _ openstack.Addresses) (int, error) {
	c.ask("free addresses of " + network)
	return c.free, nil
}

// newCloud is a cloud with room for 100 of everything.
func newCloud() *cloud {
	q := openstack.Quota{Max: 100}
	return &cloud{
		limits: openstack.Limits{Instances: q, Cores: q, RAM: openstack.Quota{Max: 1 << 20}, ServerGroups: q, MetadataItems: 128, GroupMembers: 10},
		ports:  q, volumes: true, addresses: map[string]openstack.Addresses{"n": {All: 200}},
	}
}

func workers(n, most, anew int) preflight.Group {
	return preflight.Group{
		Bounds: compare.Bounds{Min: n, Max: most, Anew: anew},
		Spec:   cluster.NodeSpec{Network: "n"}, Flavor: "small", Image: "debian",
	}
}

// Each row: what is to be made in which cloud, what that asks, and what is short.
func TestCheckAsksNoMoreThanItNeeds(t *testing.T) {
	for _, row := range []struct {
		name  string
		group preflight.Group
		cloud func(*cloud)
		asked string // questions in order of their texts
		short compare.Resource
	}{
		{"nodes are added", workers(2, 2, 0), nil, "limits, ports, subnets of n", ""},
		{"any number of servers", workers(2, 2, 0), func(c *cloud) { c.limits.Instances.Max = -1 }, "limits, subnets of n", ""},
		{"too many", workers(60, 60, 0), nil, "limits, ports, subnets of n", compare.Cores},
		{"made anew, of the same size", workers(0, 0, 5), nil, "", ""},
		{"made anew, of a smaller flavor", func() preflight.Group { g := workers(0, 0, 5); g.FlavorBefore = "large"; return g }(), nil, "", ""},
		{"made anew, of a larger flavor", func() preflight.Group { g := workers(0, 0, 20); g.Flavor, g.FlavorBefore = "large", "small"; return g }(), nil, "limits, ports", compare.Cores},
		{"the flavor is not known yet", func() preflight.Group { g := workers(200, 200, 0); g.Flavor = ""; return g }(),
			func(c *cloud) { c.limits.Instances.Max = 1000 }, "limits, ports, subnets of n", compare.Ports},
		{"addresses may be few, and are not", workers(2, 2, 0),
			func(c *cloud) { c.addresses["n"], c.free = openstack.Addresses{All: 10, Taken: 9}, 2 }, "free addresses of n, limits, ports, subnets of n", ""},
		{"addresses are few", workers(2, 2, 0),
			func(c *cloud) { c.addresses["n"], c.free = openstack.Addresses{All: 10, Taken: 9}, 1 }, "free addresses of n, limits, ports, subnets of n", compare.Addresses},
		{"boot volumes", func() preflight.Group {
			g := workers(2, 2, 0)
			g.Spec.BootVolume = &cluster.BootVolume{Size: 10}
			return g
		}(), nil, "limits, ports, subnets of n, volumes", compare.Gigabytes},
		{"boot volumes without a service for them", func() preflight.Group {
			g := workers(2, 2, 0)
			g.Spec.BootVolume = &cluster.BootVolume{Size: 10}
			return g
		}(), func(c *cloud) { c.volumes = false }, "limits, ports, subnets of n", ""},
		{"members of a server group", func() preflight.Group {
			g := workers(5, 5, 0)
			g.Spec.ServerGroup, g.Standing, g.Members = "affinity", true, 6
			return g
		}(), nil, "limits, ports, subnets of n", compare.Members},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCloud()
			if row.cloud != nil {
				row.cloud(c)
			}
			short := preflight.Check(t.Context(), c, map[string]preflight.Group{"cpu": row.group}, func(question string, err error) {
				t.Errorf("%s: %v", question, err)
			})
			slices.Sort(c.asked)
			if asked := strings.Join(c.asked, ", "); asked != row.asked {
				t.Errorf("asked %q, want %q", asked, row.asked)
			}
			if row.short == "" && len(short) > 0 || row.short != "" && !slices.ContainsFunc(short, func(s compare.Shortage) bool { return s.Resource == row.short }) {
				t.Errorf("short of %v, want %q", short, row.short)
			}
		})
	}
}

// What the cloud does not answer counts as enough, and is logged.
func TestNoAnswerIsEnough(t *testing.T) {
	c := newCloud()
	c.limitsErr, c.addresses = errors.New("policy"), nil
	var logged []string
	short := preflight.Check(t.Context(), c, map[string]preflight.Group{"cpu": workers(1000, 1000, 0)}, func(question string, _ error) {
		logged = append(logged, question)
	})
	if len(short) > 0 || !slices.Equal(logged, []string{"limits"}) {
		t.Errorf("short of %v, logged %v", short, logged)
	}
}

func TestCheckPort(t *testing.T) {
	for _, row := range []struct {
		name                 string
		port                 openstack.Port
		wanted, network, own string
		want                 preflight.PortFault
	}{
		{"free", openstack.Port{Network: "n"}, "vip", "n", "", preflight.PortFault{}},
		{"the present front-end's", openstack.Port{Network: "n", Device: "s1"}, "vip", "n", "s1", preflight.PortFault{}},
		{"free beside a present front-end", openstack.Port{Network: "n"}, "vip", "n", "s1", preflight.PortFault{}},
		{"another server's", openstack.Port{Network: "n", Device: "s2"}, "vip", "n", "s1", preflight.PortFault{Device: "s2"}},
		{"on another network", openstack.Port{Network: "m"}, "vip", "n", "", preflight.PortFault{Network: "m"}},
		{"for a network that is not known yet", openstack.Port{Network: "m"}, "vip", "", "", preflight.PortFault{}},
		{"that can't be looked up", openstack.Port{Network: "m", Device: "s2"}, "other", "n", "", preflight.PortFault{}},
	} {
		c := newCloud()
		c.port = row.port
		if got := preflight.CheckPort(t.Context(), c, row.wanted, row.network, row.own); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}

func TestCheckVolume(t *testing.T) {
	for _, row := range []struct {
		name        string
		volume      cluster.Volume
		wanted, own string
		want        preflight.VolumeFault
	}{
		{"free", cluster.Volume{Status: "available"}, "state", "", preflight.VolumeFault{}},
		{"the present front-end's", cluster.Volume{Status: "in-use", Servers: []string{"s1"}}, "state", "s1", preflight.VolumeFault{}},
		{"another server's", cluster.Volume{Status: "in-use", Servers: []string{"s2"}}, "state", "s1", preflight.VolumeFault{Server: "s2"}},
		{"on its way to a server, and there is no front-end", cluster.Volume{Status: "reserved"}, "state", "", preflight.VolumeFault{Status: "reserved", Moves: true}},
		{"failed", cluster.Volume{Status: "error"}, "state", "s1", preflight.VolumeFault{Status: "error"}},
		{"for several servers", cluster.Volume{Status: "available", Shared: true}, "state", "", preflight.VolumeFault{Shared: true}},
		{"that can't be looked up", cluster.Volume{Status: "error"}, "other", "", preflight.VolumeFault{}},
	} {
		c := newCloud()
		c.volume = row.volume
		if got := preflight.CheckVolume(t.Context(), c, row.wanted, row.own); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}
