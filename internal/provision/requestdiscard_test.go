package provision

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A twin goes, whether it is of the batch of the server in the roster or of another one.
func TestRequestDiscard(t *testing.T) {
	for _, batch := range []string{"", "another"} {
		t.Run("batch="+batch, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				p, req := scalerOn(t, c, 2, nil)
				twin := c.twin(t, "astro-cpu-1", time.Minute)
				if batch != "" {
					twin.metadata[cluster.MetaBatch] = batch
				}
				begun := time.Now()
				if err := p.RequestDiscard(t.Context(), req.ref(), twin.id); err != nil || time.Since(begun) > 0 {
					t.Fatalf("after %s: %v", time.Since(begun), err)
				}
				time.Sleep(memDelete)
				expectNames(t, c, wantNames("cpu", 1, 2))
				if err := p.RequestDiscard(t.Context(), req.ref(), twin.id); err != nil {
					t.Errorf("a server that is gone: %v", err)
				}
				if err := p.RequestDiscard(t.Context(), req.ref(), c.server(t, "astro-cpu-2").id); !cluster.IsKind(err, cluster.FaultConflict) {
					t.Errorf("one that is in the roster: %v", err)
				}
				if d := document(t, c); len(d.Workers) != 2 || d.Generation != 1 {
					t.Errorf("generation %d, %d workers", d.Generation, len(d.Workers))
				}
			})
		})
	}
}
