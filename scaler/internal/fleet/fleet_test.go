package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ago(s int) time.Time { return now.Add(-time.Duration(s) * time.Second) }

// Each row: one worker, made some seconds ago, and what it is.
func TestPhases(t *testing.T) {
	for _, row := range []struct {
		name    string
		age     int
		clock   fleet.Clock // less Now and JoinTimeout of 15 minutes
		status  cluster.Status
		pool    *queue.Worker
		mark    cluster.Leaving
		want    fleet.Phase
		healthy bool
	}{
		{"young", 899, fleet.Clock{}, "", nil, "", fleet.Booting, false},
		{"late", 900, fleet.Clock{}, "", nil, "", fleet.Absent, false},
		{"late by what was learned", 360, fleet.Clock{Learned: map[string]time.Duration{"cpu": 6 * time.Minute}}, "", nil, "", fleet.Absent, false},
		{"another group's lesson", 360, fleet.Clock{Learned: map[string]time.Duration{"gpu": 6 * time.Minute}}, "", nil, "", fleet.Booting, false},
		{"what was learned is not for those that were well", 9000, fleet.Clock{Learned: map[string]time.Duration{"cpu": 6 * time.Minute}, LastInPool: map[string]time.Time{"astro-cpu-1": ago(800)}}, "", nil, "", fleet.Booting, true},
		{"they have the whole time", 9000, fleet.Clock{LastInPool: map[string]time.Time{"astro-cpu-1": ago(900)}}, "", nil, "", fleet.Absent, true},
		{"a sighting of the one before under its name", 100, fleet.Clock{LastInPool: map[string]time.Time{"astro-cpu-1": ago(200)}}, "", nil, "", fleet.Booting, false},
		{"old when the watch began: it was well", 9000, fleet.Clock{WatchedFrom: ago(60)}, "", nil, "", fleet.Booting, true},
		{"young when the watch began: it may be booting", 900, fleet.Clock{WatchedFrom: ago(60)}, "", nil, "", fleet.Booting, false},
		{"in the pool", 60, fleet.Clock{}, "", &queue.Worker{}, "", fleet.Idle, true},
		{"with a job", 60, fleet.Clock{}, "", &queue.Worker{Running: 1}, "", fleet.Busy, true},
		{"closed by a person", 60, fleet.Clock{}, "", &queue.Worker{Draining: true}, "", fleet.Closed, true},
		{"asked to leave", 60, fleet.Clock{}, "", &queue.Worker{}, cluster.LeaveIdle, fleet.Leaving, true},
		{"in ERROR", 60, fleet.Clock{}, cluster.StatusError, nil, "", fleet.Broken, false},
		{"in ERROR, and it works", 60, fleet.Clock{}, cluster.StatusError, &queue.Worker{}, "", fleet.Idle, true},
		{"switched off", 60, fleet.Clock{}, cluster.StatusShutoff, nil, "", fleet.Stopped, false},
	} {
		v := cluster.View{
			Nodes:    cluster.Nodes{{ID: "s1", Name: "astro-cpu-1", Role: cluster.RoleWorker, Group: "cpu", Status: row.status, Created: ago(row.age)}},
			Document: cluster.Document{Name: "astro", Workers: []cluster.Member{{Name: "astro-cpu-1", Leaving: row.mark}}},
		}
		var q queue.Snapshot
		if row.pool != nil {
			row.pool.Name = "astro-cpu-1"
			q.Workers = []queue.Worker{*row.pool}
		}
		row.clock.Now, row.clock.JoinTimeout = now, 15*time.Minute
		w := fleet.Join(v, q, row.clock).Workers[0]
		if w.Phase != row.want || w.WasHealthy != row.healthy {
			t.Errorf("%s: %s, was healthy %t; want %s, %t", row.name, w.Phase, w.WasHealthy, row.want, row.healthy)
		}
	}
}

