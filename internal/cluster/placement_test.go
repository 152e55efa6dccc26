package cluster

import (
	"maps"
	"testing"
)

// Each row: the zones, where the group's workers are, and where three more go.
func TestSpread(t *testing.T) {
	in := func(zones ...string) (ns Nodes) {
		for _, z := range zones {
			ns = append(ns, Node{Zone: z})
		}
		return ns
	}
	for _, row := range []struct {
		name    string
		zones   []string
		have    Nodes
		a, b, c string
	}{
		{"no zone named", nil, in("x"), "", "", ""},
		{"one zone", []string{"x"}, nil, "x", "x", "x"},
		{"round robin", []string{"x", "y"}, nil, "x", "y", "x"},
		{"list order, not name order", []string{"y", "x"}, nil, "y", "x", "y"},
		{"the emptier one first", []string{"x", "y"}, in("x", "x"), "y", "y", "x"},
		{"another zone's workers do not count", []string{"x", "y"}, in("z", "z", "x"), "y", "x", "y"},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := map[string]string{"a": row.a, "b": row.b, "c": row.c}
			if got := Spread(row.zones, row.have, []string{"a", "b", "c"}); !maps.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// Nodes that exist were made from specs hashed by earlier versions: what those
// could say must hash as it did.
func TestHashIsStable(t *testing.T) {
	for _, row := range []struct {
		spec NodeSpec
		want string
	}{
		{NodeSpec{Image: "i", Flavor: "f", Network: "n"}, "810d2ffee6ec81f6"},
		{NodeSpec{Image: "i", Flavor: "f", Network: "n", SecurityGroups: []string{"default"}, CloudConfig: "#cloud-config\n",
			Files: map[string]string{"/a": "b"}, ExternalNetworkID: "x"}, "b44f4d73f68a1ff0"},
	} {
		if got := row.spec.Hash(); got != row.want {
			t.Errorf("hash %s, want %s", got, row.want)
		}
	}
	plain := NodeSpec{Image: "i", Flavor: "f", Network: "n"}
	for name, p := range map[string]Placement{
		"zones": {Zones: []string{"x"}}, "volume": {BootVolume: &BootVolume{Size: 1}}, "metadata": {Metadata: map[string]string{"a": "b"}},
		"drive": {ConfigDrive: true}, "networks": {Networks: []string{"n", "m"}}, "server group": {ServerGroup: "affinity"},
		"address": {FixedIP: "10.0.0.9"}, "port": {Port: "p"},
	} {
		changed := plain
		changed.Placement = p
		if changed.Hash() == plain.Hash() {
			t.Errorf("%s does not change the hash", name)
		}
	}
}
