package loop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// Record is one tick: what was seen, what was decided and why, what came of it.
type Record struct {
	Time       time.Time           `json:"time"`
	Cluster    string              `json:"cluster,omitempty"`
	Generation int64               `json:"generation,omitempty"`
	Waiting    int                 `json:"jobs_waiting"`
	Running    int                 `json:"jobs_running"`
	Workers    map[fleet.Phase]int `json:"workers,omitempty"`
	Needed     int                 `json:"workers_needed"` // beyond those there are
	DryRun     bool                `json:"dry_run,omitempty"`
	Watching   bool                `json:"watching,omitempty"` // not the tick that acts
	decide.Decision
	Added     []string `json:"added,omitempty"`     // names of the workers made
	Collected []string `json:"collected,omitempty"` // what gone servers had left: "port …"
	Errors    []string `json:"errors,omitempty"`    // of actions
	Error     string   `json:"error,omitempty"`     // why nothing could be decided
	Seconds   float64  `json:"seconds"`
	// Of Seconds, what reading took, and of that the batch system's tools.
	ReadSeconds  float64 `json:"read_seconds,omitempty"`
	QueueSeconds float64 `json:"queue_seconds,omitempty"`

	Standby string `json:"standby,omitempty"` // why another scaler acts, and not this one
	Holder  string `json:"-"`                 // another scaler that holds the lease

	Fleet  fleet.Fleet   `json:"-"`
	Demand demand.Demand `json:"-"`
	Facts  decide.Facts  `json:"-"`
	Policy decide.Policy `json:"-"` // with the bounds that the cluster has
	err    error
	unsure bool // nobody knows yet whether the other scaler lives
}

func (r *Record) fill(f decide.Facts, out decide.Outcome) {
	r.Cluster, r.Generation = f.Cluster.Document.Name, f.Cluster.Document.Generation
	r.Waiting, r.Running = f.Queue.Waiting(), f.Queue.Running
	r.Needed = out.Demand.New()
	r.Workers = map[fleet.Phase]int{}
	for _, w := range out.Fleet.Workers {
		r.Workers[w.Phase]++
	}
	r.Decision, r.Fleet, r.Demand = out.Decision, out.Fleet, out.Demand
}

// Failed returns why nothing was decided, or what was decided and failed.
func (r Record) Failed() error { return r.err }

// Unread is the record of a tick that could not read.
func Unread(at time.Time, err error) Record {
	return Record{Time: at, Error: err.Error(), err: err}
}

// summary is what changes only when something happens.
func (r Record) summary() string {
	return fmt.Sprintf("%d %d %v", r.Waiting, r.Running, r.Workers)
}

// JSONLines writes records, one a line.
type JSONLines struct {
	mu sync.Mutex
	W  io.Writer
}

// Record implements Recorder.
func (j *JSONLines) Record(r Record) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false) // "CPUs 64 > 2" is for people, too
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("encode a record: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.W.Write(line.Bytes()); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

// tell logs what was seen and decided, before it is acted upon: actions always,
// the rest when it is new.
func (l *Loop) tell(r Record) {
	log := l.Log
	if r.DryRun {
		log = log.With("dry_run", true)
	}
	if r.Watching {
		log = log.With("watching", true) // it is not done in this round
	}
	told := map[string]bool{}
	if s := r.summary(); !l.told[s] {
		log.Info("queue and workers", "jobs_waiting", r.Waiting, "jobs_running", r.Running, "workers", workersText(r.Workers), "workers_needed", r.Needed)
	}
	told[r.summary()] = true
	for _, u := range r.Undrain {
		log.Info("worker stays after all", "worker", u.Worker, "because", u.Reason)
	}
	for _, s := range r.Drain {
		log.Info("worker is asked to leave", "worker", s.Worker, "because", s.Reason)
	}
	for _, s := range r.Remove {
		log.Info("worker is removed", "worker", s.Worker, "because", s.Reason)
	}
	for _, s := range r.Discard {
		log.Info("a server is deleted", "worker", s.Worker, "server", s.Server, "because", s.Reason)
	}
	for _, a := range r.Add {
		log.Info("workers are added", "group", a.Group, "count", a.Count, "because", a.Reason)
	}
	for _, n := range r.Notes {
		key := matterOf(n)
		if !l.told[key] {
			log.Info("not done", "about", n.About, "because", n.Reason)
		}
		told[key] = true
	}
	l.told = told
}

func workersText(by map[fleet.Phase]int) string {
	var parts []string
	for _, p := range []fleet.Phase{fleet.Busy, fleet.Idle, fleet.Booting, fleet.Leaving, fleet.Closed, fleet.Absent, fleet.Stopped, fleet.Broken, fleet.Vanished, fleet.Foreign} {
		if by[p] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[p], p))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// matterOf returns a text that is the same for notes of the same matter in later
// rounds. Notes about the workers of a group are one matter: a hundred of them would
// fill the log.
func matterOf(n decide.Note) string {
	about := n.About
	if !strings.HasPrefix(about, "group ") {
		about = strings.TrimRight(about, "0123456789")
	}
	return about + "\x00" + WithoutNumbers(n.Reason)
}

// numbers are what changes from round to round in the words of the same matter:
// "12", "0.5", "1m30s".
var numbers = regexp.MustCompile(`[0-9][0-9.hms]*`)

// WithoutNumbers returns words without the numbers and durations in them.
func WithoutNumbers(words string) string { return numbers.ReplaceAllString(words, "") }
