package provision

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A cloud with config drives only: grown by several, by one, shrunk, grown.
func TestTheLastWorkerBringsTheRoster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		req.Spec.Coordinator = cluster.CoordinatorLastWorker
		made(t, c, &req)
		for _, step := range []struct {
			count  int
			retire string
			want   []string
			says   string // part of the one problem
		}{
			{4, "", wantNames("cpu", 1, 2, 3, 4), ""},
			{5, "", wantNames("cpu", 1, 2, 3, 4, 5), ""},
			{4, "astro-cpu-2", wantNames("cpu", 1, 3, 4, 5), "learns of astro-cpu-2 with the next worker"},
			{5, "", wantNames("cpu", 1, 2, 3, 4, 5), ""},
		} {
			grow(&req, step.count, step.retire)
			res := apply(t, c, req)
			expectNames(t, c, step.want)
			switch {
			case step.says == "" && len(res.Problems) > 0:
				t.Errorf("%d workers: problems %v", step.count, res.Problems)
			case step.says != "" && (len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Detail, step.says)):
				t.Errorf("%d workers: problems %v, want one that says %q", step.count, res.Problems, step.says)
			}
			for _, s := range c.present() {
				if !s.req.ConfigDrive {
					t.Errorf("%s has no config drive", s.req.Name)
				}
				if s.req.Role == cluster.RoleFrontEnd && step.says == "" {
					d, err := c.brought(s)
					if err != nil || d.Generation != res.Document.Generation || len(d.Workers) != step.count {
						t.Errorf("the front-end has generation %d of %d workers, the document is %d (%v)", d.Generation, len(d.Workers), res.Document.Generation, err)
					}
				}
			}
			req.Last = res.Document
		}
		if slices.Contains(c.log, "report") || slices.Contains(c.log, "clear report") {
			t.Error("the metadata service's slot was used")
		}
		if _, err := New(c, Options{}).AddWorkers(bounded(t), req.Spec.ID, "cpu", 1); !errors.Is(err, ErrGrowsByTerraform) {
			t.Errorf("a scaler adds a worker: %v", err)
		}
		req.Keys = nil
		grow(&req, 6)
		if _, err := New(c, Options{}).Apply(bounded(t), req); !errors.Is(err, ErrCAKey) {
			t.Errorf("without the CA's key: %v", err)
		}
	})
}

// Who can't be made is not waited for, and the others are made anew by the next
// apply: nobody has told the front-end of them.
func TestALastWorkerThatDoesNotComeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		req.Spec.Coordinator = cluster.CoordinatorLastWorker
		made(t, c, &req)
		c.broken["astro-cpu-3"] = 2
		grow(&req, 3)
		res := apply(t, c, req)
		if len(res.Problems) != 1 || res.Problems[0].Node != "astro-cpu-3" || len(res.Document.Workers) != 1 {
			t.Errorf("problems %v, roster of %d", res.Problems, len(res.Document.Workers))
		}
		req.Last = res.Document
		if res = apply(t, c, req); len(res.Problems) > 0 || len(res.Document.Workers) != 3 {
			t.Errorf("problems %v, roster of %d", res.Problems, len(res.Document.Workers))
		}
		expectNames(t, c, wantNames("cpu", 1, 2, 3))
	})
}