// Two servers have one name. The row says which of them the pool, the roster and
// their age speak for.
func TestTwins(t *testing.T) {
	for _, row := range []struct {
		name     string
		roster   string // batch in the roster
		pool     string // server that the pool names; "-" is not in the pool, "?" is there and proves nothing, "!" is spoken for by another
		onNode   int
		want     string // worker's server, the other one
		mayBeUse bool
	}{
		{"the pool shows one", "b1", "old", 0, "old young", false},
		{"the pool shows another one than the roster", "b1", "young", 0, "young old", false},
		{"the pool does not tell", "b1", "", 0, "old young", true},
		{"no source shows one: the older one", "", "-", 0, "old young", false},
		{"the queue knows of a job", "b1", "-", 1, "old young", true},
		{"the pool proves nothing", "b1", "?", 0, "old young", true},
		{"another one speaks in the name", "b1", "!", 0, "old young", true},
	} {
		v := cluster.View{
			Nodes: cluster.Nodes{
				{ID: "young", Name: "astro-cpu-1", Role: cluster.RoleWorker, Group: "cpu", Batch: "b2", Created: ago(60)},
				{ID: "old", Name: "astro-cpu-1", Role: cluster.RoleWorker, Group: "cpu", Batch: "b1", Created: ago(600)},
			},
			Document: cluster.Document{Name: "astro", Workers: []cluster.Member{{Name: "astro-cpu-1", Batch: row.roster}}},
		}
		q := queue.Snapshot{OnNode: map[string]int{"astro-cpu-1": row.onNode}}
		switch row.pool {
		case "-":
		case "!":
			q.Claims = []queue.Claim{{Node: "astro-cpu-1", By: "astro-cpu-2"}}
		case "?":
			q.Traits.Identities = true
			q.Workers = []queue.Worker{{Name: "astro-cpu-1"}}
		default:
			q.Workers = []queue.Worker{{Name: "astro-cpu-1", Server: row.pool}}
		}
		f := fleet.Join(v, q, fleet.Clock{Now: now, JoinTimeout: time.Hour})
		if len(f.Workers) != 1 || len(f.Twins) != 1 {
			t.Fatalf("%s: %d workers, %d twins", row.name, len(f.Workers), len(f.Twins))
		}
		if got := fmt.Sprint(f.Workers[0].Node.ID, " ", f.Twins[0].Node.ID); got != row.want || f.Twins[0].Used != row.mayBeUse {
			t.Errorf("%s: %s, used %t", row.name, got, f.Twins[0].Used)
		}
	}
}

// Two servers have one name. What the pool says of the name counts with the proof only.
func TestTwinsWithoutProof(t *testing.T) {
	for _, identity := range []string{"", "astro-cpu-1"} {
		v := cluster.View{
			Nodes: cluster.Nodes{
				{ID: "young", Name: "astro-cpu-1", Role: cluster.RoleWorker, Group: "cpu", Batch: "b2", Created: ago(60)},
				{ID: "old", Name: "astro-cpu-1", Role: cluster.RoleWorker, Group: "cpu", Batch: "b1", Created: ago(600)},
			},
			Document: cluster.Document{Name: "astro", Workers: []cluster.Member{{Name: "astro-cpu-1", Batch: "b1"}}},
		}
		q := queue.Snapshot{Traits: queue.Traits{Identities: true}, Workers: []queue.Worker{{Name: "astro-cpu-1", Server: "young", Identity: identity}}}
		f := fleet.Join(v, q, fleet.Clock{Now: now, JoinTimeout: time.Hour})
		want := "old"
		if identity != "" {
			want = "young"
		}
		if w := f.Workers[0]; w.Node.ID != want || w.InPool != (identity != "") || w.Doubted == w.InPool || len(f.Doubts) > 0 == w.InPool {
			t.Errorf("identity %q: %+v, doubts %v", identity, w, f.Doubts)
		}
	}
}
