package provision

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// groupsOf lists the server groups as "name policy members".
func (c *memCloud) groupsOf(t *testing.T) []string {
	t.Helper()
	present, err := c.ServerGroups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, g := range present {
		out = append(out, fmt.Sprintf("%s %s %d", g.Name, g.Policy, len(g.Members)))
	}
	slices.Sort(out)
	return out
}

func expectGroups(t *testing.T, c *memCloud, what string, want ...string) {
	t.Helper()
	if got := c.groupsOf(t); !slices.Equal(got, append([]string{}, want...)) {
		t.Errorf("%s: server groups %q, want %q", what, got, want)
	}
}

// A group has one server group for all of its workers, made by provider or scaler. It
// goes when no group wants it and no server is in it.
func TestServerGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.groups = []cluster.ServerGroup{{ID: "other", Name: "astro-gpu", Policy: "affinity", Members: []string{"stranger"}}}
		c.strangers = map[string]bool{"stranger": true}
		const others = "astro-gpu affinity 1"
		req := testRequest(t, 2)
		policy := func(p string) { placed(&req, cluster.Placement{ServerGroup: p}) }
		policy("anti-affinity")
		apply(t, c, req)
		expectGroups(t, c, "create", "astro-cpu anti-affinity 2", others)
		if fe := c.request(t, "astro-frontend"); fe.ServerGroupID != "" {
			t.Error("the front-end is in a server group")
		}

		p := Steps{New(c, Options{Owner: cluster.OwnerScaler})}
		p.add(t, req, Order{Group: "cpu", Count: 1})
		expectGroups(t, c, "scaler", "astro-cpu anti-affinity 3", others)

		req.Create = false
		grow(&req, 4)
		policy("soft-anti-affinity")
		apply(t, c, req)
		expectGroups(t, c, "another policy", "astro-cpu anti-affinity 3", "astro-cpu soft-anti-affinity 1", others)
		p.remove(t, req, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
		expectGroups(t, c, "the last of the old policy went", "astro-cpu soft-anti-affinity 1", others)

		grow(&req, 0)
		apply(t, c, req)
		expectGroups(t, c, "no worker left", "astro-cpu soft-anti-affinity 0", others)
		grow(&req, 1)
		apply(t, c, req)
		expectGroups(t, c, "used again", "astro-cpu soft-anti-affinity 1", others)

		delete(req.Spec.Groups, "cpu")
		req.Spec.Groups["gpu"] = cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Image: "img", Flavor: "fl", Network: "net",
			Placement: cluster.Placement{ServerGroup: "affinity"}}, Count: 1}
		apply(t, c, req)
		expectGroups(t, c, "group removed; a stranger's server group of the same name is not taken", "astro-gpu affinity 1", others)

		if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
			t.Fatal(err)
		}
		expectEmpty(t, c)
		expectGroups(t, c, "destroy", others)
	})
}

// Where the server group can't be made, its workers are not made either; another
// group's are.
func TestServerGroupRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		req.Spec.Groups["gpu"] = req.Spec.Groups["cpu"]
		placed(&req, cluster.Placement{ServerGroup: "anti-affinity"})
		c.before = func(_ int, op string) error {
			if strings.HasPrefix(op, "create server group") {
				return &cluster.CloudError{Kind: cluster.FaultQuota, Op: op, Code: 403, Message: "Quota exceeded, too many server groups."}
			}
			return nil
		}
		res := apply(t, c, req)
		expectNames(t, c, []string{"astro-frontend", "astro-gpu-1", "astro-gpu-2"})
		if len(res.Problems) != 2 || res.Problems[0].Node != "astro-cpu-1" || !strings.Contains(res.Problems[0].Detail, "too many server groups") {
			t.Errorf("problems: %v", res.Problems)
		}
	})
}

// A policy that the cloud does not allow stops the group that wants it and no
// other, in whatever order they come.
func TestServerGroupRefusedToOneGroup(t *testing.T) {
	for range 8 {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			req := testRequest(t, 1)
			for group, policy := range map[string]string{"cpu": "anti-affinity", "gpu": "affinity", "mem": "soft-affinity"} {
				g := req.Spec.Groups["cpu"]
				g.ServerGroup = policy
				req.Spec.Groups[group] = g
			}
			c.before = func(_ int, op string) error {
				if strings.HasPrefix(op, "create server group astro-cpu") {
					return &cluster.CloudError{Kind: cluster.FaultQuota, Op: op, Code: 403, Message: "Quota exceeded, too many server groups."}
				}
				return nil
			}
			res := apply(t, c, req)
			expectNames(t, c, []string{"astro-frontend", "astro-gpu-1", "astro-mem-1"})
			if len(res.Problems) != 1 || res.Problems[0].Node != "astro-cpu-1" {
				t.Errorf("problems: %v", res.Problems)
			}
		})
	}
}

// A lost answer makes no second server group.
func TestServerGroupIsMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		placed(&req, cluster.Placement{ServerGroup: "affinity"})
		lost := false
		c.after = func(_ int, op string) error {
			if !lost && strings.HasPrefix(op, "create server group") {
				lost = true
				return &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: op, Message: "no answer"}
			}
			return nil
		}
		apply(t, c, req)
		expectGroups(t, c, "create", "astro-cpu affinity 1")
	})
}

// What a busy Nova still shows as members keeps no server group.
func TestServerGroupsGoThoughTheirMembersLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.lagging = true
		req := testRequest(t, 2)
		placed(&req, cluster.Placement{ServerGroup: "anti-affinity"})
		apply(t, c, req)
		req.Create = false
		delete(req.Spec.Groups, "cpu")
		apply(t, c, req)
		expectGroups(t, c, "group removed")
	})
}

// Nor do they make a second server group: new workers would not be kept apart from
// the others.
func TestMembersThatLingerMakeNoSecondServerGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.lagging = true
		req := testRequest(t, 3)
		placed(&req, cluster.Placement{ServerGroup: "anti-affinity"})
		made(t, c, &req)
		p := Steps{New(c, Options{Owner: cluster.OwnerScaler})}
		p.remove(t, req, "astro-cpu-3")
		p.add(t, req, Order{Group: "cpu", Count: 1})
		expectGroups(t, c, "one of another run has gone", "astro-cpu anti-affinity 4")
		time.Sleep(memDelete + 2*time.Minute)

		placed(&req, cluster.Placement{ServerGroup: "anti-affinity", ConfigDrive: true})
		req.Replacement = Replacement{Rolling: true, MaxUnavailable: 1}
		apply(t, c, req)
		time.Sleep(memDelete + 2*time.Minute)
		expectGroups(t, c, "rolling replacement", "astro-cpu anti-affinity 3")

		req.Replacement = Replacement{}
		grow(&req, 1)
		apply(t, c, req)
		if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
			t.Fatal(err)
		}
		expectGroups(t, c, "destroy after a shrink")
	})
}
