package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

// silent is the time without news of any worker after which the pool's clock, or the
// pool, can't be right: workers report every few minutes at the latest.
const silent = 15 * time.Minute

// examineQueue reads the queue once.
func (d Doctor) examineQueue(ctx context.Context, view cluster.View, known bool) []Finding {
	reader := d.Queue
	switch {
	case !known && d.Config.Queue.Type == adapter.Auto:
		return []Finding{notTried("queue", "the cluster can't be read, and says which batch system it runs"), notTried("clock", "the queue can't be read")}
	case known:
		chosen, err := queue.For(d.Queue, string(view.Document.BatchSystem))
		if err != nil {
			return []Finding{failed("queue", "correct the queue block", "%v", err), notTried("clock", "the queue can't be read")}
		}
		reader = chosen
	}
	s, err := reader.Read(ctx)
	if err != nil {
		do := "run the command by hand, as the account of the scaler"
		if d.Config.Queue.SSH != nil {
			do += "; a first login is needed neither for a password nor for a host key: ssh -o BatchMode=yes " + d.Config.Queue.SSH.Host
		}
		return []Finding{failed("queue", do, "the queue can't be read: %v", err), notTried("clock", "the queue can't be read")}
	}
	var all []Finding
	if len(s.Partial) > 0 {
		all = append(all, warning("queue", "look at these daemons; until they answer, no worker is removed", "the reading is not whole: %s", strings.Join(s.Partial, "; ")))
	}
	waiting := 0
	for _, j := range s.Jobs {
		waiting += j.Count
	}
	all = append(all, ok("queue", "read: %s waiting, %d running", text.Count(waiting, "job"), s.Running))
	if known {
		all = append(append(all, pool(s, view)), undrained(s.Traits, view.Document.BatchSystem)...)
	}
	return append(all, d.poolClock(s))
}

// undrained warns where nothing drains the workers that are to leave.
func undrained(t queue.Traits, system cluster.BatchSystem) []Finding {
	if system != cluster.BatchNone || t.Does(queue.ActionDrain) {
		return nil
	}
	return []Finding{warning("queue", "add drain and undrain to actions in the queue block, and to the program",
		"no worker will be removed: the cluster has no batch system whose front-end drains, so nothing keeps jobs from a worker that leaves")}
}

// pool compares the pool with the cluster.
func pool(s queue.Snapshot, view cluster.View) Finding {
	in := map[string]bool{}
	for _, w := range s.Workers {
		in[w.Name] = true
	}
	doubts := fleet.Join(view, s, fleet.Clock{Now: s.WorkersAt}).Doubts
	if len(doubts) > 0 {
		more := ""
		if n := len(doubts) - 1; n > 0 {
			more = fmt.Sprintf("; and %d more", n)
		}
		return warning("pool", "look at that machine: it is not what it says, or the pool is another cluster's", "%s %s%s", doubts[0].About, doubts[0].Why, more)
	}
	there := 0
	for _, m := range view.Document.Workers {
		if in[m.Name] {
			there++
		}
	}
	all := len(view.Document.Workers)
	directory := s.Traits.DirectoryName()
	if all > 0 && there == 0 {
		return warning("pool", "look whether this is the cluster's pool, and at the end of a worker's console: openstack console log show", "none of the cluster's %s is known to the %s, which has %d others", text.Count(all, "worker"), directory, len(s.Workers))
	}
	return ok("pool", "the %s knows %d of the cluster's %s, and %d others", directory, there, text.Count(all, "worker"), len(s.Workers)-there)
}

// poolClock compares the pool's clock with ours, by the latest news of a worker.
func (d Doctor) poolClock(s queue.Snapshot) Finding {
	latest := s.PoolSince
	for _, w := range s.Workers {
		if w.HeardAt.After(latest) {
			latest = w.HeardAt
		}
	}
	do := "have both machines follow one time server (timedatectl)"
	switch age := d.Now().Sub(latest); {
	case latest.IsZero():
		return notTried("clock", "the pool names no time")
	case age < -mostSkew:
		return warning("clock", do, "the pool's clock is %s ahead of this machine's", (-age).Round(time.Second))
	case age > silent && len(s.Workers) > 0:
		return warning("clock", do, "the pool's latest news of a worker is %s old: its clock is behind this machine's, or the workers are silent", age.Round(time.Second))
	}
	return ok("clock", "the pool's clock is not ahead of this machine's, and its news are recent")
}
