package metrics

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// births follows new workers from the demand that causes them to their first job.
type births struct {
	unmet map[string]time.Time // group → time from which it has needed workers
	on    map[string]birth     // worker → its progress
	due   map[string]order     // group → decision whose workers are made after the round
	known map[string]bool      // workers of the last round
}

// order is a decision that an actuator carries out after its round.
type order struct{ wanted, decided time.Time }

type birth struct {
	wanted time.Time // time at which the demand was seen first
	made   time.Time
	joined time.Time
}

func newBirths() births {
	return births{unmet: map[string]time.Time{}, on: map[string]birth{}, due: map[string]order{}}
}

// seen follows a round that has decided: new demand, and workers that joined or got
// their first job.
func (b *births) seen(r record.Record, m *Metrics) {
	for group := range b.unmet {
		if _, still := r.Demand.Needs[group]; !still {
			delete(b.unmet, group)
		}
	}
	for group := range r.Demand.Needs {
		if _, known := b.unmet[group]; !known {
			b.unmet[group] = r.Time
		}
	}
	b.came(r, m)
	for name, w := range b.on {
		i := slices.IndexFunc(r.Fleet.Workers, func(f fleet.Worker) bool { return f.Name == name })
		if i < 0 {
			delete(b.on, name)
			continue
		}
		f := r.Fleet.Workers[i]
		if w.joined.IsZero() && (f.InPool || f.Jobs > 0) {
			w.joined = r.Time
			b.on[name] = w
			m.stage("join", w.joined.Sub(w.made))
		}
		if f.Jobs > 0 {
			m.stage("match", r.Time.Sub(w.joined))
			m.firstJob.Observe(r.Time.Sub(w.wanted).Seconds())
			delete(b.on, name)
		}
	}
}

// came begins to follow workers that were made between two rounds.
func (b *births) came(r record.Record, m *Metrics) {
	known := map[string]bool{}
	for _, w := range r.Fleet.Workers {
		known[w.Name] = true
		o, expected := b.due[w.Group]
		if _, followed := b.on[w.Name]; followed || !expected || b.known[w.Name] || w.Node.Created.Before(o.decided) {
			continue
		}
		m.stage("hold", o.decided.Sub(o.wanted))
		m.stage("create", w.Node.Created.Sub(o.decided))
		b.on[w.Name] = birth{wanted: o.wanted, made: w.Node.Created}
	}
	b.known = known
}

// made begins to follow the workers that a round has made for jobs. Workers that a
// group's minimum caused are not followed: no job waits for them.
func (b *births) made(r record.Record, now time.Time, m *Metrics) {
	for _, a := range r.Add {
		wanted, byJobs := b.unmet[a.Group]
		if !byJobs {
			continue
		}
		if len(r.Added) == 0 {
			b.due[a.Group] = order{wanted: wanted, decided: r.Time}
			continue
		}
		delete(b.unmet, a.Group) // workers that are needed after that are a new demand
		delete(b.due, a.Group)
		for _, name := range r.Added {
			if cluster.GroupOf(r.Cluster, name) != a.Group {
				continue
			}
			m.stage("hold", r.Time.Sub(wanted))
			m.stage("create", now.Sub(r.Time))
			b.on[name] = birth{wanted: wanted, made: now}
		}
	}
}

func (m *Metrics) stage(name string, d time.Duration) {
	m.stages.WithLabelValues(name).Observe(max(0, d.Seconds()))
}
