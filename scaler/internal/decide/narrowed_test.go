package decide_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Each row: what a block says, and whether the cluster's min = 1, max = 4 narrow it.
func TestBoundsThatTheClusterNarrowsAreNoted(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		block decide.Bounds
		noted bool
	}{
		{decide.Bounds{Max: decide.Unsaid}, false},
		{decide.Bounds{Max: 4}, false},
		{decide.Bounds{Min: 2, Max: 3}, false},
		{decide.Bounds{Max: 9}, true},
		{decide.Bounds{Max: 0}, true},
		{decide.Bounds{Min: 5, Max: decide.Unsaid}, true},
		{decide.Bounds{Min: 2, Max: 9}, true},
	} {
		p := decide.DefaultPolicy()
		p.Groups["cpu"] = row.block
		var f decide.Facts
		f.Queue.JobsAt, f.Queue.WorkersAt = now, now
		f.Cluster.Document = cluster.Document{Name: "astro", Groups: map[string]cluster.GroupSpec{"cpu": {Scaling: &cluster.Scaling{Min: 1, Max: 4}}}}
		out, _ := decide.Tick(f, p, decide.Memory{}, now)
		noted := false
		for _, n := range out.Decision.Notes {
			noted = noted || n.About == "group cpu" && n.Reason.Code == reason.BoundsNarrowed
		}
		if noted != row.noted {
			t.Errorf("%+v: noted %t", row.block, noted)
		}
	}
}
