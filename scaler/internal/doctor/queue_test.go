package doctor

import (
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Only where neither the front-end nor the scaler drains no worker will be removed.
func TestUndrained(t *testing.T) {
	drains := queue.Traits{Actions: []string{queue.ActionDrain}}
	for _, c := range []struct {
		traits queue.Traits
		system cluster.BatchSystem
		want   int
	}{{queue.Traits{}, cluster.BatchNone, 1}, {drains, cluster.BatchNone, 0}, {queue.Traits{}, "slurm", 0}} {
		if got := undrained(c.traits, c.system); len(got) != c.want {
			t.Errorf("%+v on a cluster with %s: %+v", c.traits.Actions, c.system, got)
		}
	}
}
