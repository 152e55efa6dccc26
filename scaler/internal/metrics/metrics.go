// Package metrics counts what the loop sees and does, in Prometheus' format. The names
// are documented in docs/scaler.md; a test compares the two.
package metrics

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/usage"
)

const prefix = "vmcluster_scaler_"

// Metrics are the scaler's metrics. It implements loop.Observer and loop.Follower, and is
// safe for concurrent use.
type Metrics struct {
	*rounds

	registry *prometheus.Registry
	now      func() time.Time

	jobs       *prometheus.GaugeVec
	oldest     prometheus.Gauge
	workers    *prometheus.GaugeVec
	coming     *prometheus.GaugeVec
	bound      *prometheus.GaugeVec
	needed     *prometheus.GaugeVec
	generation prometheus.Gauge
	dryRun     prometheus.Gauge
	stopped    prometheus.Gauge
	standby    prometheus.Gauge
	lastTick   prometheus.Gauge

	decisions *prometheus.CounterVec
	made      prometheus.Counter
	time      *prometheus.CounterVec
	cost      *prometheus.CounterVec
	faults    *prometheus.CounterVec
	failed    *prometheus.CounterVec
	unread    *prometheus.CounterVec
	ticks     *prometheus.CounterVec
	tick      prometheus.Histogram
	stages    *prometheus.HistogramVec
	firstJob  prometheus.Histogram

	// mu guards the fields below, and makes each scrape show a whole round. It is not
	// held while an answer is written to a scraper.
	mu      sync.Mutex
	readAt  time.Time
	decided map[string]bool // actions of the last round
	sick    map[string]bool // workers of the last round whose fault was counted
	births  births
	usage   usage.Meter
	prices  map[string]float64
}

// New returns metrics without values. Version is the scaler's version.
func New(version string, now func() time.Time) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), now: now, sick: map[string]bool{}, births: newBirths()}
	m.rounds = newRounds(m.registry, now)
	m.gauges()
	m.counters()
	info := m.gaugeVec("build_info", "Always 1; the version is a label.", "version")
	info.WithLabelValues(version).Set(1)
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: prefix + "data_age_seconds", Help: "Age of the latest reading of cluster and queue; -1 before the first.",
	}, m.age)
	m.registry.MustRegister(age, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) gauges() {
	m.jobs = m.gaugeVec("jobs", "Jobs by state: waiting (those that count), running, not_counted, unmet (waiting without a worker to come).", "state")
	m.oldest = m.gauge("oldest_job_age_seconds", "How long the oldest waiting job that counts has waited; 0 where none does.")
	m.workers = m.gaugeVec("workers", "Workers by group and phase. Strangers in the pool have the group \"\".", "group", "phase")
	m.coming = m.gaugeVec("workers_on_their_way", "Booting workers by how far they have come: requested, building, has_address, enrolled, started.", "group", "stage")
	m.bound = m.gaugeVec("group_bound", "Least and most workers of a group in the scaler's charge.", "group", "bound")
	m.needed = m.gaugeVec("workers_needed", "New workers that the waiting jobs need.", "group")
	m.generation = m.gauge("cluster_generation", "Generation of the cluster document.")
	m.dryRun = m.gauge("dry_run", "1 where decisions are not carried out.")
	m.stopped = m.gauge("stopped", "1 while nothing is done at all, because too many workers are sick.")
	m.standby = m.gauge("standby", "1 while another scaler holds the lease and this one waits.")
	m.lastTick = m.gauge("last_tick_timestamp_seconds", "When the last round ended.")
}

func (m *Metrics) counters() {
	m.decisions = m.counterVec("decisions_total", "Workers that it was decided to add, enrol, drain, undrain, remove, forget or discard; a step that goes on counts once.", "group", "action")
	m.made = m.counter("workers_made_total", "Workers that were made.")
	m.time = m.counterVec("worker_seconds_total", "Time for which workers have existed, added up over a group's workers.", "group")
	m.cost = m.counterVec("worker_cost_total", "What that time costs, of groups that have a price_per_hour.", "group")
	m.faults = m.counterVec("worker_faults_total", "Workers found broken (server in ERROR), absent (not in the pool for the join timeout) or vanished (no server).", "group", "phase")
	m.failed = m.counterVec("action_failures_total", "Calls to carry out a decision that failed, by the kind of fault.", "kind")
	m.unread = m.counterVec("read_failures_total", "Rounds in which the cluster or the queue could not be read.", "what")
	m.ticks = m.counterVec("ticks_total", "Rounds by result: ok, unread, failed (an action failed).", "result")
	m.tick = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "tick_seconds", Help: "Length of a round, actions included.",
		Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800},
	})
	m.stages = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    prefix + "worker_stage_seconds",
		Help:    "How long the stages of a new worker take: hold (demand to decision), create (decision to server), join (server to pool), match (pool to first job).",
		Buckets: []float64{5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800},
	}, []string{"stage"})
	m.firstJob = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "demand_to_first_job_seconds", Help: "From the first sight of demand to the first job on the worker made for it.",
		Buckets: []float64{30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800, 3600},
	})
	m.registry.MustRegister(m.tick, m.stages, m.firstJob)
	for _, what := range []string{"cluster", "queue"} {
		m.unread.WithLabelValues(what)
	}
	for _, kind := range []cluster.FaultKind{cluster.FaultQuota, cluster.FaultNoHost, cluster.FaultOther} {
		m.failed.WithLabelValues(string(kind))
	}
	for _, result := range []string{"ok", "unread", "failed"} {
		m.ticks.WithLabelValues(result)
	}
	for _, stage := range []string{"hold", "create", "join", "match"} {
		m.stages.WithLabelValues(stage)
	}
}

func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

