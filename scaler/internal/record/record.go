// Package record holds what a round of the scaler saw, decided and did, as data:
// for the file of decisions, the page, the metrics and the verbs that show it. It
// imports nothing that acts.
package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// Record is one round: what was seen, what was decided and why, what came of it. Its
// JSON is one line of the file of decisions. Fields without JSON are for the parts of
// the running scaler.
type Record struct {
	Time       time.Time           `json:"time"` // when the round began
	Cluster    string              `json:"cluster,omitempty"`
	Generation int64               `json:"generation,omitempty"` // of the cluster document
	Waiting    int                 `json:"jobs_waiting"`
	Running    int                 `json:"jobs_running"`
	Workers    map[fleet.Phase]int `json:"workers,omitempty"`
	Coming     map[fleet.Stage]int `json:"on_their_way,omitempty"` // the booting ones, by how far they have come
	Groups     map[string]Group    `json:"groups,omitempty"`       // the cluster's groups; nil: nothing was read
	Thinned    bool                `json:"thinned,omitempty"`      // the record stands for the rounds up to the next record
	Needed     int                 `json:"workers_needed"`         // beyond those that exist
	DryRun     bool                `json:"dry_run,omitempty"`
	Watching   bool                `json:"watching,omitempty"`  // a round that does not act
	Finishing  bool                `json:"finishing,omitempty"` // a round that only finishes what an earlier one has begun
	decide.Decision
	Added []string `json:"added,omitempty"` // names of workers whose servers the cloud makes
	// Unanswered are names of workers whose create calls got no answer.
	Unanswered []string `json:"unanswered,omitempty"`
	Enrolled   []string `json:"enrolled,omitempty"`  // names of workers written into the roster
	Collected  []string `json:"collected,omitempty"` // remains of deleted servers: "port …"
	Errors     []string `json:"errors,omitempty"`    // of actions
	Error      string   `json:"error,omitempty"`     // why nothing could be decided
	Seconds    float64  `json:"seconds"`             // length of the round
	// PartSeconds are the parts of Seconds. PartRecord also has the time in which the
	// record of the round before was written, which is no part of Seconds.
	PartSeconds PartSeconds `json:"part_seconds,omitempty"`

	Standby string `json:"standby,omitempty"` // why another scaler acts, and not this one
	Holder  string `json:"-"`                 // another scaler that holds the lease

	Unread Source              `json:"-"` // what could not be read, for the reason in Error; empty if everything was
	Faults []cluster.FaultKind `json:"-"` // of each of Errors, in their order

	Fleet  fleet.Fleet   `json:"-"`
	Demand demand.Demand `json:"-"`
	Facts  decide.Facts  `json:"-"`
	Policy decide.Policy `json:"-"` // with the bounds that the cluster has
	Input  *Input        `json:"-"` // the input of the decision; nil: there was none
}

// Source is what a round reads.
type Source string

// The sources.
const (
	SourceCluster Source = "cluster"
	SourceQueue   Source = "queue"
)

// Standing is a scaler's state with regard to the lease of its cluster.
type Standing struct {
	Mine   bool
	Holder string // another scaler that holds it
	Sure   bool   // the other scaler was seen to be alive
}

// Decided sets what a round has read and decided.
func (r *Record) Decided(in Input, out decide.Outcome) {
	f := in.Facts
	r.Cluster, r.Generation = f.Cluster.Document.Name, f.Cluster.Document.Generation
	r.Waiting, r.Running = f.Queue.Waiting(), f.Queue.Running
	r.Needed = out.Demand.New()
	r.Workers, r.Coming = map[fleet.Phase]int{}, map[fleet.Stage]int{}
	for _, w := range out.Fleet.Workers {
		r.Workers[w.Phase]++
		if stage := w.Stage(); stage != "" {
			r.Coming[stage]++
		}
	}
	r.Decision, r.Fleet, r.Demand, r.Facts = out.Decision, out.Fleet, out.Demand, f
	r.Policy, r.Input = in.Policy.At(in.Now).For(f.Cluster.Document.Groups), &in
	r.Groups = groups(out.Fleet, f.Cluster.Document.Groups, r.Policy)
}

// Acted reports whether something was done in the round, or would have been in one that
// only reads. To look in vain for what a gone server left is not.
func (r Record) Acted() bool {
	done := r.Decision
	done.Collect = nil
	return !done.Nothing() || len(r.Collected) > 0
}

// Group is the state of a worker group in one round, or in several.
type Group struct {
	Workers map[fleet.Phase]int `json:"workers,omitempty"`
	Scaled  bool                `json:"scaled,omitempty"` // the scaler owns the number of workers
	Min     int                 `json:"min,omitempty"`    // of a group that is scaled
	Max     int                 `json:"max,omitempty"`
	// Of a record that stands for several rounds: the time for which workers existed in
	// these, added up over the workers.
	WorkerSeconds float64 `json:"worker_seconds,omitempty"`
}

// Exist returns the number of workers that have a server.
func (g Group) Exist() int {
	n := 0
	for phase, count := range g.Workers {
		if phase != fleet.Vanished {
			n += count
		}
	}
	return n
}

func groups(f fleet.Fleet, specs map[string]cluster.GroupSpec, p decide.Policy) map[string]Group {
	out := make(map[string]Group, len(specs))
	for name := range specs {
		b, scaled := p.Groups[name]
		g := Group{Scaled: scaled}
		if scaled {
			g.Min, g.Max = b.Min, b.Max
		}
		out[name] = g
	}
	for _, w := range f.Workers {
		g, known := out[w.Group]
		if !known || w.Phase == fleet.Foreign {
			continue
		}
		if g.Workers == nil {
			g.Workers = map[fleet.Phase]int{}
		}
		g.Workers[w.Phase]++
		out[w.Group] = g
	}
	return out
}

// Failed notes an action that failed.
func (r *Record) Failed(err error) {
	r.Errors = append(r.Errors, err.Error())
	r.Faults = append(r.Faults, cluster.KindOf(err))
}

// Phases are the phases of workers in the order in which they are shown.
var Phases = []fleet.Phase{
	fleet.Busy, fleet.Idle, fleet.Booting, fleet.Leaving, fleet.Deleting, fleet.Closed, fleet.Absent, fleet.Stopped, fleet.Broken, fleet.Vanished,
	fleet.Foreign,
}

// PhasesText returns the number of workers in each phase in words: "2 busy, 1 idle",
// or "none".
func PhasesText(workers map[fleet.Phase]int) string {
	return numbers(Phases, workers, func(p fleet.Phase) string { return string(p) })
}

// StagesText returns the number of workers on their way by stage in words: "2 building,
// 1 enrolled", or "none".
func StagesText(coming map[fleet.Stage]int) string {
	return numbers(fleet.Stages, coming, fleet.Stage.Words)
}

// numbers returns the numbers that are not 0 in words, in the order of their kinds.
func numbers[K comparable](kinds []K, counts map[K]int, words func(K) string) string {
	var parts []string
	for _, k := range kinds {
		if counts[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[k], words(k)))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// JSONLines writes records, one a line. It is safe for concurrent use.
type JSONLines struct {
	mu sync.Mutex
	W  io.Writer
}

// Record writes one record.
func (j *JSONLines) Record(r Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return WriteLine(j.W, r)
}

// WriteLine writes a value as one line of JSON, in a single call of Write.
func WriteLine(w io.Writer, v any) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false) // "CPUs 64 > 2" is for people, too
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encode a record: %w", err)
	}
	if _, err := w.Write(line.Bytes()); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}
