package provision

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// What becomes of a worker that the list lacks is for the look-up by ID to say.
func TestAServerThatTheListLacksIsLookedUp(t *testing.T) {
	for _, row := range []struct {
		name    string
		befall  func(c *memCloud, s *memServer)
		hidden  bool // the run ends before anything is changed
		made    int
		lookups int
	}{
		{"listed", func(*memCloud, *memServer) {}, false, 0, 0},
		{"not found: gone, and made anew", func(c *memCloud, s *memServer) { delete(c.servers, s.id) }, false, 1, 1},
		{"its cell is down: nothing is decided", func(c *memCloud, s *memServer) { c.down = map[string]bool{s.req.Name: true} }, true, 0, 1},
		{"found: the list was wrong", func(_ *memCloud, s *memServer) { s.hidden = time.Now().Add(time.Hour) }, false, 0, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				req.Known = apply(t, c, req).Nodes
				req.Create = false
				before := c.next
				row.befall(c, c.server(t, "astro-cpu-2"))
				c.log = nil
				_, err := New(c, Options{}).Apply(bounded(t), req)
				if _, hidden := errors.AsType[*HiddenError](err); hidden != row.hidden || !hidden && err != nil {
					t.Fatalf("error %v, hidden: %t", err, row.hidden)
				}
				if row.hidden && (!strings.Contains(err.Error(), "astro-cpu-2") || len(c.log) > 2) {
					t.Errorf("%v, after the calls %v", err, c.log)
				}
				if n := c.next - before; n != row.made {
					t.Errorf("%d servers were made, want %d: %v", n, row.made, c.log)
				}
				if n := count(c.log, "get server"); n != row.lookups {
					t.Errorf("%d look-ups, want %d: %v", n, row.lookups, c.log)
				}
			})
		})
	}
}

func count(log []string, op string) int {
	n := 0
	for _, l := range log {
		if l == op {
			n++
		}
	}
	return n
}

// A destroy that can't see a server deletes nothing: not even the floating IP by
// which users reach what may well be alive.
func TestADestroyForgetsNobody(t *testing.T) {
	for _, down := range [][]string{{"astro-cpu-2"}, {"astro-frontend"}, {"astro-cpu-1", "astro-cpu-2", "astro-frontend"}} {
		t.Run(strings.Join(down, "+"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 2)
				known := apply(t, c, req).Nodes
				c.down = map[string]bool{}
				for _, name := range down {
					c.down[name] = true
				}
				c.log = nil
				err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, known)
				if _, hidden := errors.AsType[*HiddenError](err); !hidden || len(c.present()) != 3 || len(c.ips) != 1 {
					t.Fatalf("%v; left: %v, %v", err, names(c), c.ips)
				}
				c.down, c.log = nil, nil
				if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, known); err != nil {
					t.Fatal(err)
				}
				expectEmpty(t, c)
				if n := count(c.log, "get server"); n > 0 {
					t.Errorf("%d look-ups in an ordinary destroy", n)
				}
			})
		})
	}
}

// A cell that goes down while an apply is under way costs no worker its place in the
// roster.
func TestACellGoesDownDuringAnApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		req.Known = apply(t, c, req).Nodes
		req.Create = false
		grow(&req, 3)
		c.before = func(_ int, op string) error {
			if strings.HasPrefix(op, "create") {
				c.down = map[string]bool{"astro-cpu-1": true}
			}
			return nil
		}
		res := apply(t, c, req)
		for _, name := range []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"} {
			if _, ok := res.Document.Member(name); !ok {
				t.Errorf("%s is not in the roster any more", name)
			}
		}
		if n, _ := res.Nodes.ByName("astro-cpu-1"); n.Status != cluster.StatusUnknown {
			t.Errorf("astro-cpu-1 is told as %q", n.Status)
		}
	})
}

// A read of the scaler's is no picture of a cluster of which a part can't be seen.
func TestAReadWithoutACellIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		p := New(c, Options{Owner: cluster.OwnerScaler})
		v, err := p.Read(t.Context(), "astro", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.down = map[string]bool{"astro-cpu-1": true}
		if _, err = p.Read(t.Context(), "astro", v.Nodes); !cluster.IsKind(err, cluster.FaultUnavailable) {
			t.Errorf("a read while a cell is down: %v", err)
		}
		c.down = nil
		delete(c.servers, c.server(t, "astro-cpu-1").id)
		v, err = p.Read(t.Context(), "astro", v.Nodes)
		if err != nil || slices.Contains(v.Nodes.Names(), "astro-cpu-1") {
			t.Errorf("a read after a deletion: %v, %v", v.Nodes.Names(), err)
		}
	})
}
