package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// server returns the server of that name that is there.
func (c *memCloud) server(t *testing.T, name string) *memServer {
	t.Helper()
	for _, s := range c.present() {
		if s.req.Name == name {
			return s
		}
	}
	t.Fatalf("no server %s", name)
	return nil
}

// twin puts a second server of that name beside the first, older by age.
func (c *memCloud) twin(t *testing.T, name string, age time.Duration) *memServer {
	t.Helper()
	first := c.server(t, name)
	twin := *first
	twin.id, twin.created, twin.metadata = "9"+first.id, first.created.Add(-age), maps.Clone(first.metadata)
	delete(twin.metadata, cluster.MetaReady)
	c.servers[twin.id] = &twin
	return &twin
}

// changeRoster writes the document as another writer would.
func (c *memCloud) changeRoster(t *testing.T, fe *memServer, change func(*cluster.Document)) {
	t.Helper()
	d, err := cluster.DecodeDocument(fe.metadata)
	if err != nil {
		t.Error(err)
		return
	}
	d = d.Clone()
	change(&d)
	d.Generation++
	items, err := d.Encode()
	if err != nil {
		t.Error(err)
	}
	fe.metadata = cluster.WithDocument(fe.metadata, items)
}

func TestWithoutADocumentNothingIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		fe := c.server(t, "astro-frontend")
		fe.metadata = cluster.WithDocument(fe.metadata, nil)
		req.Create = false
		grow(&req, 4)
		_, err := New(c, Options{}).Apply(bounded(t), req)
		if !errors.Is(err, ErrNoFrontEnd) || !strings.Contains(err.Error(), "delete that server") {
			t.Errorf("error %v", err)
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
	})
}

// A server of a lost answer may appear after the run, and it is the older one
// then: the one that works stays.
func TestATwinThatAppearsLaterIsTheOneThatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		worker, frontEnd := c.server(t, "astro-cpu-1").id, c.server(t, "astro-frontend").id
		c.twin(t, "astro-cpu-1", time.Minute)
		c.twin(t, "astro-frontend", time.Minute)
		req.Create = false
		grow(&req, 3)
		apply(t, c, req)
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
		if got := c.server(t, "astro-cpu-1").id; got != worker {
			t.Errorf("astro-cpu-1 is server %s, the one in the roster was %s", got, worker)
		}
		if got := c.server(t, "astro-frontend").id; got != frontEnd {
			t.Errorf("the front-end is server %s, the one that made the cluster was %s", got, frontEnd)
		}
		if d := document(t, c); len(d.Workers) != 3 {
			t.Errorf("roster of %d", len(d.Workers))
		}
	})
}

func TestALateTwinOfTheFrontEndIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.after = func(_ int, op string) error {
			if op != "create astro-frontend" || c.posts["astro-frontend"] > 1 {
				return nil
			}
			for _, s := range c.servers {
				if s.req.Name == "astro-frontend" {
					s.hidden = time.Now().Add(25 * time.Second)
				}
			}
			return errLost
		}
		apply(t, c, testRequest(t, 1))
		if c.posts["astro-frontend"] != 2 {
			t.Fatalf("%d front-ends were made, the case needs 2", c.posts["astro-frontend"])
		}
		time.Sleep(time.Minute)
		expectNames(t, c, wantNames("cpu", 1))
	})
}

// The scaler and an apply both take the lowest free number: the one that writes the
// roster first keeps it, and neither deletes the other's server.
func TestTwoWritersOfOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		frontEnd := c.server(t, "astro-frontend")
		c.after = func(_ int, op string) error {
			if op == "create astro-cpu-3" && c.servers["99"] == nil {
				other := *c.server(t, "astro-cpu-1")
				other.id, other.created, other.req.Name = "99", time.Now().Add(-memAddress), "astro-cpu-3"
				other.metadata = map[string]string{cluster.MetaOwner: cluster.OwnerScaler, cluster.MetaBatch: "theirs"}
				c.servers["99"] = &other
				c.changeRoster(t, frontEnd, func(d *cluster.Document) {
					d.Workers = append(d.Workers, cluster.Member{Name: "astro-cpu-3", Address: "10.0.0.99", Batch: "theirs"})
					d.Batches["theirs"] = d.CA
				})
			}
			return nil
		}
		req.Create = false
		grow(&req, 3)
		res := apply(t, c, req)
		time.Sleep(time.Minute)
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
		if got := c.server(t, "astro-cpu-3").id; got != "99" {
			t.Errorf("astro-cpu-3 is server %s", got)
		}
		if m, _ := document(t, c).Member("astro-cpu-3"); m.Batch != "theirs" || m.Address != "10.0.0.99" {
			t.Errorf("roster entry %v", m)
		}
		if len(res.Problems) != 1 || res.Problems[0].Kind != cluster.FaultConflict {
			t.Errorf("problems %v", res.Problems)
		}
	})
}

