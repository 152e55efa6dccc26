package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// namingCloud is a Cloud that looks names up in a resolution, and notes which.
type namingCloud struct {
	Cloud // for what these tests never ask
	names resolution

	mu    sync.Mutex
	asked []string
}

func (c *namingCloud) find(k kind, name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, name)
	if id, ok := c.names[string(k)+"/"+name]; ok {
		return id, nil
	}
	return "", errors.New("no such " + k.describe())
}

func (c *namingCloud) ResolveImage(_ context.Context, name string) (openstack.Image, error) {
	id, err := c.find(kindImage, name)
	return openstack.Image{ID: id}, err
}

func (c *namingCloud) ResolveFlavor(_ context.Context, name string) (openstack.Flavor, error) {
	id, err := c.find(kindFlavor, name)
	return openstack.Flavor{ID: id, VCPUs: 8, RAM: 16384}, err
}

func (c *namingCloud) ResolveNetwork(_ context.Context, name string) (openstack.Network, error) {
	id, err := c.find(kindNetwork, name)
	return openstack.Network{ID: id}, err
}

func (c *namingCloud) ResolveKeyPair(_ context.Context, name string) (string, error) {
	return c.find(kindKeyPair, name)
}

// at is a Connector to one cloud, or to none because of an error.
type at struct {
	cloud Cloud
	err   error
}

func (a at) Cloud(context.Context) (Cloud, error) { return a.cloud, a.err }

func (a at) Provisioner(context.Context) (*provision.Provisioner, error) { return nil, a.err }

// Names that the state has stay as they are, unless nodes are to be made: an image
// may have been replaced by one of the same name since.
func TestNamesAreLookedUpAnewWhereNodesAreMade(t *testing.T) {
	all := "c1.large debian m1.medium ops research"
	rolling := func(m *model) { m.Replacement = replacement(strategyRolling, 0, "") }
	another := func(m *model) { m.Image = types.StringValue("debian-14") }
	for _, row := range []struct {
		name    string
		workers int64
		change  func(*model)
		image   string // what "debian" now stands for
		asked   string
		roll    bool // the worker is made anew
	}{
		{"nothing to do", 1, nil, "i9", "", false},
		{"a shrink", 0, nil, "i9", "", false},
		{"a growth", 2, nil, "i9", all, false},
		{"another image for later workers", 1, another, "i9", "debian-14", false},
		{"a rolling replacement without a difference", 1, rolling, "i9", "", false},
		{"a rolling replacement to another image", 1, func(m *model) { rolling(m); another(m) }, "i9", strings.Replace(all, "debian", "debian-14", 1), true},
		{"a growth, and an image of the same name", 2, rolling, "i9", all, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			was, m := existing(t, "astro-cpu-1"), testModel(t).with(t, row.workers)
			states, _ := nodeStates(was.Nodes)
			worker := states["astro-cpu-1"]
			worker.Spec = types.StringValue(was.decoded(t).spec(testResolution).Groups["cpu"].Hash())
			states["astro-cpu-1"] = worker
			was.Nodes = nodesValue(states)
			if row.change != nil {
				row.change(&m)
			}
			names := resolution{"image/debian": row.image, "image/debian-14": "i14"}
			for key, id := range testResolution {
				if _, ok := names[key]; !ok {
					names[key] = id
				}
			}
			cloud := &namingCloud{names: names}
			c, diags := newChange(t.Context(), m.decoded(t), &was, private{})
			r := &clusterResource{session: NewSession(at{cloud: cloud})}
			if diags.Append(r.decide(t.Context(), &c)...); len(diags) > 0 {
				t.Fatal(diags)
			}
			slices.Sort(cloud.asked)
			if asked := strings.Join(slices.Compact(cloud.asked), " "); asked != row.asked {
				t.Errorf("asked for %q, want %q", asked, row.asked)
			}
			if roll := slices.Contains(c.nodes.Groups["cpu"].Roll, "astro-cpu-1"); roll != row.roll {
				t.Errorf("astro-cpu-1 is made anew: %t, want %t", roll, row.roll)
			}
			refs, _ := c.want.references()
			if want := names.only(refs); row.asked == all && !c.want.Resolved.Equal(want.value()) {
				t.Errorf("resolved %v, want %v", c.want.Resolved, want)
			}
		})
	}
}

// While the provider's configuration is open, a plan that makes nodes promises
// nothing of what names stand for, and one that makes none keeps what the state has.
func TestNamesWhileTheProviderIsOpen(t *testing.T) {
	for workers, image := range map[int64]string{1: "i1", 2: ""} {
		was := existing(t, "astro-cpu-1")
		c, diags := newChange(t.Context(), testModel(t).with(t, workers).decoded(t), &was, private{})
		r := &clusterResource{session: NewSession(at{err: ErrUnknownConfig})}
		if diags.Append(r.decide(t.Context(), &c)...); len(diags) > 0 {
			t.Fatal(diags)
		}
		if got := c.spec.Groups["cpu"].Image; got != image || c.want.Resolved.IsUnknown() != (image == "") {
			t.Errorf("%d workers: image %q, resolved %v", workers, got, c.want.Resolved)
		}
	}
}

func TestACloudThatIsNotReachedIsReportedOnce(t *testing.T) {
	was := existing(t, "astro-cpu-1")
	c, diags := newChange(t.Context(), testModel(t).with(t, 2).decoded(t), &was, private{})
	r := &clusterResource{session: NewSession(at{err: errors.New("no route")})}
	if diags.Append(r.decide(t.Context(), &c)...); len(diags) != 1 || !strings.Contains(diags[0].Summary(), "can't be reached") {
		t.Errorf("diagnostics: %v", diags)
	}
}
