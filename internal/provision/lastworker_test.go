package provision

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// toldByLastWorker is a cluster on a cloud without a metadata service, and the
// request of its next apply.
func toldByLastWorker(t *testing.T, c *memCloud, workers int) Request {
	t.Helper()
	req := testRequest(t, workers)
	req.Spec.Coordinator = cluster.CoordinatorLastWorker
	made(t, c, &req)
	return req
}

// expectKnown wants the front-end to know everybody whom the document names.
func expectKnown(t *testing.T, c *memCloud) (has, wants cluster.Document) {
	t.Helper()
	wants = document(t, c)
	has, err := c.brought(c.server(t, "astro-frontend"))
	missing := slices.ContainsFunc(wants.Workers, func(m cluster.Member) bool { return !slices.Contains(has.Workers, m) })
	if err != nil || missing || has.CA != wants.CA {
		t.Errorf("the front-end has generation %d, %v; the document is %d, %v (%v)", has.Generation, has.Workers, wants.Generation, wants.Workers, err)
	}
	return has, wants
}

// expectTold wants it to know nobody else, and that under the same generation.
func expectTold(t *testing.T, c *memCloud) {
	t.Helper()
	if has, wants := expectKnown(t, c); has.Generation != wants.Generation || len(has.Workers) != len(wants.Workers) {
		t.Errorf("the front-end has generation %d of %v; the document is %d of %v", has.Generation, has.Workers, wants.Generation, wants.Workers)
	}
}

// expectToGrow adds a worker, and wants the front-end to know everybody then.
func expectToGrow(t *testing.T, c *memCloud, req Request) {
	t.Helper()
	grow(&req, req.Spec.Groups["cpu"].Count+1)
	req.Spec.ID, req.Create, req.Last = clusterID(c), false, document(t, c)
	if res := apply(t, c, req); len(res.Problems) > 0 {
		t.Errorf("growing once more: problems %v", res.Problems)
	}
	time.Sleep(10 * time.Minute)
	expectTold(t, c)
}

// A cloud with config drives only: grown by several, by one, shrunk, grown.
func TestTheLastWorkerBringsTheRoster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := toldByLastWorker(t, c, 2)
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
			}
			if step.says == "" {
				expectTold(t, c)
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
		req := toldByLastWorker(t, c, 1)
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
