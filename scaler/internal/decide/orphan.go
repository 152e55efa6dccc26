package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// orphanGrace is how long a server must have been an orphan before it is deleted.
const orphanGrace = 5 * time.Minute

// deleteOrphans deletes servers that can never be enrolled, because what they bear does
// not prove their batch, and second servers of a name. A server that is merely in no
// roster yet is enrolled, whichever process made it. A batch that is being made has none.
func deleteOrphans(r round, m Memory) (Decision, Memory) {
	var d Decision
	before := m.Orphans
	m.Orphans = map[string]time.Time{}
	quiet := quietBatches(r, m)
	judge := func(n cluster.Node, why reason.Reason, used bool) bool {
		if kept := keptOrphan(n, why, used); !kept.IsZero() {
			d.note(n.Name, kept)
			return false
		}
		since, known := before[n.ID]
		if !known {
			since = orphanFrom(r, m, n)
		}
		m.Orphans[n.ID] = since
		if !quiet[batchOf(n)] {
			return false // as far as is known it is being made
		}
		if wait := waitOrphan(r, why, since); !wait.IsZero() {
			d.note(n.Name, wait)
			return false
		}
		return true
	}
	for _, w := range r.fleet.Workers {
		if !r.manages(w.Group) || !w.Orphan || w.InPool || w.Expected || w.Phase != fleet.Booting && w.Phase != fleet.Leaving {
			continue
		}
		never := r.facts.Cluster.Document.Unenrollable(w.Node, r.now)
		if never == "" {
			continue
		}
		if why := reason.New(reason.NeverEnrolled, reason.Text("why", never)); judge(w.Node, why, w.Jobs > 0 || w.Doubted) {
			d.dismiss(w, why, "")
		}
	}
	for _, twin := range r.fleet.Twins {
		if !r.manages(twin.Node.Group) || twin.Node.Status == cluster.StatusDeleting || doomed(m.Asked, r.now)[twin.Node.ID] {
			continue
		}
		if why := reason.New(reason.SecondOfName); judge(twin.Node, why, twin.Used) {
			d.Discard = append(d.Discard, Step{Worker: twin.Node.Name, Group: twin.Node.Group, Server: twin.Node.ID, Reason: why})
		}
	}
	return d, m
}

// keptOrphan returns why an orphan is kept for good; zero where it is not.
func keptOrphan(n cluster.Node, what reason.Reason, used bool) reason.Reason {
	switch {
	case n.Protected:
		return reason.New(reason.KeptProtected, reason.Why("what", what))
	case used:
		return reason.New(reason.KeptMayHaveJobs, reason.Why("what", what))
	}
	return reason.Reason{}
}

// orphanFrom returns since when a server that is seen as an orphan for the first time
// counts as one: from now on. A run that lasts a minute only has to go by the server's
// age.
func orphanFrom(r round, m Memory, n cluster.Node) time.Time {
	if m.WatchedFrom.IsZero() && r.now.Sub(n.Created) >= 2*orphanGrace {
		return r.now.Add(-orphanGrace)
	}
	return r.now
}

// waitOrphan returns why an orphan is not deleted now; zero where it is.
func waitOrphan(r round, what reason.Reason, since time.Time) reason.Reason {
	if left := orphanGrace - r.now.Sub(since); left > 0 {
		return reason.New(reason.DeletedLater, reason.Why("what", what), reason.Span("left", left))
	}
	if !r.whole() {
		return reason.New(reason.NotDeletedNow, reason.Why("what", what), reason.Why("why", r.unsafe))
	}
	return reason.Reason{}
}

// quietBatches returns the batches of which no server is being built or is young. The
// maker of a batch enrols it once its servers have addresses.
func quietBatches(r round, m Memory) map[string]bool {
	quiet := map[string]bool{}
	for _, n := range r.facts.Cluster.Nodes {
		batch := batchOf(n)
		if _, seen := quiet[batch]; !seen {
			quiet[batch] = true
		}
		if n.Status == cluster.StatusBuild || r.age(n, m.FirstSeen) < orphanGrace {
			quiet[batch] = false
		}
	}
	return quiet
}

// batchOf returns the batch in which a server was made; a server without a mark is a
// batch of its own.
func batchOf(n cluster.Node) string {
	if n.Batch == "" {
		return n.ID
	}
	return n.Batch
}
