// Package compare compares what a plan adds with what a project has left. It is a
// function of values: package preflight asks a cloud for them, and the provider
// shows a Shortage at an attribute.
package compare

import (
	"cmp"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Bounds is the number of nodes of a group that are to be made: Min by this plan, Max
// if the group grows as far as it may. Anew are made in place of others.
type Bounds struct{ Min, Max, Anew int }

func (b Bounds) any() bool { return max(b.Min, b.Max)+b.Anew > 0 }

// TakesMore reports whether such nodes take more of what the project has than now.
// Nodes that are made anew do only if they become larger or need a server group.
func (b Bounds) TakesMore(s Shape) bool {
	larger := s.VCPUs > s.OldVCPUs || s.RAM > s.OldRAM || s.ServerGroup && !s.Standing
	return b.Max > 0 || b.Anew > 0 && larger
}

// Shape is what each node of a group takes. Groups have the names of a spec; the
// front-end's is cluster.FrontEndGroup.
type Shape struct {
	VCPUs, RAM, Disk int      // the flavor's; MB and GB, Disk 0 takes the image's size
	OldVCPUs, OldRAM int      // of nodes that are made anew, before that
	MinRAM, MinDisk  int      // the image's
	Networks         []string // on each of which a node gets a new port
	Fixed            string   // the one of them on which it is given its address
	BootVolume       int      // GB; 0 boots from the flavor's disk
	ServerGroup      bool     // the group has a server group
	Standing         bool     // which is there already
	Members          int      // that stay in it
	Metadata         int      // items
}

// Quota is a limit, and how much of it is taken; a negative limit is none.
type Quota struct{ Max, Used int }

// Room is what the project has left. What is nil, or not in the map, has no limit or
// none that the cloud shows.
type Room struct {
	Instances, Cores, RAM *Quota // RAM in MB
	Ports                 *Quota
	Volumes, Gigabytes    *Quota
	ServerGroups          *Quota
	Members               *int           // that a server group may have
	Metadata              *int           // items that a server may have
	Addresses             map[string]int // free ones by network
}

// Resource is a kind of thing of which there can be too little.
type Resource string

// The resources that Check compares.
const (
	Instances    Resource = "instances"
	Cores        Resource = "cores"
	RAM          Resource = "MB of RAM"
	Ports        Resource = "ports"
	Volumes      Resource = "volumes"
	Gigabytes    Resource = "GB of volumes"
	ServerGroups Resource = "server groups"
	Members      Resource = "members of a server group"
	Metadata     Resource = "metadata items of a server"
	Addresses    Resource = "addresses"
	FlavorRAM    Resource = "MB of RAM of the flavor"
	FlavorDisk   Resource = "GB of disk of the flavor"
	VolumeSize   Resource = "GB of the boot volume"
)

// Shortage is a resource of which there is too little.
type Shortage struct {
	Resource Resource
	Group    string // the group with the largest part in it
	Need     int
	Have     int
	Of       *Quota // where a quota sets the limit
	Network  string // for addresses
	// OnlyAtMax means that what the plan adds fits, and what the groups may come to
	// add does not.
	OnlyAtMax bool
}

// total is a resource for which all groups together have one limit.
type total struct {
	resource Resource
	quota    *Quota
	each     func(Shape) int // for a node that is added
	more     func(Shape) int // for one that is made anew; may be negative
}

func nothing(Shape) int { return 0 }

// Check returns what is short, the most basic first.
func Check(shapes map[string]Shape, bounds map[string]Bounds, room Room) []Shortage {
	c := check{shapes: shapes, bounds: bounds, groups: slices.Sorted(maps.Keys(bounds))}
	out := c.fits()
	for _, t := range []total{
		{Instances, room.Instances, func(Shape) int { return 1 }, nothing},
		{Cores, room.Cores, func(s Shape) int { return s.VCPUs }, func(s Shape) int { return s.VCPUs - s.OldVCPUs }},
		{RAM, room.RAM, func(s Shape) int { return s.RAM }, func(s Shape) int { return s.RAM - s.OldRAM }},
		{Ports, room.Ports, func(s Shape) int { return len(s.Networks) }, nothing},
		{Volumes, room.Volumes, func(s Shape) int { return min(s.BootVolume, 1) }, nothing},
		{Gigabytes, room.Gigabytes, func(s Shape) int { return s.BootVolume }, nothing},
	} {
		if t.quota == nil || t.quota.Max < 0 {
			continue
		}
		if s, short := c.sum(t.resource, max(t.quota.Max-t.quota.Used, 0), t.each, t.more); short {
			s.Of = t.quota
			out = append(out, s)
		}
	}
	for _, network := range slices.Sorted(maps.Keys(room.Addresses)) {
		on := func(s Shape) int { return s.AddressesOn(network) }
		if s, short := c.sum(Addresses, room.Addresses[network], on, nothing); short {
			s.Network = network
			out = append(out, s)
		}
	}
	out = append(out, c.serverGroups(room)...)
	return append(out, c.metadata(room)...)
}

// AddressesOn returns the number of addresses that a node gets out of the network's
// pools.
func (s Shape) AddressesOn(network string) int {
	n := count(s.Networks, network)
	if network == s.Fixed {
		n--
	}
	return max(n, 0)
}

type check struct {
	shapes map[string]Shape
	bounds map[string]Bounds
	groups []string
}

// sum compares what all groups need with have.
func (c check) sum(r Resource, have int, each, more func(Shape) int) (Shortage, bool) {
	for _, atMax := range []bool{false, true} {
		need, most, blamed := 0, 0, ""
		for _, group := range c.groups {
			n := c.bounds[group].Min
			if atMax {
				n = max(n, c.bounds[group].Max)
			}
			n = n*each(c.shapes[group]) + c.bounds[group].Anew*more(c.shapes[group])
			need += n
			// The front-end, of which there is one at most, is blamed only if no group takes any.
			if n > 0 && (blamed == "" || blamed == cluster.FrontEndGroup || n > most && group != cluster.FrontEndGroup) {
				most, blamed = n, group
			}
		}
		if need > have {
			return Shortage{Resource: r, Group: blamed, Need: need, Have: have, OnlyAtMax: atMax}, true
		}
	}
	return Shortage{}, false
}

// fits compares flavors and boot volumes with images.
func (c check) fits() []Shortage {
	var out []Shortage
	for _, group := range c.groups {
		b, s := c.bounds[group], c.shapes[group]
		short := func(r Resource, need, have int) {
			if need > have && b.any() {
				out = append(out, Shortage{Resource: r, Group: group, Need: need, Have: have, OnlyAtMax: b.Min+b.Anew == 0})
			}
		}
		short(FlavorRAM, s.MinRAM, s.RAM)
		switch {
		case s.BootVolume > 0:
			short(VolumeSize, s.MinDisk, s.BootVolume)
		case s.Disk > 0:
			short(FlavorDisk, s.MinDisk, s.Disk)
		}
	}
	return out
}

// serverGroups compares with the limit of members of a server group, and with that of
// server groups.
func (c check) serverGroups(room Room) []Shortage {
	var out []Shortage
	for _, group := range c.groups {
		b, s := c.bounds[group], c.shapes[group]
		if !s.ServerGroup || room.Members == nil {
			continue
		}
		now, most := b.Min+b.Anew, max(b.Min, b.Max)+b.Anew
		switch have := *room.Members; {
		case now > 0 && s.Members+now > have:
			out = append(out, Shortage{Resource: Members, Group: group, Need: s.Members + now, Have: have})
		case most > 0 && s.Members+most > have:
			out = append(out, Shortage{Resource: Members, Group: group, Need: s.Members + most, Have: have, OnlyAtMax: true})
		}
	}
	if q := room.ServerGroups; q != nil && q.Max >= 0 {
		once := check{shapes: c.shapes, groups: c.groups, bounds: map[string]Bounds{}}
		for group, b := range c.bounds {
			if s := c.shapes[group]; s.ServerGroup && !s.Standing {
				once.bounds[group] = Bounds{Min: min(b.Min+b.Anew, 1), Max: min(max(b.Min, b.Max)+b.Anew, 1)}
			}
		}
		if s, short := once.sum(ServerGroups, max(q.Max-q.Used, 0), func(Shape) int { return 1 }, nothing); short {
			s.Of = q
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Shortage) int { return cmp.Compare(a.Group, b.Group) })
	return out
}

// metadata compares with the limit of items of a server. The front-end's items hold
// the cluster document, which every apply writes.
func (c check) metadata(room Room) []Shortage {
	var out []Shortage
	for _, group := range c.groups {
		made := group == cluster.FrontEndGroup || c.bounds[group].any()
		if need := c.shapes[group].Metadata; made && room.Metadata != nil && need > *room.Metadata {
			out = append(out, Shortage{Resource: Metadata, Group: group, Need: need, Have: *room.Metadata})
		}
	}
	return out
}

func count(all []string, one string) int {
	n := 0
	for _, x := range all {
		if x == one {
			n++
		}
	}
	return n
}
