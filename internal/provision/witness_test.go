package provision

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// loseFrontEnd deletes the front-end, as a person does who has no state of the cluster any
// more. It returns the IDs of the other servers.
func loseFrontEnd(t *testing.T, c *memCloud) []string {
	t.Helper()
	c.lose(t, "astro-frontend")
	var ids []string
	for _, s := range c.present() {
		ids = append(ids, s.id)
	}
	slices.Sort(ids)
	return ids
}

// A finished cluster that has lost its front-end and is in no state is no leftover of the
// place that made it: its workers may hold users' data. Each row makes one; afterwards
// another cluster of the name is to be made at that place.
func TestAFinishedClusterWithoutAFrontEndIsNoLeftover(t *testing.T) {
	for _, row := range []struct {
		name string
		make func(*testing.T, *memCloud)
	}{
		{"created", func(t *testing.T, c *memCloud) { apply(t, c, testRequest(t, 3)) }},
		{"created, and no join was waited for", func(t *testing.T, c *memCloud) {
			req := testRequest(t, 3)
			req.Wait = WaitActive
			apply(t, c, req)
		}},
		{"the marked worker was removed since", func(t *testing.T, c *memCloud) {
			req := testRequest(t, 3)
			apply(t, c, req)
			req.Create = false
			grow(&req, 2, "astro-cpu-1")
			apply(t, c, req)
		}},
		{"grown by a scaler", func(t *testing.T, c *memCloud) {
			p, req := scalerOn(t, c, 0, nil)
			p.add(t, req, Order{Group: "cpu", Count: 2})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				row.make(t, c)
				stay := loseFrontEnd(t, c)
				req := testRequest(t, 1)
				req.Spec.ID = "0f8a7f6e-0000-4000-8000-000000000002"
				_, err := New(c, Options{}).Apply(bounded(t), req)
				var exists *ExistsError
				if !errors.As(err, &exists) || !exists.Finished || !exists.Headless {
					t.Errorf("a create of the name: %v", err)
				}
				if err := New(c, Options{}).Destroy(bounded(t), req.ref(), nil); err != nil {
					t.Errorf("a destroy of another cluster of the name: %v", err)
				}
				v, err := New(c, Options{}).Refresh(bounded(t), req.ref(), nil)
				if err != nil || len(v.Leftovers) > 0 || len(v.Strangers) != len(stay) {
					t.Errorf("a refresh shows leftovers %v, strangers %v; %v", v.Leftovers.Names(), v.Strangers.Names(), err)
				}
				var left []string
				for _, s := range c.present() {
					left = append(left, s.id)
				}
				slices.Sort(left)
				if !slices.Equal(left, stay) {
					t.Errorf("servers %v, want %v", left, stay)
				}
			})
		})
	}
}

// A mark that can't be written costs the apply nothing, and the next one writes it.
func TestAWitnessIsMarkedByALaterApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		writes := 0
		c.before = func(_ int, op string) error {
			if op != "put metadata" {
				return nil
			}
			if writes++; writes == 1 { // the document
				return nil
			}
			return &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: op, Code: 503}
		}
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems %v", res.Problems)
		}
		c.before = nil
		marked := func() (n int) {
			for _, s := range c.present() {
				if s.req.Role == cluster.RoleWorker && s.metadata[cluster.MetaReady] != "" {
					n++
				}
			}
			return n
		}
		if writes != 2 || marked() != 0 {
			t.Fatalf("%d writes, %d workers marked", writes, marked())
		}
		req.Create = false
		c.server(t, "astro-cpu-1").metadata[cluster.MetaProtect] = "1" // written since
		apply(t, c, req)
		if marked() != 1 || c.server(t, "astro-cpu-1").metadata[cluster.MetaProtect] == "" {
			t.Errorf("%d workers marked", marked())
		}
	})
}

// Whoever deletes the worker that bears the mark: another one bears it then.
func TestAnotherWorkerBearsTheMark(t *testing.T) {
	for _, row := range []struct {
		name string
		lose func(*testing.T, *memCloud, Steps, cluster.Ref, string)
	}{
		{"a scaler removes it", func(t *testing.T, _ *memCloud, p Steps, ref cluster.Ref, name string) {
			if out, err := p.RequestDeletion(bounded(t), ref, []string{name}, nil); err != nil || len(out.Accepted) != 1 {
				t.Fatal(out, err)
			}
		}},
		{"a person deletes it, and a scaler forgets it", func(t *testing.T, c *memCloud, p Steps, ref cluster.Ref, name string) {
			c.lose(t, name)
			if gone, err := p.Forget(bounded(t), ref, []string{name}, nil); err != nil || len(gone) != 1 {
				t.Fatal(gone, err)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				apply(t, c, req)
				row.lose(t, c, Steps{New(c, Options{})}, req.ref(), "astro-cpu-1")
				for _, s := range c.present() {
					if s.req.Role == cluster.RoleWorker && s.req.Name != "astro-cpu-1" && s.metadata[cluster.MetaReady] != "" {
						return
					}
				}
				t.Error("no worker that stays bears the mark")
			})
		})
	}
}

// What a person writes into a worker's metadata while the first apply waits for joins stays.
func TestTheMarkLeavesOtherMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.before = func(_ int, op string) error {
			if op == "report" {
				c.before = nil
				c.server(t, "astro-cpu-1").metadata[cluster.MetaProtect] = "1"
			}
			return nil
		}
		apply(t, c, testRequest(t, 1))
		if m := c.server(t, "astro-cpu-1").metadata; m[cluster.MetaProtect] == "" || m[cluster.MetaReady] == "" {
			t.Errorf("metadata %v", m)
		}
	})
}
