package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func zoned(req *Request, zones ...string) {
	g := req.Spec.Groups["cpu"]
	g.Zones = zones
	req.Spec.Groups = map[string]cluster.GroupSpec{"cpu": g}
}

// Each row: which zones have no room, how many builds one worker gets, and what
// comes of it.
func TestAFailedBuildGoesToAnotherZone(t *testing.T) {
	for _, row := range []struct {
		name  string
		zones []string
		full  []string
		tries int // of astro-cpu-1
		ends  string
	}{
		{"a full zone is passed over", []string{"a", "b"}, []string{"a"}, 2, "b"},
		{"each zone is tried once", []string{"a", "b", "c"}, []string{"a", "b"}, 3, "c"},
		{"all full: given up", []string{"a", "b", "c"}, []string{"a", "b", "c"}, 3, ""},
		{"no more than four", []string{"a", "b", "c", "d", "e"}, []string{"a", "b", "c", "d"}, 4, ""},
		{"one zone: twice", []string{"a"}, []string{"a"}, 2, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				c.full = map[string]bool{}
				for _, z := range row.full {
					c.full[z] = true
				}
				req := testRequest(t, 1)
				zoned(&req, row.zones...)
				res := apply(t, c, req)
				if n := c.posts["astro-cpu-1"]; n != row.tries {
					t.Errorf("%d builds, want %d", n, row.tries)
				}
				ends := ""
				for _, s := range c.present() {
					if s.req.Role == cluster.RoleWorker {
						ends = s.req.Zone
					}
				}
				if ends != row.ends {
					t.Errorf("it ends in zone %q, want %q", ends, row.ends)
				}
				if (len(res.Problems) > 0) != (row.ends == "") {
					t.Errorf("problems: %v", res.Problems)
				}
				for _, p := range res.Problems {
					if p.Kind != cluster.FaultNoHost || !strings.Contains(p.Detail, "tried in availability zone a") {
						t.Errorf("problem: %v", p)
					}
				}
			})
		})
	}
}

// What another try would meet again is not tried again.
func TestAHopelessBuildIsNotRepeated(t *testing.T) {
	for words, want := range map[string]struct {
		kind  cluster.FaultKind
		tries int
	}{
		"Quota exceeded for instances: Requested 1, but already used 10 of 10 instances": {cluster.FaultQuota, 1},
		"Flavor's disk is too small for requested image.":                                {cluster.FaultImage, 1},
		"Failed to allocate the network(s), not rescheduling.":                           {cluster.FaultNetwork, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			c.words, c.broken["astro-cpu-1"] = words, 9
			res := apply(t, c, testRequest(t, 2))
			if len(res.Problems) != 1 || res.Problems[0].Kind != want.kind || c.posts["astro-cpu-1"] != want.tries || res.Problems[0].Console == "" {
				t.Errorf("%s: %d builds, problems %v", words, c.posts["astro-cpu-1"], res.Problems)
			}
			if want := (Counts{Made: 1, Ready: 1, Wanted: 2}); res.Counts != want {
				t.Errorf("counts: %v, want %v", res.Counts, want)
			}
		})
	}
}

func TestMinReady(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(*memCloud)
		min   int
		few   bool
	}{
		{"enough", func(c *memCloud) { c.broken["astro-cpu-2"] = 9 }, 2, false},
		{"too few are built", func(c *memCloud) { c.broken["astro-cpu-2"] = 9 }, 3, true},
		{"too few join", func(c *memCloud) { c.neverJoin["astro-cpu-1"] = true }, 3, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newMemCloud()
			row.spoil(c)
			req := testRequest(t, 3)
			g := req.Spec.Groups["cpu"]
			g.MinReady = row.min
			req.Spec.Groups["cpu"] = g
			res, err := New(c, Options{}).Apply(bounded(t), req)
			var few *NotReadyError
			if errors.As(err, &few) != row.few || (err != nil) != row.few {
				t.Errorf("%s: error %v", row.name, err)
			}
			if row.few && (few.Group != "cpu" || few.Ready != 2 || len(res.Nodes) < 3 || len(res.Problems) == 0) {
				t.Errorf("%s: %v; nodes %v, problems %v", row.name, few, res.Nodes.Names(), res.Problems)
			}
		})
	}
}

// The log of an apply counts how far it has come.
func TestProgressIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		var log []string
		p := New(c, Options{Log: func(_ context.Context, msg string, _ ...any) { log = append(log, msg) }})
		req := testRequest(t, 3)
		if _, err := p.Apply(bounded(t), req); err != nil {
			t.Fatal(err)
		}
		req.Create = false
		grow(&req, 1)
		if _, err := p.Apply(bounded(t), req); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"joined 3 of 3", "3 of 3 workers work; 3 were made, 0 deleted", "drained 2 of 2", "deleted 2 of 2", "1 of 1 workers work; 0 were made, 2 deleted"} {
			if !slices.Contains(log, want) {
				t.Errorf("no line %q in the log: %q", want, log)
			}
		}
	})
}
