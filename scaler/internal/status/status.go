// Package status shows queue, groups and workers as a document and as a table. Of
// makes the document from a record; Board keeps the latest one, with a history, while
// the scaler runs.
package status

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Status is a cluster at one moment.
type Status struct {
	Time       time.Time `json:"time"`
	Cluster    string    `json:"cluster"`
	Generation int64     `json:"generation"`
	DryRun     bool      `json:"dry_run,omitempty"`
	Queue      Queue     `json:"queue"`
	Groups     []Group   `json:"groups"`
	Workers    []Worker  `json:"workers"`
	Standby    string    `json:"standby,omitempty"` // why this scaler only watches
	Acting     string    `json:"acting,omitempty"`  // another scaler that holds the lease
	Error      string    `json:"error,omitempty"`   // why the status is not newer
}

// Queue is the state of the batch system's queue.
type Queue struct {
	ReadAt  time.Time  `json:"read_at"`
	Waiting int        `json:"waiting"`
	Running int        `json:"running"`
	Oldest  *time.Time `json:"oldest_waiting,omitempty"`
	Skipped []Jobs     `json:"not_counted,omitempty"`
	Unmet   []Jobs     `json:"without_worker_to_come,omitempty"`
	Partial []string   `json:"not_read,omitempty"`
}

// Jobs are waiting jobs with the same reason to wait.
type Jobs struct {
	Count int    `json:"count"`
	First string `json:"first"`
	Why   string `json:"why"`
	Never bool   `json:"never,omitempty"` // no group could ever run them
}

// Never returns the number of waiting jobs that no group could ever run.
func (q Queue) Never() int {
	n := 0
	for _, j := range q.Unmet {
		if j.Never {
			n += j.Count
		}
	}
	return n
}

// Group is the state of a worker group.
type Group struct {
	Name    string              `json:"name"`
	Managed bool                `json:"managed"` // the scaler owns its number
	Min     int                 `json:"min"`
	Max     int                 `json:"max"`
	Total   int                 `json:"total"`
	Phases  map[fleet.Phase]int `json:"workers,omitempty"`
	Coming  map[fleet.Stage]int `json:"on_their_way,omitempty"` // the booting ones, by how far they have come
	Needed  int                 `json:"needed"`                 // new workers
	For     int                 `json:"needed_for_jobs"`
}

// Worker is the state of a worker of the cluster, or of a stranger in its pool.
type Worker struct {
	Name      string       `json:"name"`
	Group     string       `json:"group,omitempty"`
	Phase     fleet.Phase  `json:"phase"`
	Stage     fleet.Stage  `json:"stage,omitempty"` // of a booting worker: how far it has come
	Since     *time.Time   `json:"since,omitempty"` // idle or not in the pool since then
	Jobs      int          `json:"jobs"`
	Fit       int          `json:"waiting_jobs_that_fit"`
	Total     *queue.Shape `json:"total,omitempty"`
	Free      *queue.Shape `json:"free,omitempty"`
	Pool      string       `json:"pool_state,omitempty"`
	Server    string       `json:"server,omitempty"`
	Nova      string       `json:"server_status,omitempty"`
	Fault     string       `json:"fault,omitempty"`
	Address   string       `json:"address,omitempty"`
	Zone      string       `json:"zone,omitempty"`
	Created   *time.Time   `json:"created,omitempty"`
	Protected bool         `json:"protected,omitempty"`
	Draining  bool         `json:"draining,omitempty"`
	Leaving   string       `json:"leaving,omitempty"` // the mark in the cluster document
}

// Of returns the status of a record.
func Of(r record.Record) Status {
	s := Status{
		Time: r.Time, Cluster: r.Cluster, Generation: r.Generation, DryRun: r.DryRun, Error: r.Error,
		Standby: r.Standby, Acting: r.Holder,
		Queue: queueOf(r), Groups: groups(r), Workers: []Worker{},
	}
	for _, w := range r.Fleet.Workers {
		s.Workers = append(s.Workers, worker(w, r.Demand.On(w.Name)))
	}
	return s
}