// Each row: what the plan promised while the scaler added workers 3 and 4.
func TestAWorkerThatThePlanHasNotSeenStays(t *testing.T) {
	for _, row := range []struct {
		name    string
		count   int
		retire  []string
		planned []string
		want    []string
	}{
		{"no change", 2, nil, wantNames("cpu", 1, 2), wantNames("cpu", 1, 2, 3, 4)},
		{"shrink", 1, []string{"astro-cpu-2"}, wantNames("cpu", 1), wantNames("cpu", 1, 3, 4)},
		{"growth onto their numbers", 3, nil, wantNames("cpu", 1, 2, 3), wantNames("cpu", 1, 2, 3, 4)},
		{"growth beyond", 5, nil, wantNames("cpu", 1, 2, 3, 4, 5), wantNames("cpu", 1, 2, 3, 4, 5)},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 2)
				apply(t, c, req)
				Steps{New(c, Options{Owner: cluster.OwnerScaler})}.add(t, req, Order{Group: "cpu", Count: 2})
				req.Create = false
				grow(&req, row.count, row.retire...)
				req.Planned = row.planned
				apply(t, c, req)
				expectNames(t, c, row.want)
			})
		})
	}
}

// A scaler may find a cluster while its first join is still being waited for.
func TestAWriterDuringTheFirstJoinLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		wrote := false
		c.after = func(_ int, op string) error {
			if op == "report" && !wrote {
				wrote = true
				c.changeRoster(t, c.server(t, "astro-frontend"), func(d *cluster.Document) { d.Workers[0].Leaving = cluster.LeaveIdle })
			}
			return nil
		}
		apply(t, c, testRequest(t, 2))
		if m := document(t, c).Workers[0]; m.Leaving != cluster.LeaveIdle {
			t.Error("the other writer's mark is lost")
		}
	})
}

func TestARefusalEndsItsOwnGroupOnly(t *testing.T) {
	for _, refusal := range []cluster.CloudError{
		{Kind: cluster.FaultBadRequest, Code: 400, Message: "Flavor's disk is too small for requested image."},
		{Kind: cluster.FaultQuota, Code: 403, Message: "Quota exceeded for cores"},
		{Kind: cluster.FaultNetwork, Code: 409, Message: "No more IP addresses available on network n1."},
	} {
		t.Run(refusal.Message, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 3)
				req.Spec.Groups["gpu"] = cluster.GroupSpec{NodeSpec: req.Spec.Groups["cpu"].NodeSpec, Count: 2}
				refused := 0
				c.before = func(_ int, op string) error {
					if strings.HasPrefix(op, "create astro-cpu") {
						refused++
						refusal.Op = op
						return &refusal
					}
					return nil
				}
				res, err := New(c, Options{Concurrency: 1}).Apply(bounded(t), req)
				if err != nil || len(res.Problems) != 3 || refused != 1 {
					t.Errorf("%v; problems %v; %d POSTs refused, want 1", err, res.Problems, refused)
				}
				expectNames(t, c, []string{"astro-frontend", "astro-gpu-1", "astro-gpu-2"})
			})
		})
	}
}

// The drain timeout is a promise to the jobs; an apply that ends earlier deletes no
// worker.
func TestABusyVictimOutlivesAShortApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.busy["astro-cpu-2"] = true
		req.Create, req.DrainTimeout = false, 2*time.Hour
		grow(&req, 1, "astro-cpu-2")
		_, err := New(c, Options{}).Apply(bounded(t), req)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "astro-cpu-2") {
			t.Errorf("error %v", err)
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
		delete(c.busy, "astro-cpu-2")
		apply(t, c, req)
		expectNames(t, c, wantNames("cpu", 1))
	})
}

func TestNoTimeToDrainIsNoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		c.busy["astro-cpu-2"] = true
		req.Create, req.DrainTimeout = false, 0
		grow(&req, 1, "astro-cpu-2")
		calls := len(c.log)
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems %v", res.Problems)
		}
		expectNames(t, c, wantNames("cpu", 1))
		since := c.log[calls:]
		if deleted, waited := slices.Index(since, "delete"), slices.Index(since, "clear report"); waited >= 0 && waited < deleted {
			t.Error("a report was waited for before the worker was deleted")
		}
	})
}

// A scaler that read the document before an apply wrote it, and wrote it after the
// apply had read it back, takes the apply's entries away. The apply notices, and
// both changes stand in the end.
func TestAnUpdateThatWasLostIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		apply(t, c, req)
		fe := c.server(t, "astro-frontend")
		var stale map[string]string
		written := false
		c.after = func(_ int, op string) error {
			switch {
			case op == "put metadata":
				written = true
			case op == "get metadata" && !written:
				stale = maps.Clone(fe.metadata)
			case op == "get metadata" && stale != nil:
				d, err := cluster.DecodeDocument(stale)
				if err != nil {
					t.Error(err)
				}
				d = d.Clone()
				d.Workers[0].Leaving = cluster.LeaveIdle
				d.Generation++
				items, err := d.Encode()
				if err != nil {
					t.Error(err)
				}
				fe.metadata, stale = cluster.WithDocument(stale, items), nil
			}
			return nil
		}
		req.Create = false
		grow(&req, 3)
		res := apply(t, c, req)
		if stale != nil || !written {
			t.Fatal("the other writer did not come in between")
		}
		d := document(t, c)
		if len(d.Workers) != 3 || len(res.Document.Workers) != 3 || len(res.Problems) > 0 {
			t.Errorf("the roster has %d, the result %d members; problems %v", len(d.Workers), len(res.Document.Workers), res.Problems)
		}
		if m, _ := d.Member("astro-cpu-1"); m.Leaving != cluster.LeaveIdle {
			t.Error("the other writer's mark is gone")
		}
	})
}
