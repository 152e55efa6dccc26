package provision

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

func newCA(t *testing.T) *trust.CA {
	t.Helper()
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// made makes the cluster and leaves the request as the next apply would have it:
// with the CA's key, and with the document as last seen.
func made(t *testing.T, c *memCloud, req *Request) {
	t.Helper()
	req.CA = newCA(t)
	res := apply(t, c, *req)
	req.Create, req.Keys, req.CA = false, []*trust.CA{req.CA}, nil
	req.Last, req.KeepWorkers = res.Document, true
}

func TestANewFrontEndTakesOverTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		made(t, c, &req)
		for round := range 2 { // its successor can be replaced as well
			before := document(t, c)
			c.lose(t, "astro-frontend")
			req.Generation = 20 // the state knows of a later one than the document last seen
			res := apply(t, c, req)
			if len(res.Problems) > 0 {
				t.Fatalf("problems: %v", res.Problems)
			}
			expectNames(t, c, wantNames("cpu", 1, 2))
			if c.posts["astro-cpu-1"] != 1 || c.posts["astro-cpu-2"] != 1 {
				t.Error("workers were made anew")
			}
			d := document(t, c)
			if d.Generation <= 20 || len(d.Workers) != 2 || d.CA != before.CA {
				t.Errorf("document: generation %d, %d workers, CA %s", d.Generation, len(d.Workers), d.CA)
			}
			if d.FrontEnd.HostCA == before.FrontEnd.HostCA || len(d.HostCAs) > 0 {
				t.Errorf("round %d: host CA %q, earlier ones %v", round, d.FrontEnd.HostCA, d.HostCAs)
			}
			if fe, _ := res.Nodes.FrontEnd(); fe.Floating == "" {
				t.Error("the new front-end has no floating address")
			}
			req.Last = res.Document
		}
	})
}

func TestWorkersStayOnlyUnderAFrontEndThatKnowsThem(t *testing.T) {
	cases := []struct {
		name    string
		arrange func(*testing.T, *Request)
		anew    bool
		err     error
	}{
		{"the key is there", func(*testing.T, *Request) {}, false, nil},
		{"no key, as after an import", func(_ *testing.T, r *Request) { r.Keys, r.KeepWorkers = nil, false }, true, nil},
		{"another key", func(t *testing.T, r *Request) { r.Keys, r.KeepWorkers = []*trust.CA{newCA(t)}, false }, true, nil},
		{"another key, but the plan promised that they stay", func(t *testing.T, r *Request) { r.Keys = []*trust.CA{newCA(t)} }, false, ErrCAKey},
		{"a new key, the one before it at hand", func(t *testing.T, r *Request) { r.CA = newCA(t) }, false, nil},
		{"no document was ever seen", func(_ *testing.T, r *Request) { r.Last, r.KeepWorkers = cluster.Document{}, false }, true, nil},
		{"the front-end never told its host CA", func(_ *testing.T, r *Request) { r.Last.FrontEnd.HostCA, r.KeepWorkers = "", false }, true, nil},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 2)
				made(t, c, &req)
				c.lose(t, "astro-frontend")
				tc.arrange(t, &req)
				res, err := New(c, Options{}).Apply(bounded(t), req)
				if !errors.Is(err, tc.err) {
					t.Fatalf("error %v, want %v", err, tc.err)
				}
				if (c.posts["astro-cpu-1"] > 1) != tc.anew {
					t.Errorf("worker made %d times", c.posts["astro-cpu-1"])
				}
				if tc.err != nil {
					return
				}
				expectNames(t, c, wantNames("cpu", 1, 2))
				if len(res.Problems) > 0 {
					t.Errorf("problems: %v", res.Problems)
				}
				if req.CA != nil && document(t, c).CA != req.CA.Public() {
					t.Error("the new CA has not been brought to the nodes")
				}
			})
		})
	}
}

func TestACAIsChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		made(t, c, &req)
		req.CA = newCA(t)
		res := apply(t, c, req)
		if res.Document.CA != req.CA.Public() || res.Document.Generation != 2 {
			t.Errorf("CA %q, generation %d", res.Document.CA, res.Document.Generation)
		}
		before := c.calls
		apply(t, c, req)
		if c.calls-before > 3 {
			t.Errorf("the same CA once more took %d calls", c.calls-before)
		}

		c.lose(t, "astro-frontend")
		req.Last, req.CA = res.Document, nil
		if _, err := New(c, Options{}).Apply(bounded(t), req); !errors.Is(err, ErrCAKey) {
			t.Errorf("the old key after the change: %v", err)
		}
	})
}

func TestAFrontEndIsReplacedOnRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		made(t, c, &req)
		req.ReplaceFrontEnd = true
		apply(t, c, req)
		req.Spec.FrontEnd.ExternalNetworkID = "ext2" // no reason: a floating IP can be had without
		apply(t, c, req)
		req.ReplaceFrontEnd = false
		req.Spec.FrontEnd.Image = "img2"
		apply(t, c, req)
		if n := c.posts["astro-frontend"]; n != 1 {
			t.Fatalf("the front-end was made %d times before it was asked for", n)
		}
		req.ReplaceFrontEnd = true
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems: %v", res.Problems)
		}
		apply(t, c, req)
		if c.posts["astro-frontend"] != 2 || c.posts["astro-cpu-1"] != 1 {
			t.Errorf("made: %v", c.posts)
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
	})
}

// What the run before was killed in: the old front-end is deleted, the new one is
// not there, and the worker that the run had made is in no roster: the new front-end
// is born with it.
func TestAWorkerInNoRosterIsEnrolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		made(t, c, &req)
		c.lose(t, "astro-frontend")
		r := c.servers["2"].req
		r.Name = "astro-cpu-3"
		if _, err := c.CreateNode(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		grow(&req, 3)
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems: %v", res.Problems)
		}
		if c.posts["astro-cpu-3"] != 1 || c.posts["astro-cpu-1"] != 1 {
			t.Errorf("made: %v", c.posts)
		}
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
		if d := document(t, c); len(d.Workers) != 3 {
			t.Errorf("roster %v", d.Workers)
		}
	})
}
