package provision

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// unfloated makes a cluster of two workers without a floating IP. The request wants one
// from then on.
func unfloated(t *testing.T, c *memCloud) Request {
	t.Helper()
	req := testRequest(t, 2)
	network := req.Spec.FrontEnd.ExternalNetworkID
	req.Spec.FrontEnd.ExternalNetworkID = ""
	made(t, c, &req)
	req.Spec.FrontEnd.ExternalNetworkID = network
	return req
}

// A destroy looks for floating IPs, unless all front-ends say that none was ever asked for.
func TestADestroyLooksForFloatingIPs(t *testing.T) {
	for _, row := range []struct {
		name  string
		setup func(*testing.T, *memCloud, *Request)
		looks int
	}{
		{"made without one", func(*testing.T, *memCloud, *Request) {}, 0},
		{"grown since, without one", func(t *testing.T, c *memCloud, req *Request) {
			req.Spec.FrontEnd.ExternalNetworkID = ""
			grow(req, 3)
			apply(t, c, *req)
		}, 0},
		{"given one since", func(t *testing.T, c *memCloud, req *Request) { apply(t, c, *req) }, 1},
		{"given one by who leaves the mark", func(t *testing.T, c *memCloud, req *Request) {
			if _, err := c.AssociateFloatingIP(t.Context(), req.Spec.ID, c.server(t, "astro-frontend").id, "ext", "", false); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"front-end made anew", func(t *testing.T, c *memCloud, req *Request) {
			req.Spec.FrontEnd.ExternalNetworkID = ""
			req.Spec.FrontEnd.Image, req.ReplaceFrontEnd = "img2", true
			apply(t, c, *req)
		}, 1},
		{"without a front-end", func(t *testing.T, c *memCloud, _ *Request) { c.lose(t, "astro-frontend") }, 1},
		{"beside a second front-end", func(t *testing.T, c *memCloud, req *Request) {
			if _, err := c.CreateNode(t.Context(), cluster.NodeRequest{Name: "astro-frontend", ClusterID: req.Spec.ID, ClusterName: "astro", Role: cluster.RoleFrontEnd}); err != nil {
				t.Fatal(err)
			}
		}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := unfloated(t, c)
				row.setup(t, c, &req)
				c.log = nil
				if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
					t.Fatal(err)
				}
				expectEmpty(t, c)
				if n := count(c.log, "list floating ips"); n != row.looks {
					t.Errorf("%d looks for floating IPs, want %d", n, row.looks)
				}
			})
		})
	}
}

// An apply that is to add a floating IP may be killed at any call: a destroy right after it
// leaves none.
func TestAKilledApplyLeavesNoFloatingIPToADestroy(t *testing.T) {
	everyCall(t, "add a floating IP", func(t *testing.T, k int) bool {
		c := newMemCloud()
		req := unfloated(t, c)
		killed := killAt(t, c, k, func(ctx context.Context) error {
			_, err := New(c, Options{}).Apply(ctx, req)
			return err
		})
		for _, s := range c.present() {
			s.floating = "" // Nova shows it some time later
		}
		if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
			t.Fatal(err)
		}
		expectEmpty(t, c)
		return killed
	})
}

// Where the mark stays, no floating IP is asked for: a destroy would not look for it.
func TestNoFloatingIPIsAskedForWhileTheMarkStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := unfloated(t, c)
		c.before = func(_ int, op string) error {
			if op == "expect floating ip" {
				return &cluster.CloudError{Kind: cluster.FaultForbidden, Op: op, Code: 403, Message: "Policy doesn't allow it"}
			}
			return nil
		}
		res := apply(t, c, req)
		if len(res.Problems) != 1 || res.Problems[0].Summary != "has no floating IP" || len(c.ips) > 0 {
			t.Errorf("problems %v, floating IPs %v", res.Problems, c.ips)
		}
		c.before, c.log = nil, nil
		apply(t, c, req)
		expected, given := slices.Index(c.log, "expect floating ip"), slices.Index(c.log, "floating ip")
		if expected < 0 || given < expected {
			t.Errorf("calls: %v", c.log)
		}
	})
}
