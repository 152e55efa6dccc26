package provision

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// request returns the create call of a node that is there.
func (c *memCloud) request(t *testing.T, name string) cluster.NodeRequest {
	t.Helper()
	for _, s := range c.present() {
		if s.req.Name == name {
			return s.req
		}
	}
	t.Fatalf("no server %s", name)
	return cluster.NodeRequest{}
}

func placed(req *Request, p cluster.Placement) {
	g := req.Spec.Groups["cpu"]
	g.Placement = p
	req.Spec.Groups["cpu"] = g
}

// Provider and scaler both make workers by the document's placement; zones fill up
// evenly, the present workers counted in.
func TestPlacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 3)
		placed(&req, cluster.Placement{
			Zones: []string{"b", "a"}, ConfigDrive: true, Metadata: map[string]string{"owner": "ada"},
			BootVolume: &cluster.BootVolume{Size: 20, Type: "ssd", DeleteOnTermination: true},
		})
		req.Spec.FrontEnd.Zones = []string{"c"}
		req.Spec.FrontEnd.Metadata = map[string]string{"site": "x"}
		apply(t, c, req)
		for name, want := range map[string]string{"astro-cpu-1": "b", "astro-cpu-2": "a", "astro-cpu-3": "b", "astro-frontend": "c"} {
			if got := c.request(t, name).Zone; got != want {
				t.Errorf("%s is in zone %q, want %q", name, got, want)
			}
		}
		if fe := c.request(t, "astro-frontend"); fe.Metadata["site"] != "x" || fe.BootVolume != nil || fe.ConfigDrive {
			t.Errorf("front-end: metadata %v, volume %v", slices.Sorted(maps.Keys(fe.Metadata)), fe.BootVolume)
		}

		made := Steps{New(c, Options{Owner: cluster.OwnerScaler})}.add(t, req, Order{Group: "cpu", Count: 1})
		first, last := c.request(t, "astro-cpu-1"), c.request(t, made[0])
		if last.Zone != "a" || !last.ConfigDrive || last.Metadata["owner"] != "ada" || *last.BootVolume != *first.BootVolume ||
			last.Metadata[cluster.MetaImage] != "img" || last.Metadata[cluster.MetaSpec] != first.Metadata[cluster.MetaSpec] {
			t.Errorf("the scaler's worker is another than the provider's: zone %q, metadata %v", last.Zone, last.Metadata)
		}

		// A worker of zone a goes: the next one is made there.
		req.Create = false
		grow(&req, 3, "astro-cpu-2")
		apply(t, c, req)
		grow(&req, 4)
		apply(t, c, req)
		if got := c.request(t, "astro-cpu-2").Zone; got != "a" {
			t.Errorf("the worker made anew is in zone %q, want a", got)
		}
	})
}

// Groups come, change and go; the nodes of other groups are not touched.
func TestGroupsInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		req.Create = false
		was := map[string]string{}
		for _, s := range c.present() {
			was[s.req.Name] = s.id
		}
		want := func(what string, names ...string) {
			t.Helper()
			expectNames(t, c, names)
			for _, s := range c.present() {
				if id, old := was[s.req.Name]; old && id != s.id {
					t.Errorf("%s: %s was made anew", what, s.req.Name)
				}
			}
			if d := document(t, c); !slices.Equal(slices.Sorted(maps.Keys(d.Groups)), req.Spec.GroupNames()) || len(d.Workers) != len(names)-1 {
				t.Errorf("%s: the document has groups %v and %d workers", what, slices.Sorted(maps.Keys(d.Groups)), len(d.Workers))
			}
		}
		gpu := cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Image: "img", Flavor: "big", Network: "net"}, Count: 2}
		req.Spec.Groups["gpu"] = gpu
		apply(t, c, req)
		want("added", "astro-cpu-1", "astro-cpu-2", "astro-frontend", "astro-gpu-1", "astro-gpu-2")

		gpu.Flavor, gpu.Count = "bigger", 3
		req.Spec.Groups["gpu"] = gpu
		apply(t, c, req)
		want("changed", "astro-cpu-1", "astro-cpu-2", "astro-frontend", "astro-gpu-1", "astro-gpu-2", "astro-gpu-3")
		if a, b := c.request(t, "astro-gpu-2").Flavor, c.request(t, "astro-gpu-3").Flavor; a != "big" || b != "bigger" {
			t.Errorf("flavors %s and %s: a change is for the nodes made from then on", a, b)
		}

		delete(req.Spec.Groups, "cpu")
		apply(t, c, req)
		want("removed", "astro-frontend", "astro-gpu-1", "astro-gpu-2", "astro-gpu-3")
	})
}

// Nova refuses a zone that is gone or whose hypervisors are down: the group's other
// zones take its workers. Without another zone those workers are given up, and no
// worker of another group is.
func TestZoneThatIsRefused(t *testing.T) {
	for name, row := range map[string]struct {
		zones []string
		want  []string
	}{
		"another zone":    {[]string{"a", "b"}, []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4", "astro-frontend", "astro-gpu-1"}},
		"no other zone":   {[]string{"b"}, []string{"astro-frontend", "astro-gpu-1"}},
		"all are refused": {[]string{"b", "b2"}, []string{"astro-frontend", "astro-gpu-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 4)
				gpu := req.Spec.Groups["cpu"]
				gpu.Count = 1
				req.Spec.Groups["gpu"] = gpu
				placed(&req, cluster.Placement{Zones: row.zones})
				c.shut = map[string]bool{"b": true, "b2": true}
				res := apply(t, c, req)
				expectNames(t, c, row.want)
				for _, p := range res.Problems {
					if !strings.Contains(p.Detail, "availability zone") {
						t.Errorf("problem: %v", p)
					}
				}
				if len(res.Problems)+len(row.want) != 6 {
					t.Errorf("problems: %v", res.Problems)
				}
			})
		})
	}
}
