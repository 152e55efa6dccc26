package provision

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestPartialFailure(t *testing.T) {
	cases := []struct {
		name    string
		arrange func(*memCloud)
		want    []string // servers afterwards
		problem string   // part of the one problem; "" for none
		err     error
	}{
		{"a build that fails once is made again", func(c *memCloud) { c.broken["astro-cpu-2"] = 1 },
			wantNames("cpu", 1, 2, 3), "", nil},
		{"a worker that can't be built is a warning with Nova's words", func(c *memCloud) { c.broken["astro-cpu-2"] = 9 },
			wantNames("cpu", 1, 3), "No valid host was found", nil},
		{"and with Nova's words although the list shows ERROR before the fault", func(c *memCloud) { c.broken["astro-cpu-2"], c.unread = 9, 3 },
			wantNames("cpu", 1, 3), "No valid host was found", nil},
		{"a worker that an operator has put into ERROR has no words", func(c *memCloud) { c.broken["astro-cpu-2"], c.unread = 9, 99 },
			wantNames("cpu", 1, 3), "Nova gives no fault", nil},
		{"quota keeps what fits", func(c *memCloud) { c.maxed = 0; c.before = quotaAfter(c, 2) },
			wantNames("cpu", 1, 2), "Quota exceeded", nil},
		{"a worker that never joins is named with its console", func(c *memCloud) { c.neverJoin["astro-cpu-3"] = true },
			wantNames("cpu", 1, 2, 3), "has not joined", nil},
		{"a front-end that fails once is made again", func(c *memCloud) { c.broken["astro-frontend"] = 1 },
			wantNames("cpu", 1, 2, 3), "", nil},
		{"without a front-end there is no cluster", func(c *memCloud) { c.broken["astro-frontend"] = 9 },
			nil, "", ErrNoFrontEnd},
		{"a front-end that never reports is none", func(c *memCloud) { c.silent = true },
			nil, "", ErrNoFrontEnd},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				tc.arrange(c)
				res, err := New(c, Options{Concurrency: 1}).Apply(bounded(t), testRequest(t, 3))
				if !errors.Is(err, tc.err) {
					t.Fatalf("error %v, want %v", err, tc.err)
				}
				if tc.err != nil {
					return
				}
				expectNames(t, c, tc.want)
				switch {
				case tc.problem == "" && len(res.Problems) > 0:
					t.Errorf("problems %v, want none", res.Problems)
				case tc.problem != "" && (len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Summary+res.Problems[0].Detail, tc.problem)):
					t.Errorf("problems %v, want one with %q", res.Problems, tc.problem)
				}
			})
		})
	}
}

// quotaAfter refuses workers beyond the n-th for want of quota.
func quotaAfter(c *memCloud, n int) func(int, string) error {
	made := 0
	return func(_ int, op string) error {
		if strings.HasPrefix(op, "create astro-cpu") {
			if made++; made > n {
				return &cluster.CloudError{Kind: cluster.FaultQuota, Op: op, Code: 403, Message: "Quota exceeded for instances"}
			}
		}
		return nil
	}
}

func TestAFailedWorkerHealsAtTheNextApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.broken["astro-cpu-2"] = 2
		req := testRequest(t, 3)
		apply(t, c, req)
		expectNames(t, c, wantNames("cpu", 1, 3))
		req.Create = false
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems: %v", res.Problems)
		}
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
		if d := document(t, c); len(d.Workers) != 3 {
			t.Errorf("roster of %d, want 3", len(d.Workers))
		}
	})
}

var errLost = &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "call", Code: 503, Message: "Service Unavailable"}

// A create call's answer gets lost, and the server it made appears only after
// the call was repeated: seen on an overrun Nova.
func TestALateTwinIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		lost := false
		c.after = func(_ int, op string) error {
			if op == "create astro-cpu-2" && !lost {
				lost = true
				for _, s := range c.servers {
					if s.req.Name == "astro-cpu-2" {
						s.hidden = time.Now().Add(25 * time.Second)
					}
				}
				return errLost
			}
			return nil
		}
		if res := apply(t, c, testRequest(t, 3)); len(res.Problems) > 0 {
			t.Errorf("problems: %v", res.Problems)
		}
		if c.posts["astro-cpu-2"] != 2 {
			t.Errorf("%d servers were made for astro-cpu-2, the case needs 2", c.posts["astro-cpu-2"])
		}
		time.Sleep(time.Minute)
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
	})
}
