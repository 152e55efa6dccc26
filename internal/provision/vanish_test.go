package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Another client deletes a node while an apply makes it or waits for it. The apply ends
// as soon as that is certain, not at its deadline, and names what is gone.
func TestANodeThatIsDeletedEndsTheWait(t *testing.T) {
	for _, row := range []struct {
		name, node string
		after      time.Duration // from its POST on
		coord      string
		err        error
		words      string
	}{
		{"a worker that is being built", "astro-cpu-2", time.Second, "", nil, "deleted by another client while it was being made"},
		{"a front-end that is being built", "astro-frontend", 10 * time.Second, "", ErrNoFrontEnd, "deleted by another client while it was being made"},
		{"a front-end that no list has shown yet", "astro-frontend", time.Second, "", ErrNoFrontEnd, "deleted by another client while it was being made"},
		{"a front-end that boots", "astro-frontend", 30 * time.Second, "", ErrNoFrontEnd, "deleted by another client before every worker had joined"},
		{"a front-end that boots, on a cloud without a metadata service", "astro-frontend", 30 * time.Second, cluster.CoordinatorLastWorker,
			ErrNoFrontEnd, "deleted by another client before every worker had joined"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				c.after = func(_ int, op string) error {
					if op == "create "+row.node {
						time.AfterFunc(row.after, func() { c.mu.Lock(); defer c.mu.Unlock(); c.lose(t, row.node) })
					}
					return nil
				}
				req := testRequest(t, 3)
				req.Spec.Coordinator = row.coord
				if row.coord != "" {
					req.CA = newCA(t)
				}
				var shown cluster.Nodes
				req.Changed = func(ns cluster.Nodes) { shown = slices.Clone(ns) }
				begun := time.Now()
				res, err := New(c, Options{}).Apply(bounded(t), req)
				if took := time.Since(begun); took > 5*time.Minute {
					t.Errorf("it took %s to see that %s is gone", took, row.node)
				}
				if !errors.Is(err, row.err) {
					t.Fatalf("error %v, want %v", err, row.err)
				}
				said := ""
				for _, p := range res.Problems {
					said += p.Summary + " " + p.Detail
				}
				if err != nil {
					said = err.Error()
				}
				if !strings.Contains(said, row.words) || !strings.Contains(said+problemNodes(res), row.node) {
					t.Errorf("said: %q", said)
				}
				for _, nodes := range []cluster.Nodes{res.Nodes, shown} {
					if _, there := nodes.ByName(row.node); there {
						t.Errorf("%s is still shown: %v", row.node, nodes.Names())
					}
				}
				// The next apply makes the cluster whole.
				c.after, req.Create, req.Known, req.Last = nil, len(res.Nodes) == 0, res.Nodes, res.Document
				req.Keys = nil
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if _, err := New(c, Options{}).Apply(ctx, req); err != nil {
					t.Fatalf("the next apply: %v", err)
				}
				time.Sleep(time.Minute)
				expectNames(t, c, wantNames("cpu", 1, 2, 3))
			})
		})
	}
}

// Lists lack a front-end that was just made, because they are late or because its cell
// is down: the apply waits for it, and makes no second one.
func TestAFrontEndThatNoListShowsIsWaitedFor(t *testing.T) {
	const missing = 3 * time.Minute
	for name, hide := range map[string]func(*memCloud){
		"lists are late": func(c *memCloud) {
			c.each("astro-frontend", func(s *memServer) { s.hidden = time.Now().Add(missing) })
		},
		"its cell is down": func(c *memCloud) {
			c.down = map[string]bool{"astro-frontend": true}
			time.AfterFunc(missing, func() { c.mu.Lock(); defer c.mu.Unlock(); c.down = nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				c.after = func(_ int, op string) error {
					if op == "create astro-frontend" {
						hide(c)
					}
					return nil
				}
				res, err := New(c, Options{}).Apply(bounded(t), testRequest(t, 2))
				if err != nil || len(res.Problems) > 0 {
					t.Fatalf("error %v, problems %v", err, res.Problems)
				}
				if made := c.posts["astro-frontend"]; made != 1 {
					t.Errorf("%d front-ends were made", made)
				}
				expectNames(t, c, wantNames("cpu", 1, 2))
			})
		})
	}
}

func problemNodes(res Result) string {
	var names []string
	for _, p := range res.Problems {
		names = append(names, p.Node)
	}
	return strings.Join(names, " ")
}