// Handler serves the metrics. Each answer shows one moment. A scraper that reads slowly
// delays its own answer and no round.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(prometheus.GathererFunc(m.gather), promhttp.HandlerOpts{Registry: m.registry})
}

func (m *Metrics) gather() ([]*dto.MetricFamily, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.show()
	return m.registry.Gather()
}

// age returns the age of the latest reading in seconds. Gather calls it and holds the
// lock.
func (m *Metrics) age() float64 {
	if m.readAt.IsZero() {
		return -1
	}
	return max(0, m.now().Sub(m.readAt).Seconds())
}

// Decided shows what a round saw and counts what it decided. It implements
// loop.Observer.
func (m *Metrics) Decided(r record.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readAt = r.Facts.Queue.ReadAt()
	m.seen(status.Of(r))
	m.stopped.Set(0)
	if r.Stopped != "" {
		m.stopped.Set(1)
	}
	m.standby.Set(0)
	if r.Standby == "" { // else the scaler that acts counts
		m.count(r)
	} else {
		m.standby.Set(1)
	}
	m.births.seen(r, m)
}

// Finished counts what came of a round. It implements loop.Observer.
func (m *Metrics) Finished(r record.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.lastTick.Set(float64(now.UnixMilli()) / 1000)
	m.tick.Observe(r.Seconds)
	m.took(r.PartSeconds)
	m.made.Add(float64(len(r.Added)))
	m.used(r)
	for _, kind := range r.Faults {
		m.failed.WithLabelValues(string(kind)).Inc()
	}
	switch {
	case r.Unread != "":
		m.unread.WithLabelValues(string(r.Unread)).Inc()
		m.ticks.WithLabelValues("unread").Inc()
	case r.Error != "":
		m.ticks.WithLabelValues("unread").Inc() // the scaler was asked to stop
	case len(r.Errors) > 0:
		m.ticks.WithLabelValues("failed").Inc()
	default:
		m.ticks.WithLabelValues("ok").Inc()
	}
	if r.Standby == "" {
		m.births.made(r, now, m)
	}
}

// SetPrices sets what a worker of each group costs for an hour.
func (m *Metrics) SetPrices(prices map[string]float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prices = prices
}

// used counts the workers' time since the round before.
func (m *Metrics) used(r record.Record) {
	for group, seconds := range m.usage.Add(r) {
		if r.Standby != "" { // the scaler that acts counts
			continue
		}
		m.time.WithLabelValues(group).Add(seconds)
		if price, ok := m.prices[group]; ok {
			m.cost.WithLabelValues(group).Add(price * seconds / 3600)
		}
	}
}

// seen sets the gauges.
func (m *Metrics) seen(s status.Status) {
	notCounted, unmet := 0, 0
	for _, j := range s.Queue.Skipped {
		notCounted += j.Count
	}
	for _, j := range s.Queue.Unmet {
		unmet += j.Count
	}
	for state, n := range map[string]int{"waiting": s.Queue.Waiting, "running": s.Queue.Running, "not_counted": notCounted, "unmet": unmet} {
		m.jobs.WithLabelValues(state).Set(float64(n))
	}
	m.oldest.Set(0)
	if s.Queue.Oldest != nil {
		m.oldest.Set(max(0, s.Time.Sub(*s.Queue.Oldest).Seconds()))
	}
	m.generation.Set(float64(s.Generation))
	m.dryRun.Set(0)
	if s.DryRun {
		m.dryRun.Set(1)
	}
	m.workers.Reset()
	m.coming.Reset()
	m.bound.Reset()
	m.needed.Reset()
	for _, g := range s.Groups {
		for _, p := range record.Phases {
			if p != fleet.Foreign {
				m.workers.WithLabelValues(g.Name, string(p)).Set(0)
			}
		}
		for _, stage := range fleet.Stages {
			m.coming.WithLabelValues(g.Name, string(stage)).Set(float64(g.Coming[stage]))
		}
		if g.Managed {
			m.bound.WithLabelValues(g.Name, "min").Set(float64(g.Min))
			m.bound.WithLabelValues(g.Name, "max").Set(float64(g.Max))
			m.needed.WithLabelValues(g.Name).Set(float64(g.Needed))
		}
	}
	for _, w := range s.Workers {
		m.workers.WithLabelValues(w.Group, string(w.Phase)).Inc()
	}
}

// count counts the decisions and faults that the last round did not have.
func (m *Metrics) count(r record.Record) {
	decided := map[string]bool{}
	for _, a := range r.Add {
		m.decisions.WithLabelValues(a.Group, journal.Add).Add(float64(a.Count))
	}
	step := func(action, worker, group string) {
		key := action + " " + worker
		decided[key] = true
		if !m.decided[key] {
			m.decisions.WithLabelValues(group, action).Inc()
		}
	}
	for _, s := range r.Enrol {
		step(journal.Enrol, s.Worker, s.Group)
	}
	for _, s := range r.Forget {
		step(journal.Forget, s.Worker, s.Group)
	}
	for _, s := range r.Drain {
		step(journal.Drain, s.Worker, s.Group)
	}
	for _, s := range r.Undrain {
		step(journal.Undrain, s.Worker, s.Group)
	}
	for _, s := range r.Remove {
		step(journal.Remove, s.Worker, s.Group)
	}
	for _, s := range r.Discard {
		step(journal.Discard, s.Server, s.Group)
	}
	m.decided = decided
	sick := map[string]bool{}
	for _, w := range r.Fleet.Workers {
		switch w.Phase {
		case fleet.Broken, fleet.Absent, fleet.Vanished:
			key := string(w.Phase) + " " + w.Name + " " + w.Node.ID
			sick[key] = true
			if !m.sick[key] {
				m.faults.WithLabelValues(w.Group, string(w.Phase)).Inc()
			}
		}
	}
	m.sick = sick
}
