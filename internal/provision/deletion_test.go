package provision

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A destroy says at once which server is locked, when all others are gone.
func TestDestroyNamesALockedServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.lockedNames = map[string]bool{"astro-cpu-1": true}
		start := time.Now()
		err := New(c, Options{}).Destroy(t.Context(), cluster.Ref{ID: req.Spec.ID}, nil)
		if !cluster.IsKind(err, cluster.FaultConflict) || !strings.Contains(err.Error(), "delete astro-cpu-1") || time.Since(start) > 2*time.Minute {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		if left := c.present(); len(left) != 1 || left[0].req.Name != "astro-cpu-1" {
			t.Errorf("left: %d servers", len(left))
		}
		c.lockedNames = nil
		if err := New(c, Options{}).Destroy(t.Context(), cluster.Ref{ID: req.Spec.ID}, nil); err != nil || len(c.present()) != 0 {
			t.Errorf("unlocked: %v", err)
		}
	})
}

// A front-end goes first. A cloud that takes long to answer for it does not keep the
// workers.
func TestADestroyDoesNotWaitForTheFrontEndsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		first := true
		c.after = func(_ int, op string) error {
			if op != "delete" || !first {
				return nil
			}
			first = false
			return hang{errSilent, 5 * time.Minute}
		}
		start := time.Now()
		if err := New(c, Options{}).Destroy(t.Context(), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
			t.Fatal(err)
		}
		for _, s := range c.servers {
			after, want := s.deleted.Sub(start), headStart
			if s.req.Role == cluster.RoleFrontEnd {
				want = 0
			}
			if after != want {
				t.Errorf("%s: its deletion was asked for after %s, want %s", s.req.Name, after, want)
			}
		}
	})
}

// A refresh, and a destroy's first list, say how many servers they know of: a long list is
// read another way.
func TestListsExpectTheKnownServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.abouts = nil
		ref := cluster.Ref{ID: req.Spec.ID}
		v, err := New(c, Options{}).Refresh(t.Context(), ref, nil)
		if err == nil {
			_, err = New(c, Options{}).Refresh(t.Context(), ref, v.Nodes)
		}
		if err == nil {
			err = New(c, Options{}).Destroy(t.Context(), ref, v.Nodes)
		}
		if err != nil || len(v.Nodes) != 3 || !slices.Equal(c.abouts, []int{0, 3, 3}) {
			t.Errorf("the lists expected %v servers, want none, 3 and 3: %v", c.abouts, err)
		}
	})
}