func queueOf(r record.Record) Queue {
	facts := r.Facts.Queue
	q := Queue{ReadAt: facts.ReadAt().UTC(), Waiting: r.Waiting, Running: r.Running, Partial: facts.Partial}
	for _, g := range facts.Jobs {
		if q.Oldest == nil || g.Oldest.Before(*q.Oldest) {
			q.Oldest = when(g.Oldest)
		}
	}
	for _, k := range facts.Skipped {
		q.Skipped = append(q.Skipped, Jobs{Count: k.Count, First: k.First, Why: k.Why})
	}
	for _, u := range r.Demand.UnmetByReason() {
		q.Unmet = append(q.Unmet, Jobs{Count: u.Count, First: u.First, Why: u.Why.String(), Never: u.Never})
	}
	return q
}

// groups returns the cluster's groups and the groups that only the configuration names.
func groups(r record.Record) []Group {
	out := []Group{}
	names := slices.Collect(maps.Keys(r.Facts.Cluster.Document.Groups))
	for name := range r.Policy.Groups {
		if _, ok := r.Facts.Cluster.Document.Groups[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		_, exists := r.Facts.Cluster.Document.Groups[name]
		bounds, said := r.Policy.Groups[name]
		need := r.Demand.Needs[name]
		g := Group{Name: name, Managed: exists && said, Min: bounds.Min, Max: bounds.Max, Needed: need.Workers, For: need.Jobs}
		for _, w := range r.Fleet.Group(name) {
			if g.Phases == nil {
				g.Phases = map[fleet.Phase]int{}
			}
			g.Phases[w.Phase]++
			g.Total++
			if stage := w.Stage(); stage != "" {
				if g.Coming == nil {
					g.Coming = map[fleet.Stage]int{}
				}
				g.Coming[stage]++
			}
		}
		out = append(out, g)
	}
	return out
}

func worker(w fleet.Worker, fit int) Worker {
	out := Worker{
		Name: w.Name, Group: w.Group, Phase: w.Phase, Stage: w.Stage(), Jobs: w.Jobs, Fit: fit,
		Server: w.Node.ID, Nova: string(w.Node.Status), Address: w.Node.Address, Zone: w.Node.Zone,
		Created: when(w.Node.Created), Protected: w.Node.Protected,
	}
	if w.Node.Fault != nil {
		out.Fault = w.Node.Fault.Message
	}
	if w.Mark != cluster.Stays {
		out.Leaving = string(w.Mark)
	}
	if w.InPool {
		out.Total, out.Free, out.Pool, out.Draining = &w.Pool.Total, &w.Pool.Free, w.Pool.State, w.Pool.Draining
		if w.Jobs == 0 {
			out.Since = when(w.Pool.IdleSince)
		}
	} else {
		out.Since = when(w.AbsentSince)
	}
	return out
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Bound returns a group's bound in words: "-" where it has none.
func (g Group) Bound(n int) string {
	if !g.Managed || n == decide.Unsaid {
		return "-"
	}
	return strconv.Itoa(n)
}

// Others returns the number of the group's workers that are in none of the phases.
func (g Group) Others(phases ...fleet.Phase) int {
	n := g.Total
	for _, p := range phases {
		n -= g.Phases[p]
	}
	return n
}

// Exist returns the number of the cluster's workers that have a server.
func (s Status) Exist() int {
	n := 0
	for _, w := range s.Workers {
		if w.Phase != fleet.Vanished && w.Phase != fleet.Foreign {
			n++
		}
	}
	return n
}

// Coming returns the number of the cluster's workers on their way by stage.
func (s Status) Coming() map[fleet.Stage]int {
	all := map[fleet.Stage]int{}
	for _, g := range s.Groups {
		for stage, n := range g.Coming {
			all[stage] += n
		}
	}
	return all
}

// Sorted returns the workers, those that need attention first.
func (s Status) Sorted() []Worker {
	return slices.SortedStableFunc(slices.Values(s.Workers), func(a, b Worker) int {
		return cmp.Compare(urgency(a.Phase), urgency(b.Phase))
	})
}

func urgency(p fleet.Phase) int {
	switch p {
	case fleet.Broken, fleet.Absent, fleet.Vanished:
		return 0
	case fleet.Stopped, fleet.Closed:
		return 1
	}
	return 2
}
