package provision

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// mishap is what goes wrong with one call, as the client reports it when its own
// repetitions are used up.
type mishap struct {
	name    string
	carried bool // the cloud does what was asked, though the answer is lost
	err     error
}

var mishaps = []mishap{
	{"500", false, &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "call", Code: 500, Message: "Internal Server Error"}},
	{"429", false, &cluster.CloudError{Kind: cluster.FaultRateLimited, Op: "call", Code: 429, Message: "Too Many Requests"}},
	{"503 after it was accepted", true, errLost},
	{"no answer", false, hang{errSilent, 5 * time.Minute}},
	{"no answer although it was carried out", true, hang{errSilent, 5 * time.Minute}},
}

var errSilent = &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "call", Message: "context deadline exceeded"}

// strike makes the k-th call of act go wrong, and reports whether there was one.
func (m mishap) strike(c *memCloud, k int, act func()) (reached bool) {
	start := c.calls
	fail := func(n int, _ string) error {
		if n-start == k {
			reached = true
			return m.err
		}
		return nil
	}
	if m.carried {
		c.after = fail
	} else {
		c.before = fail
	}
	act()
	c.before, c.after = nil, nil
	return reached
}

// Whichever call goes wrong, in whatever way: either the run copes with it, or
// the next one ends with exactly what is wanted.
func TestAnyCallMayGoWrong(t *testing.T) {
	for _, scene := range scenes {
		for _, mishap := range mishaps {
			everyCall(t, scene.name+"/"+mishap.name, func(t *testing.T, k int) bool {
				c := newMemCloud()
				req := testRequest(t, 3)
				scene.setup(t, c, &req)
				var result Result
				var err error
				reached := mishap.strike(c, k, func() {
					result, err = New(c, Options{Concurrency: 1}).Apply(bounded(t), req)
				})
				if err != nil || len(result.Problems) > 0 {
					next(t, c, req, err)
				}
				scene.expect(t, c, req)
				return reached
			})
		}
	}
}

// next is the next apply, after an operator has read the error: Terraform replaces a
// cluster whose create ended in an error, and changes any other.
func next(t *testing.T, c *memCloud, req Request, err error) {
	t.Helper()
	if req.Create && err != nil {
		if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
			t.Fatal(err)
		}
		req.Spec.ID = "0f8a7f6e-0000-4000-8000-000000000002"
	}
	req.Create = req.Create && err != nil
	apply(t, c, req)
}

func TestAnyCallOfADestroyMayGoWrong(t *testing.T) {
	for _, mishap := range mishaps {
		everyCall(t, mishap.name, func(t *testing.T, k int) bool {
			c := newMemCloud()
			req := testRequest(t, 3)
			apply(t, c, req)
			var err error
			reached := mishap.strike(c, k, func() {
				err = New(c, Options{Concurrency: 1}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil)
			})
			if err != nil {
				if err := New(c, Options{}).Destroy(bounded(t), cluster.Ref{ID: req.Spec.ID}, nil); err != nil {
					t.Fatal(err)
				}
			}
			expectEmpty(t, c)
			return reached
		})
	}
}

// everyCall runs act for k = 1, 2, … until it reports that there was no k-th call.
// Calls that -run leaves out do not end it. With -short, as under the race detector,
// every seventh call has to do.
func everyCall(t *testing.T, name string, act func(t *testing.T, k int) bool) {
	t.Helper()
	step := 1
	if testing.Short() {
		step = 7
	}
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for k, reached := 1, true; reached && k < 1000; k += step {
			t.Run(fmt.Sprintf("call=%d", k), func(t *testing.T) {
				reached = false // of a test that ends early
				synctest.Test(t, func(t *testing.T) { reached = act(t, k) })
			})
		}
	})
}
