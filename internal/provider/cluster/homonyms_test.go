package cluster

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// silent is a cloud that does not answer within the time of a plan.
type silent struct{ Cloud }

func (silent) NodesWithAny(context.Context, ...string) (cluster.Nodes, error) {
	return nil, context.DeadlineExceeded
}

// A plan that can't compare names has changed nothing, so it does not send people to
// the state.
func TestNamesThatCanNotBeComparedAreThePlansFault(t *testing.T) {
	c := change{spec: cluster.Spec{Name: "astro-x", Groups: map[string]cluster.GroupSpec{"cpu": {}}}}
	diags := (&clusterResource{session: NewSession(at{cloud: silent{}})}).checkHomonyms(t.Context(), c)
	if len(diags) != 1 || !strings.HasSuffix(diags[0].Detail(), "Nothing was changed.") {
		t.Errorf("diagnostics are %v", diags)
	}
}

// peopled is a cloud with the workers of some clusters.
type peopled struct {
	Cloud
	asked *[][]string
	nodes cluster.Nodes
}

func (p peopled) NodesWithAny(_ context.Context, tags ...string) (cluster.Nodes, error) {
	*p.asked = append(*p.asked, tags)
	return slices.DeleteFunc(slices.Clone(p.nodes), func(n cluster.Node) bool { return !slices.Contains(tags, cluster.NameTag(n.ClusterName)) }), nil
}

// One list serves all groups and all names that a cluster's name begins with.
func TestOneListComparesTheNamesOfAllGroups(t *testing.T) {
	worker := func(name, group string) cluster.Node {
		return cluster.Node{ClusterID: "c-" + name, ClusterName: name, Role: cluster.RoleWorker, Group: group}
	}
	for _, row := range []struct {
		name   string
		groups []string
		asks   []string // for clusters of these names; nil: not at all
		nodes  cluster.Nodes
		found  []string
	}{
		{"astro", []string{"cpu", "gpu"}, nil, nil, nil},
		{"astro-x", []string{"cpu", "gpu"}, []string{"astro"}, nil, nil},
		{"astro-x", []string{"cpu", "gpu"}, []string{"astro"}, cluster.Nodes{worker("astro", "x-gpu"), worker("astro", "cpu")}, []string{"astro-x-gpu-1"}},
		{"astro-x-y", []string{"cpu"}, []string{"astro", "astro-x"}, cluster.Nodes{worker("astro", "y-cpu"), worker("astro-x", "x-y-cpu")}, nil},
		{"astro-x-y", []string{"cpu", "gpu"}, []string{"astro", "astro-x"}, cluster.Nodes{worker("astro", "x-y-cpu"), worker("astro-x", "y-gpu")}, []string{"astro-x-y-cpu-1", "astro-x-y-gpu-1"}},
		{"astro", []string{"x-cpu"}, []string{"astro-x"}, cluster.Nodes{worker("astro-x", "cpu")}, []string{"astro-x-cpu-1"}},
	} {
		var asked [][]string
		r := &clusterResource{session: NewSession(at{cloud: peopled{asked: &asked, nodes: row.nodes}})}
		there, err := r.homonymsThere(t.Context(), row.name, row.groups)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, h := range there {
			found = append(found, h.Name())
		}
		slices.Sort(found)
		if !slices.Equal(found, row.found) {
			t.Errorf("%s with %v: found %v, want %v", row.name, row.groups, found, row.found)
		}
		var want [][]string
		if row.asks != nil {
			want = [][]string{nil}
			for _, name := range row.asks {
				want[0] = append(want[0], cluster.NameTag(name))
			}
		}
		if !slices.EqualFunc(asked, want, slices.Equal) {
			t.Errorf("%s with %v: asked for %v, want %v", row.name, row.groups, asked, want)
		}
	}
}
