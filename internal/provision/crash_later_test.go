package provision_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// TestAKillWhileARequestIsCarriedOutLater kills the process at each request that makes a
// server. The cloud carries the request out later: while the next apply runs, or after
// it. Then a refresh and one more apply have to end with exactly what is wanted.
func TestAKillWhileARequestIsCarriedOutLater(t *testing.T) {
	for _, c := range changes {
		made := c.after - max(c.before, 0)
		if c.before < 0 {
			made++ // the front-end
		}
		for nth := 1; nth <= made; nth++ {
			for _, later := range []time.Duration{20 * time.Second, time.Minute, 10 * time.Minute} {
				t.Run(fmt.Sprintf("%s/server=%d/%s", c.name, nth, later), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { c.killLater(newWorld(t), nth, later) })
				})
			}
		}
	}
}

func (c change) killLater(w *world, nth int, later time.Duration) {
	w.t.Helper()
	c.begin(w)
	w.cloud.Fault(openstacktest.Fault{Method: http.MethodPost, Path: "/compute/servers", Nth: nth, Later: later})
	ctx, cancel := context.WithCancel(w.bounded())
	defer cancel()
	made := w.cloud.Created()
	posts := func() int { return w.cloud.Calls()["POST /compute/servers"] }
	before := posts()
	w.dies = func() bool {
		dead := posts()-before >= nth
		if dead {
			cancel()
		}
		return dead
	}
	err := w.process(ctx, func(p *provision.Provisioner) error {
		_, err := c.run(ctx, p, firstID, c.before < 0)
		return err
	})
	w.dies = nil
	if got := w.cloud.Created() - made; err == nil || got != nth-1 {
		w.t.Fatalf("the process ended with %v and made %d servers, want %d", err, got, nth-1)
	}
	c.again(w, true, errDead)
	time.Sleep(later)
	if got := w.cloud.Created() - made; got < nth {
		w.t.Fatalf("%d servers were made; the late one is not there", got)
	}
	c.settle(w)
	c.expect(w)
}

// settle refreshes, and applies where that shows a difference.
func (c change) settle(w *world) {
	w.t.Helper()
	id := firstID
	if c.before < 0 {
		id = secondID
	}
	w.must(func(ctx context.Context, p *provision.Provisioner) error {
		req := c.request(id, c.after)
		v, err := p.Refresh(ctx, cluster.Ref{ID: id, Name: req.Spec.Name, CreatedBy: req.CreatedBy}, nil)
		if err != nil || len(v.Strangers) > 0 || len(v.Nodes)+len(v.Leftovers) != len(w.servers()) {
			return errors.Join(err, fmt.Errorf("nodes %v, left over %v, strangers %v", v.Nodes.Names(), v.Leftovers.Names(), v.Strangers.Names()))
		}
		if len(w.servers()) == c.after+1 {
			return nil
		}
		req.Known = v.Nodes
		_, err = p.Apply(ctx, req)
		return err
	})
	time.Sleep(time.Minute) // deletions take a while
}
