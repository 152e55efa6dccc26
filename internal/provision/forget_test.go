package provision

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A list that lacks a server is no proof: the server is asked for by its ID.
func TestForgetAsksForServersThatAListLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		known := p.view(t, req).Nodes
		c.down = map[string]bool{"astro-cpu-1": true}
		names, err := p.Forget(t.Context(), req.ref(), []string{"astro-cpu-1"}, known)
		if _, hidden := errors.AsType[*HiddenError](err); !hidden || len(names) > 0 || len(document(t, c).Workers) != 2 {
			t.Errorf("forgot %v, %v", names, err)
		}
	})
}

// The entry under a name may be new: its server was made after the reading.
func TestForgetLeavesANewEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 2, nil)
		c.lose(t, "astro-cpu-1")
		c.after = func(_ int, op string) error {
			if op == "list" {
				c.after = nil
				c.changeRoster(t, c.server(t, "astro-frontend"), func(d *cluster.Document) {
					d.Workers[0] = cluster.Member{Name: "astro-cpu-1", Address: "10.0.0.99", Batch: "theirs"}
				})
			}
			return nil
		}
		names, err := p.Forget(t.Context(), req.ref(), []string{"astro-cpu-1"}, nil)
		if m, there := document(t, c).Member("astro-cpu-1"); err != nil || len(names) > 0 || !there || m.Batch != "theirs" {
			t.Errorf("forgot %v, %v: %+v", names, err, m)
		}
	})
}
