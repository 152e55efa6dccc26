package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// rounds are the metrics of rounds' parts, of the running round and of the watchdog. It
// implements loop.Follower.
type rounds struct {
	now     func() time.Time
	parts   *prometheus.HistogramVec
	running prometheus.Gauge
	inPart  *prometheus.GaugeVec
	alarms  *prometheus.CounterVec

	mu sync.Mutex // guards at
	at record.Progress
}

// newRounds registers the metrics. Each part has its samples from the start, except for
// the histogram, in which a part appears with the first round that it takes time in.
func newRounds(registry prometheus.Registerer, now func() time.Time) *rounds {
	r := &rounds{now: now}
	r.parts = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: prefix + "tick_part_seconds", Help: "Length of a part of a round, of the rounds in which it took time.",
		Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120},
	}, []string{"part"})
	r.running = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: prefix + "tick_running_seconds", Help: "How long the running round has lasted; 0 between two rounds.",
	})
	r.inPart = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: prefix + "tick_running_part_seconds", Help: "How long the running round has been in its part; 0 for the other parts.",
	}, []string{"part"})
	r.alarms = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: prefix + "watchdog_alarms_total", Help: "Rounds that lasted longer than a minute, by the part that they were in then.",
	}, []string{"part"})
	registry.MustRegister(r.parts, r.running, r.inPart, r.alarms)
	for _, p := range record.RoundParts {
		r.alarms.WithLabelValues(string(p))
	}
	return r
}

// Running notes where the running round is. It implements loop.Follower.
func (r *rounds) Running(p record.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = p
}

// Overdue counts a round that lasts for too long. It implements loop.Follower.
func (r *rounds) Overdue(p record.Progress) { r.alarms.WithLabelValues(string(p.Part)).Inc() }

// took counts the parts of a finished round.
func (r *rounds) took(seconds record.PartSeconds) {
	for _, p := range record.RoundParts {
		if s := seconds[p]; s > 0 {
			r.parts.WithLabelValues(string(p)).Observe(s)
		}
	}
}

// show sets the gauges of the running round to the present time.
func (r *rounds) show() {
	r.mu.Lock()
	at := r.at
	r.mu.Unlock()
	now := r.now()
	for _, p := range record.RoundParts {
		r.inPart.WithLabelValues(string(p)).Set(0)
	}
	if !at.Runs() {
		r.running.Set(0)
		return
	}
	r.running.Set(max(0, now.Sub(at.Begun).Seconds()))
	r.inPart.WithLabelValues(string(at.Part)).Set(max(0, now.Sub(at.Since).Seconds()))
}
