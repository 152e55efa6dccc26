// Package journal makes a history of events from records, and keeps records in the
// file of decisions. An event is an action, or a reason against one that held for
// several rounds.
package journal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Kinds of events, see Event.What.
const (
	Add     = "add"
	Enrol   = "enrol"
	Drain   = "drain"
	Undrain = "undrain"
	Remove  = "remove"
	Forget  = "forget"
	Discard = "discard"
	Nothing = "nothing"
	Failed  = "failed"
)

// Event is something that was decided in one round, or in several consecutive rounds.
type Event struct {
	From   time.Time `json:"from"`  // of the first round
	To     time.Time `json:"to"`    // of the last round
	What   string    `json:"what"`  // the kind
	About  string    `json:"about"` // a worker, "group NAME", "jobs", "queue"
	Group  string    `json:"group,omitempty"`
	Count  int       `json:"count,omitempty"` // of workers that are added or enrolled
	Names  []string  `json:"names,omitempty"` // of workers that were made or enrolled
	Reason string    `json:"reason"`          // the latest wording
	DryRun bool      `json:"dry_run,omitempty"`

	matter string // the same in consecutive rounds, in which the numbers in Reason change
}

// Action reports whether the event changes something.
func (e Event) Action() bool { return e.What != Nothing && e.What != Failed }

func (e Event) key() string {
	return e.What + "\x00" + e.About + "\x00" + e.matter
}

// Journal collects the latest events.
type Journal struct {
	limit  int
	events []Event
	open   map[string]int // events of the last record: key → index
}

// New returns an empty journal that keeps about limit events; 0 is no limit.
func New(limit int) *Journal { return &Journal{limit: limit} }

// Of returns the events of records, the oldest first.
func Of(records []record.Record) []Event {
	j := New(0)
	for _, r := range records {
		j.Add(r)
	}
	return j.Events()
}

// Add adds the record of a finished round. Records come in the order of their times.
func (j *Journal) Add(r record.Record) {
	open := map[string]int{}
	for _, e := range events(r) {
		key := e.key()
		if i, same := j.open[key]; same {
			j.events[i].To, j.events[i].Reason = e.To, e.Reason
			open[key] = i
			continue
		}
		open[key] = len(j.events)
		j.events = append(j.events, e)
	}
	j.open = open
	if j.limit > 0 && len(j.events) > 2*j.limit {
		j.trim()
	}
}

// trim drops the oldest events, except those of the last record.
func (j *Journal) trim() {
	goesOn := map[int]string{}
	for key, i := range j.open {
		goesOn[i] = key
	}
	var kept []Event
	open := map[string]int{}
	for i, e := range j.events {
		key, on := goesOn[i]
		if !on && i < len(j.events)-j.limit {
			continue
		}
		if on {
			open[key] = len(kept)
		}
		kept = append(kept, e)
	}
	j.events, j.open = kept, open
}

// Events returns the events, the oldest first.
func (j *Journal) Events() []Event { return slices.Clone(j.events) }

func events(r record.Record) []Event {
	var out []Event
	add := func(e Event) {
		e.From, e.To, e.DryRun = r.Time, r.Time, r.DryRun
		if e.matter == "" {
			e.matter = record.WithoutNumbers(e.Reason)
		}
		out = append(out, e)
	}
	// because adds an event with a reason. The text in e.Reason follows the reason's words.
	because := func(e Event, why reason.Reason) {
		e.matter = why.Key() + e.Reason
		e.Reason = why.String() + e.Reason
		add(e)
	}
	if r.Error != "" {
		add(Event{What: Failed, About: "scaler", Reason: r.Error})
	}
	if r.Standby != "" { // the scaler that acts carries out what was decided
		add(Event{What: Nothing, About: "scaler", Reason: r.Standby})
		return out
	}
	if !r.Watching { // else they are not carried out
		actions(r, because)
	}
	if r.Stopped != "" {
		add(Event{What: Failed, About: "scaler", Reason: "stopped: " + r.Stopped})
	}
	for _, e := range r.Errors {
		add(Event{What: Failed, About: "scaler", Reason: e})
	}
	for _, n := range r.Notes {
		because(Event{What: Nothing, About: n.About}, n.Reason)
	}
	return out
}

func actions(r record.Record, because func(Event, reason.Reason)) {
	for _, a := range r.Add {
		because(Event{What: Add, About: "group " + a.Group, Group: a.Group, Count: a.Count, Names: made(r, a.Group)}, a.Reason)
	}
	enrolments(r, because)
	for _, s := range r.Undrain {
		because(Event{What: Undrain, About: s.Worker, Group: s.Group}, s.Reason)
	}
	for _, s := range r.Drain {
		because(Event{What: Drain, About: s.Worker, Group: s.Group}, s.Reason)
	}
	for _, s := range r.Remove {
		because(Event{What: Remove, About: s.Worker, Group: s.Group}, s.Reason)
	}
	for _, s := range r.Forget {
		because(Event{What: Forget, About: s.Worker, Group: s.Group}, s.Reason)
	}
	for _, s := range r.Discard {
		because(Event{What: Discard, About: s.Worker, Group: s.Group, Reason: " (server " + s.Server + ")"}, s.Reason)
	}
}

// enrolments adds one event for each group. Many workers may come at once, and their
// reasons differ in addresses alone.
func enrolments(r record.Record, because func(Event, reason.Reason)) {
	groups := map[string]*Event{}
	var order []string
	reasons := map[string]reason.Reason{}
	for _, s := range r.Enrol {
		e := groups[s.Group]
		if e == nil {
			e = &Event{What: Enrol, About: "group " + s.Group, Group: s.Group}
			groups[s.Group], reasons[s.Group], order = e, s.Reason, append(order, s.Group)
		}
		e.Count++
		e.Names = append(e.Names, s.Worker)
		if e.Count > 1 {
			reasons[s.Group] = reason.Said("their servers have addresses, and no roster has them yet")
		}
	}
	for _, group := range order {
		because(*groups[group], reasons[group])
	}
}

// made returns the workers of a group that the round made.
func made(r record.Record, group string) []string {
	var names []string
	for _, name := range r.Added {
		if cluster.GroupOf(r.Cluster, name) == group {
			names = append(names, name)
		}
	}
	return names
}

// mostNamed is the number of workers that a title names at most.
const mostNamed = 8

// Title returns what was decided in words: "add 2 (astro-cpu-1, astro-cpu-2)".
func (e Event) Title() string {
	title := e.What
	if e.What == Add || e.What == Enrol {
		title += " " + strconv.Itoa(e.Count)
	}
	if names := e.Names; len(names) > mostNamed {
		title += fmt.Sprintf(" (%s and %d more)", strings.Join(names[:mostNamed-1], ", "), len(names)-mostNamed+1)
	} else if len(names) > 0 {
		title += " (" + strings.Join(names, ", ") + ")"
	}
	if e.DryRun && e.Action() {
		title += ", not carried out: dry run"
	}
	return title
}
