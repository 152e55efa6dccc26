package decide

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

const (
	// orphanGrace is how long something must have had nobody who wants it before it
	// is deleted.
	orphanGrace = 5 * time.Minute
	// mostCollects is how often a gone server's remains are looked for in vain.
	mostCollects = 12
)

// Past is a server as it was seen last.
type Past struct {
	Name    string    `json:"name"`
	Volumes []string  `json:"volumes,omitempty"` // that were to go with it
	Seen    time.Time `json:"seen"`
	Tries   int       `json:"tries"`
}

// Remains is a server that is gone, of which ports and volumes may be left.
type Remains struct {
	Server  string   `json:"server"`
	Worker  string   `json:"worker"`
	Volumes []string `json:"volumes,omitempty"`
}

// orphans deletes servers that nobody wants: those whose maker did not live to
// enrol them, so that no front-end will ever join them, and second servers of a
// name. A batch that somebody is making has none.
func (t *tick) orphans() {
	open := map[string]time.Time{}
	quiet := t.quietBatches()
	for _, w := range t.fleet.Workers {
		if !t.isManaged(w.Group) || !w.Orphan || w.InPool || w.Phase != fleet.Booting && w.Phase != fleet.Leaving {
			continue
		}
		why := reason.New(reason.NeverEnrolled)
		if t.unwanted(w.Node, why, quiet, w.Jobs > 0, open) {
			t.dismiss(w, why)
		}
	}
	for _, twin := range t.fleet.Twins {
		if !t.isManaged(twin.Node.Group) {
			continue
		}
		why := reason.New(reason.SecondOfName)
		if t.unwanted(twin.Node, why, quiet, twin.Used, open) {
			t.d.Discard = append(t.d.Discard, Step{Worker: twin.Node.Name, Group: twin.Node.Group, Server: twin.Node.ID, Reason: why})
		}
	}
	t.m.Orphans = open
}

// unwanted tells, and notes, whether a server has been without anybody who wants
// it for the grace.
func (t *tick) unwanted(n cluster.Node, why reason.Reason, quiet map[string]bool, used bool, open map[string]time.Time) bool {
	switch {
	case n.Protected:
		t.d.note(n.Name, reason.New(reason.KeptProtected, reason.Why("what", why)))
		return false
	case used:
		t.d.note(n.Name, reason.New(reason.KeptMayHaveJobs, reason.Why("what", why)))
		return false
	}
	since, before := t.m.Orphans[n.ID]
	if !before {
		since = t.now
		if t.m.WatchedFrom.IsZero() && t.now.Sub(n.Created) >= 2*orphanGrace {
			since = t.now.Add(-orphanGrace) // a run that lasts a minute has to take the server's word
		}
	}
	open[n.ID] = since
	if !quiet[batchOf(n)] {
		return false // it is being made, for all that is known
	}
	if left := orphanGrace - t.now.Sub(since); left > 0 {
		t.d.note(n.Name, reason.New(reason.DeletedLater, reason.Why("what", why), reason.Span("left", left)))
		return false
	}
	if unsafe := t.unsafe(); !unsafe.IsZero() {
		t.d.note(n.Name, reason.New(reason.NotDeletedNow, reason.Why("what", why), reason.Why("why", unsafe)))
		return false
	}
	return true
}

// quietBatches returns the batches of which no server is being built or is young.
// Whoever makes a batch enrols it once its servers have addresses.
func (t *tick) quietBatches() map[string]bool {
	quiet := map[string]bool{}
	for _, n := range t.facts.Cluster.Nodes {
		batch := batchOf(n)
		if _, seen := quiet[batch]; !seen {
			quiet[batch] = true
		}
		if n.Status == cluster.StatusBuild || t.age(n) < orphanGrace {
			quiet[batch] = false
		}
	}
	return quiet
}

// age is a server's, by our clock where it came before our eyes.
func (t *tick) age(n cluster.Node) time.Duration {
	if born := t.m.Born[n.ID]; !born.IsZero() {
		return t.now.Sub(born)
	}
	return t.now.Sub(n.Created)
}

// batchOf is the batch that made a server; one without a mark is its own.
func batchOf(n cluster.Node) string {
	if n.Batch == "" {
		return n.ID
	}
	return n.Batch
}

// dismiss removes a worker; by its server where its name is another one's in the
// roster.
func (t *tick) dismiss(w fleet.Worker, why reason.Reason) {
	if w.Orphan && w.Listed {
		t.d.Discard = append(t.d.Discard, Step{Worker: w.Name, Group: w.Group, Server: w.Node.ID, Reason: why})
		return
	}
	t.remove(w, why)
}

// past keeps account of the workers' servers, and has the ports and volumes of
// those looked for that have been gone for the grace: Nova deletes them with the
// server, and does not always get to it.
func (t *tick) past() {
	for _, n := range t.facts.Cluster.Nodes {
		if n.Role == cluster.RoleWorker && n.ID != "" {
			t.m.Servers[n.ID] = Past{Name: n.Name, Volumes: n.Volumes, Seen: t.now}
		}
	}
	for id, p := range t.m.Servers {
		if t.now.Sub(p.Seen) >= orphanGrace {
			t.d.Collect = append(t.d.Collect, Remains{Server: id, Worker: p.Name, Volumes: p.Volumes})
		}
	}
	slices.SortFunc(t.d.Collect, func(a, b Remains) int {
		return cmp.Or(cluster.CompareNames(a.Worker, b.Worker), strings.Compare(a.Server, b.Server))
	})
}

// Collected returns the memory after a gone server's remains were looked for. When
// that failed they are looked for again later, but not for ever.
func (m Memory) Collected(server string, err error, now time.Time) Memory {
	m, now = m.clone(), wall(now)
	p := m.Servers[server]
	p.Seen, p.Tries = now, p.Tries+1
	m.Servers[server] = p
	if err == nil || p.Tries >= mostCollects {
		delete(m.Servers, server)
	}
	return m
}
