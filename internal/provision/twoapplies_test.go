package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// slow is a cloud on which the create calls of one caller take their time.
type slow struct {
	*memCloud
	worker, frontEnd time.Duration
}

func (s slow) CreateNode(ctx context.Context, r cluster.NodeRequest) (string, error) {
	if r.Role == cluster.RoleFrontEnd {
		time.Sleep(s.frontEnd)
	} else {
		time.Sleep(s.worker)
	}
	return s.memCloud.CreateNode(ctx, r)
}

// Two places make a cluster of one name at once: neither sees a server of the other
// when it begins, so no create call is carried out at the instant of the first looks: the
// order of two goroutines at one instant is open. Each row: how long the create calls of
// both take, and what the one says that withdraws.
func TestTwoAppliesOfOneName(t *testing.T) {
	const firstID, secondID = "0f8a7f6e-0000-4000-8000-000000000001", "0f8a7f6e-0000-4000-8000-000000000002"
	for _, row := range []struct {
		name          string
		first, second slow
		finished      string // whether the first one is, when the second one looks
		wait          Wait
	}{
		{"the later one ends later", slow{worker: time.Second}, slow{worker: 5 * time.Second}, "true", WaitJoined},
		{"the later one ends first", slow{worker: time.Second, frontEnd: 3 * time.Minute}, slow{worker: 5 * time.Second}, "false", WaitJoined},
		{"both at once, so the greater ID withdraws", slow{worker: 5 * time.Second}, slow{worker: 5 * time.Second}, "", WaitJoined},
		{"the later one ends later, and no join is waited for", slow{worker: time.Second}, slow{worker: 5 * time.Second}, "true", WaitActive},
		{"the later one ends first, and no join is waited for", slow{worker: time.Second, frontEnd: 3 * time.Minute}, slow{worker: 5 * time.Second}, "false", WaitActive},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				row.first.memCloud, row.second.memCloud = c, c
				begin := func(cloud Cloud, id, place string) chan error {
					req := testRequest(t, 2)
					req.Spec.ID, req.CreatedBy, req.Wait = id, place, row.wait
					ended := make(chan error, 1)
					go func() {
						res, err := New(cloud, Options{}).Apply(bounded(t), req)
						if err == nil && len(res.Problems) > 0 || err != nil && len(res.Nodes) > 0 {
							t.Errorf("%s: problems %v, nodes %v", id, res.Problems, res.Nodes.Names())
						}
						ended <- err
					}()
					return ended
				}
				first, second := begin(row.first, firstID, "here"), begin(row.second, secondID, "there")
				if err := <-first; err != nil {
					t.Errorf("the earlier one: %v", err)
				}
				var exists *ExistsError
				if err := <-second; !errors.As(err, &exists) || exists.ID != firstID || !exists.Withdrawn ||
					row.finished != "" && fmt.Sprint(exists.Finished) != row.finished {
					t.Errorf("the later one: %v", err)
				}
				time.Sleep(time.Hour)
				expectNames(t, c, wantNames("cpu", 1, 2))
				for _, s := range c.present() {
					if s.req.ClusterID != firstID {
						t.Errorf("%s of the one that withdrew is there", s.req.Name)
					}
				}
				if len(c.ips) != 1 || c.ips["ip-"+firstID] == "" {
					t.Errorf("floating IPs %v", c.ips)
				}
				if d := document(t, c); d.ID != firstID || len(d.Workers) != 2 {
					t.Errorf("document of %s with %d workers", d.ID, len(d.Workers))
				}
			})
		})
	}
}

// A withdrawal that can't delete everything says so, and names what is left.
func TestAWithdrawalThatIsHindered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		c.after = func(_ int, op string) error {
			if op == "create astro-frontend" {
				c.lockedNames = map[string]bool{"astro-cpu-2": true}
				c.servers["theirs"] = &memServer{id: "theirs", created: time.Now(), metadata: map[string]string{cluster.MetaReady: "1"}, req: cluster.NodeRequest{
					Name: "astro-frontend", ClusterID: "theirs", ClusterName: "astro", Role: cluster.RoleFrontEnd,
				}}
			}
			return nil
		}
		res, err := New(c, Options{}).Apply(bounded(t), req)
		var exists *ExistsError
		var left *LeftError
		if !errors.As(err, &exists) || !errors.As(err, &left) || len(left.Servers) != 1 {
			t.Errorf("error %v", err)
		}
		if len(res.Nodes) == 0 {
			t.Error("the result holds no node: the state would forget what is left")
		}
	})
}

// A cloud that fails to list servers for a moment, right before a create ends, costs no
// cluster: the apply would end in an error, and the next one would make all of it anew.
func TestTheLastLookAtANameIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		req.NameFree = true
		whole := New(c, Options{})
		if _, err := whole.Apply(bounded(t), req); err != nil {
			t.Fatal(err)
		}
		last := slices.Index(c.log, "put metadata") // the last look is right before the document is written
		if c.log[last-1] != "list" {
			t.Fatalf("the calls before the first write: %v", c.log[last-3:last])
		}
		c = newMemCloud()
		c.before = func(n int, op string) error {
			if op == "list" && n >= last && n < last+3 {
				return &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: op, Code: 503}
			}
			return nil
		}
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems %v", res.Problems)
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
	})
}

// A cluster that is being deleted as a whole is no reason to withdraw: it has withdrawn,
// and if this one did, too, none would be left.
func TestAClusterThatWithdrawsIsNoRival(t *testing.T) {
	now := time.Now()
	ours := cluster.Nodes{{ClusterID: "ours", Created: now}}
	theirs := cluster.Nodes{
		{ClusterID: "theirs", Created: now.Add(-time.Second), Status: cluster.StatusDeleting},
		{ClusterID: "theirs", Created: now.Add(-time.Second), Status: cluster.StatusActive},
	}
	if rival("astro", ours, theirs) == nil {
		t.Error("one of its servers stays")
	}
	theirs[1].Status = cluster.StatusDeleting
	if exists := rival("astro", ours, theirs); exists != nil {
		t.Error(exists)
	}
}
