package provision

import (
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestConcurrentWritersLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		// Another writer's change comes between our write and our reading it back.
		other, puts := false, 0
		c.after = func(_ int, op string) error {
			if op == "put metadata" {
				if puts++; puts == 1 && !other {
					other = true
					for _, s := range c.servers {
						if s.req.Role != cluster.RoleFrontEnd {
							continue
						}
						d, err := cluster.DecodeDocument(s.older)
						if err != nil {
							t.Error(err)
						}
						d = d.Clone()
						d.Generation++
						d.Workers[1].Leaving = cluster.LeaveIdle
						items, err := d.Encode()
						if err != nil {
							t.Error(err)
						}
						s.metadata = cluster.WithDocument(s.metadata, items)
					}
				}
			}
			return nil
		}
		p := Steps{New(c, Options{Owner: cluster.OwnerScaler})}
		if err := p.SetLeaving(t.Context(), req.ref(), map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle}); err != nil {
			t.Fatal(err)
		}
		d := document(t, c)
		for _, m := range d.Workers {
			if m.Leaving != cluster.LeaveIdle {
				t.Errorf("the mark of %s is lost", m.Name)
			}
		}
		if d.Generation != 3 {
			t.Errorf("generation %d, want 3", d.Generation)
		}
	})
}
