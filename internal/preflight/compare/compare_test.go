package compare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// short writes a shortage as "cores: cpu needs 8, has 7 at max".
func short(s Shortage) string {
	text := fmt.Sprintf("%s: %s needs %d, has %d", s.Resource, s.Group, s.Need, s.Have)
	if s.OnlyAtMax {
		text += " at max"
	}
	return text
}

// Each row: what is to be made of which shape, what the project has left, and
// what is short. A plan's own need is an error, what a group may grow to is not.
func TestCheck(t *testing.T) {
	const fe = cluster.FrontEndGroup
	small := Shape{VCPUs: 2, RAM: 1024, Disk: 10, Networks: []string{"n"}}
	with := func(change func(*Shape)) Shape { s := small; change(&s); return s }
	left := func(n int) *Quota { return &Quota{Max: n + 5, Used: 5} }
	members := func(n int) *int { return &n }
	one := map[string]Shape{fe: small, "cpu": small}
	type bounds = map[string]Bounds
	fixed := func(n int) bounds { return bounds{fe: {1, 1, 0}, "cpu": {n, n, 0}} }
	for _, row := range []struct {
		name   string
		shapes map[string]Shape
		bounds bounds
		room   Room
		want   string
	}{
		{"nothing is known", one, fixed(1000), Room{}, ""},
		{"all fits exactly", one, fixed(3), Room{Instances: left(4), Cores: left(8), RAM: left(4096), Ports: left(4), Addresses: map[string]int{"n": 4}}, ""},
		{"one instance too many", one, fixed(4), Room{Instances: left(4), Cores: left(10)}, "instances: cpu needs 5, has 4"},
		{"everything short", one, fixed(3), Room{Instances: left(3), Cores: left(7), RAM: left(4095), Ports: left(3), Addresses: map[string]int{"n": 3}},
			"instances: cpu needs 4, has 3; cores: cpu needs 8, has 7; MB of RAM: cpu needs 4096, has 4095; ports: cpu needs 4, has 3; addresses: cpu needs 4, has 3"},
		{"unlimited", one, fixed(3), Room{Instances: &Quota{Max: -1, Used: 9}, Ports: &Quota{Max: -1}}, ""},
		{"more is used than allowed", one, fixed(1), Room{Instances: &Quota{Max: 3, Used: 9}}, "instances: cpu needs 2, has 0"},
		{"nothing is added, so nothing is short", one, fixed(0), Room{Instances: &Quota{Max: 3, Used: 2}}, ""},
		{"only the front-end", one, bounds{fe: {1, 1, 0}, "cpu": {0, 0, 0}}, Room{Cores: left(1)}, "cores: frontend needs 2, has 1"},
		{"fits now, not at max", one, bounds{fe: {1, 1, 0}, "cpu": {1, 9, 0}}, Room{Cores: left(10)}, "cores: cpu needs 20, has 10 at max"},
		{"does not fit now: max adds nothing to that", one, bounds{fe: {1, 1, 0}, "cpu": {5, 9, 0}}, Room{Cores: left(10)}, "cores: cpu needs 12, has 10"},
		{"a group of zero may grow", one, bounds{"cpu": {0, 9, 0}}, Room{Instances: left(8)}, "instances: cpu needs 9, has 8 at max"},
		{"the largest part is blamed", map[string]Shape{fe: with(func(s *Shape) { s.VCPUs = 64 }), "cpu": small, "gpu": with(func(s *Shape) { s.VCPUs = 8 })},
			bounds{fe: {1, 1, 0}, "cpu": {3, 3, 0}, "gpu": {1, 1, 0}}, Room{Cores: left(10)}, "cores: gpu needs 78, has 10"},
		{"a port for each network", map[string]Shape{"cpu": with(func(s *Shape) { s.Networks = []string{"n", "m"} })}, bounds{"cpu": {3, 3, 0}},
			Room{Ports: left(5), Addresses: map[string]int{"m": 2, "n": 3}}, "ports: cpu needs 6, has 5; addresses: cpu needs 3, has 2"},
		{"flavor too small for the image", map[string]Shape{"cpu": with(func(s *Shape) { s.MinRAM, s.MinDisk = 2048, 20 })}, bounds{"cpu": {1, 1, 0}}, Room{},
			"MB of RAM of the flavor: cpu needs 2048, has 1024; GB of disk of the flavor: cpu needs 20, has 10"},
		{"a flavor without a disk takes the image's size", map[string]Shape{"cpu": with(func(s *Shape) { s.Disk, s.MinDisk = 0, 20 })}, bounds{"cpu": {1, 1, 0}}, Room{}, ""},
		{"a boot volume stands in for the flavor's disk", map[string]Shape{"cpu": with(func(s *Shape) { s.BootVolume, s.MinDisk = 20, 20 })}, bounds{"cpu": {1, 1, 0}}, Room{}, ""},
		{"boot volume too small", map[string]Shape{"cpu": with(func(s *Shape) { s.BootVolume, s.MinDisk = 15, 20 })}, bounds{"cpu": {1, 1, 0}}, Room{},
			"GB of the boot volume: cpu needs 20, has 15"},
		{"what a group of zero could not be made of", map[string]Shape{"cpu": with(func(s *Shape) { s.MinRAM = 2048 })}, bounds{"cpu": {0, 2, 0}}, Room{},
			"MB of RAM of the flavor: cpu needs 2048, has 1024 at max"},
		{"volumes are counted where they are used", map[string]Shape{fe: small, "cpu": with(func(s *Shape) { s.BootVolume = 20 })}, fixed(3),
			Room{Volumes: left(2), Gigabytes: left(59)}, "volumes: cpu needs 3, has 2; GB of volumes: cpu needs 60, has 59"},
		{"members of a server group, present ones included", map[string]Shape{"cpu": with(func(s *Shape) { s.ServerGroup, s.Members = true, 8 })},
			bounds{"cpu": {3, 9, 0}}, Room{Members: members(10)}, "members of a server group: cpu needs 11, has 10"},
		{"members at max", map[string]Shape{"cpu": with(func(s *Shape) { s.ServerGroup, s.Members = true, 8 })},
			bounds{"cpu": {2, 9, 0}}, Room{Members: members(10)}, "members of a server group: cpu needs 17, has 10 at max"},
		{"a server group for each new group", map[string]Shape{"a": with(func(s *Shape) { s.ServerGroup = true }), "b": with(func(s *Shape) { s.ServerGroup, s.Standing = true, true }), "c": small},
			bounds{"a": {9, 9, 0}, "b": {9, 9, 0}, "c": {9, 9, 0}}, Room{ServerGroups: left(0)}, "server groups: a needs 1, has 0"},
		{"a worker that is made anew does not fit", map[string]Shape{"cpu": with(func(s *Shape) { s.MinRAM = 2048 })}, bounds{"cpu": {0, 0, 1}}, Room{},
			"MB of RAM of the flavor: cpu needs 2048, has 1024"},
		{"what is made anew takes what is larger", map[string]Shape{fe: with(func(s *Shape) { s.OldVCPUs, s.OldRAM = 2, 1024 }), "cpu": with(func(s *Shape) { s.OldVCPUs, s.OldRAM = 1, 1024 })},
			bounds{fe: {0, 0, 1}, "cpu": {0, 0, 4}}, Room{Instances: left(0), Cores: left(3), RAM: left(0), Ports: left(0)}, "cores: cpu needs 4, has 3"},
		{"what is made anew may make room for another", map[string]Shape{"cpu": with(func(s *Shape) { s.OldVCPUs = 4 }), "gpu": small},
			bounds{"cpu": {0, 0, 1}, "gpu": {2, 2, 0}}, Room{Cores: left(2)}, ""},
		{"members that are made anew", map[string]Shape{"cpu": with(func(s *Shape) { s.ServerGroup, s.Members = true, 1 })},
			bounds{"cpu": {0, 0, 3}}, Room{Members: members(3)}, "members of a server group: cpu needs 4, has 3"},
		{"what is made anew may need a server group", map[string]Shape{"cpu": with(func(s *Shape) { s.ServerGroup = true })},
			bounds{"cpu": {0, 0, 3}}, Room{ServerGroups: left(0)}, "server groups: cpu needs 1, has 0"},
		{"a given address takes none of the pools", map[string]Shape{fe: with(func(s *Shape) { s.Fixed = "n" }), "cpu": small}, fixed(3),
			Room{Ports: left(4), Addresses: map[string]int{"n": 3}}, ""},
		{"metadata, the front-end's in any plan", map[string]Shape{fe: with(func(s *Shape) { s.Metadata = 80 }), "cpu": with(func(s *Shape) { s.Metadata = 65 }), "gpu": with(func(s *Shape) { s.Metadata = 65 })},
			bounds{fe: {0, 0, 0}, "cpu": {1, 1, 0}, "gpu": {0, 0, 0}}, Room{Metadata: members(64)}, "metadata items of a server: cpu needs 65, has 64; metadata items of a server: frontend needs 80, has 64"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, s := range Check(row.shapes, row.bounds, row.room) {
				got = append(got, short(s))
			}
			if text := strings.Join(got, "; "); text != row.want {
				t.Errorf("short of\n%s\nwant\n%s", text, row.want)
			}
		})
	}
}
