package provision

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// leftover puts a server of an interrupted create beside the cluster.
func (c *memCloud) leftover(t *testing.T, id, clusterID string) *memServer {
	t.Helper()
	s := *c.server(t, "astro-cpu-1")
	s.id, s.req.ClusterID, s.metadata = id, clusterID, maps.Clone(s.metadata)
	delete(s.metadata, cluster.MetaReady)
	c.servers[id] = &s
	return &s
}

// A leftover that Nova has been deleting for days costs an update no time of its own, and
// is named.
func TestAStuckDeletionOfALeftoverIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		req.Create = false
		begun := time.Now()
		apply(t, c, req)
		took := time.Since(begun)
		s := c.leftover(t, "stuck", "gone")
		s.deleted = time.Now().Add(72 * time.Hour)
		s.req.Name = "astro-cpu-9"
		c.sticky = map[string]bool{"astro-cpu-9": true}
		begun = time.Now()
		res := apply(t, c, req)
		if more := time.Since(begun) - took; more > time.Second {
			t.Errorf("the update took %s longer", more)
		}
		if len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Detail, "stuck") || len(res.Leftovers) != 1 {
			t.Errorf("problems %v, left over %v", res.Problems, res.Leftovers.Names())
		}
	})
}

// A cluster that can't be deleted keeps a destroy from none of the others, and each that
// stays is named.
func TestADestroyTriesAllClustersOfTheName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		req.Create = false
		c.leftover(t, "locked", "gone1").req.Name = "astro-cpu-8"
		c.leftover(t, "free", "gone2").req.Name = "astro-cpu-9"
		c.lockedNames = map[string]bool{"astro-cpu-2": true, "astro-cpu-8": true}
		err := New(c, Options{}).Destroy(bounded(t), req.ref(), nil)
		if err == nil || !strings.Contains(err.Error(), "astro-cpu-2") || !strings.Contains(err.Error(), "astro-cpu-8") {
			t.Errorf("error %v", err)
		}
		time.Sleep(time.Minute)
		if got := strings.Join(names(c), " "); got != "astro-cpu-2 astro-cpu-8" {
			t.Errorf("left: %s", got)
		}
	})
}
