package provision

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

const patience = 45 * time.Minute

// Which workers a refresh marks as never joined, and what that costs.
func TestUnjoined(t *testing.T) {
	never := func(c *memCloud) { c.neverJoin["astro-cpu-2"] = true }
	for _, row := range []struct {
		name    string
		create  func(*memCloud)
		then    func(*testing.T, *memCloud)
		age     time.Duration
		want    string // workers
		reports int    // reads of the slot; -1 is any number
	}{
		{"all have joined", nil, nil, time.Hour, "", 1},
		{"all have joined, in their first minutes", nil, nil, time.Minute, "", 0},
		{"one never joined", never, nil, time.Hour, "astro-cpu-2", -1},
		{"it may still come", never, nil, 20 * time.Minute, "", 0},
		{"it came, and the slot's report is old", never, func(_ *testing.T, c *memCloud) { clear(c.neverJoin) }, time.Hour, "", -1},
		{"it has joined and only misses the newest generation", nil, func(_ *testing.T, c *memCloud) {
			c.late = map[string]bool{"astro-cpu-2": true}
		}, time.Hour, "", 1},
		{"the front-end does not report any more", never, func(t *testing.T, c *memCloud) {
			fe := c.server(t, "astro-frontend")
			fe.slot = fe.seal(cluster.Report{Generation: 9, Pending: 1, PendingNames: "cpu[2]", Never: "cpu[2]"})
			c.before = func(_ int, op string) error {
				c.silent = c.silent || op == "clear report"
				return nil
			}
		}, time.Hour, "", -1},
		{"the front-end knows an older roster only", never, func(t *testing.T, c *memCloud) {
			c.changeRoster(t, c.server(t, "astro-frontend"), func(d *cluster.Document) { d.Generation++ })
			c.server(t, "astro-frontend").changed = time.Now().Add(time.Hour)
		}, time.Hour, "", -1},
		{"the slot can't be cleared", never, func(_ *testing.T, c *memCloud) {
			c.before = func(_ int, op string) error {
				if op == "clear report" {
					return &cluster.CloudError{Kind: cluster.FaultForbidden, Op: op, Code: 403, Message: "Policy doesn't allow it"}
				}
				return nil
			}
		}, time.Hour, "", -1},
		{"the slot can't be read", never, func(_ *testing.T, c *memCloud) {
			c.before = func(_ int, op string) error {
				if op == "report" {
					return &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: op, Code: 500, Message: "no"}
				}
				return nil
			}
		}, time.Hour, "", 1},
		{"Nova has given it up, which is told instead", never, func(t *testing.T, c *memCloud) { c.server(t, "astro-cpu-2").broken = true }, time.Hour, "", -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				if row.create != nil {
					row.create(c)
				}
				req := testRequest(t, 3)
				apply(t, c, req)
				for _, s := range c.servers {
					s.created = time.Now().Add(-row.age)
				}
				if row.then != nil {
					row.then(t, c)
				}
				p := New(c, Options{})
				v, err := p.Refresh(t.Context(), cluster.Ref{ID: req.Spec.ID}, nil)
				if err != nil {
					t.Fatal(err)
				}
				c.log = nil
				start := time.Now()
				v = p.Unjoined(t.Context(), v, patience)
				if waited := time.Since(start); waited > time.Minute {
					t.Errorf("it took %s", waited)
				}
				if n := count(c.log, "report"); row.reports >= 0 && (n != row.reports || len(c.log) != n) {
					t.Errorf("calls %v, want %d reads of the slot", c.log, row.reports)
				}
				var got []string
				for _, n := range v.Nodes {
					if n.Status == cluster.StatusNotJoined {
						got = append(got, n.Name)
					}
				}
				if strings.Join(got, " ") != row.want {
					t.Errorf("never joined: %v, want %q; calls %v", got, row.want, c.log)
				}
			})
		})
	}
}

// The apply asks for itself, and replaces only the workers that the front-end still
// names.
func TestAWorkerThatNeverJoinedIsMadeAnewInPlace(t *testing.T) {
	for _, row := range []struct {
		name    string
		then    func(*memCloud)
		anew    bool
		problem string
	}{
		{"still out", func(*memCloud) {}, true, ""},
		{"joined after the plan", func(c *memCloud) { clear(c.neverJoin) }, false, ""},
		{"no word from the front-end", func(c *memCloud) { c.silent = true }, false, "was not made anew"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				c.neverJoin["astro-cpu-2"] = true
				req := testRequest(t, 3)
				res := apply(t, c, req)
				for _, s := range c.servers {
					s.created = time.Now().Add(-time.Hour)
				}
				req.Create = false
				v, err := New(c, Options{}).Refresh(t.Context(), cluster.Ref{ID: req.Spec.ID}, res.Nodes)
				if err != nil {
					t.Fatal(err)
				}
				req.Known = New(c, Options{}).Unjoined(t.Context(), v, patience).Nodes
				req.Planned = req.Known.Names()
				if n, _ := req.Known.ByName("astro-cpu-2"); !n.Unfit() {
					t.Fatalf("astro-cpu-2 is known as %s", n.Status)
				}
				before := res.Nodes
				row.then(c)
				posts := c.next
				c.before = func(_ int, op string) error {
					if strings.HasPrefix(op, "create") {
						clear(c.neverJoin)
					}
					return nil
				}
				res = apply(t, c, req)
				expectNames(t, c, wantNames("cpu", 1, 2, 3))
				old, _ := before.ByName("astro-cpu-2")
				now, _ := res.Nodes.ByName("astro-cpu-2")
				if anew := old.ID != now.ID; anew != row.anew || c.next-posts > 1 {
					t.Errorf("made anew: %t, want %t; %d servers made", anew, row.anew, c.next-posts)
				}
				var told []string
				for _, p := range res.Problems {
					told = append(told, p.Summary)
				}
				if strings.Join(told, "; ") != row.problem {
					t.Errorf("problems %v, want %q", told, row.problem)
				}
			})
		})
	}
}
