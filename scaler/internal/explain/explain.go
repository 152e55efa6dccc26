// Package explain words why a job waits, why a worker stays or goes, and why a group
// grows or does not: from the record of one round, and from the events of earlier
// ones. It consists of functions of values.
package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

// Explanation is what is known about a subject.
type Explanation struct {
	Subject string          `json:"subject"`
	Kind    string          `json:"kind"` // "job", "worker" or "group"
	Now     []string        `json:"now"`
	Events  []journal.Event `json:"events,omitempty"`
}

// Kinds of subject.
const (
	Job    = "job"
	Worker = "worker"
	Group  = "group"
)

// Kind returns the kind of subject that a name stands for: a job's number, a group, or
// else a worker.
func Kind(name string, r record.Record, events []journal.Event) string {
	if r.Facts.Queue.Traits.IsJobID(name) {
		return Job
	}
	if _, ok := r.Facts.Cluster.Document.Groups[name]; ok {
		return Group
	}
	if _, ok := r.Policy.Groups[name]; ok {
		return Group
	}
	isWorker := slices.ContainsFunc(r.Fleet.Workers, func(w fleet.Worker) bool { return w.Name == name })
	if !isWorker && slices.ContainsFunc(events, func(e journal.Event) bool { return e.Group == name || e.About == "group "+name }) {
		return Group
	}
	return Worker
}

// NamesOf lists the groups and workers that can be explained, for the error about an
// unknown one.
func NamesOf(r record.Record) string {
	var names []string
	for _, g := range status.Of(r).Groups {
		names = append(names, g.Name)
	}
	for _, w := range r.Fleet.Workers {
		names = append(names, w.Name)
	}
	if len(names) == 0 {
		return "no groups and no workers"
	}
	return strings.Join(names, ", ")
}

// Known reports whether a record has the worker.
func (e Explanation) Known(r record.Record) bool {
	return slices.ContainsFunc(r.Fleet.Workers, func(w fleet.Worker) bool { return w.Name == e.Subject })
}

// OfWorker explains a worker. With an empty record, only the events explain it.
func OfWorker(name string, r record.Record, events []journal.Event) Explanation {
	e := Explanation{Subject: name, Kind: Worker, Events: about(events, func(e journal.Event) bool {
		return e.About == name || slices.Contains(e.Names, name)
	})}
	i := slices.IndexFunc(r.Fleet.Workers, func(w fleet.Worker) bool { return w.Name == name })
	if i < 0 {
		if r.Cluster != "" {
			e.Now = []string{"There is no such worker now."}
		}
		return e
	}
	w := r.Fleet.Workers[i]
	e.Now = append(e.Now, inWords(w, r))
	if w.Node.ID != "" {
		e.Now = append(e.Now, server(w, r.Time))
	}
	if w.InPool {
		e.Now = append(e.Now, fmt.Sprintf("In the pool: %s of %s free, state %s.", w.Pool.Free, w.Pool.Total, w.Pool.State))
	}
	if n := r.Demand.On(name); n > 0 {
		e.Now = append(e.Now, fmt.Sprintf("%s would fit on it.", text.Count(n, "waiting job")))
	}
	e.Now = append(e.Now, decided(r, name, "")...)
	return e
}

// inWords returns what a worker's phase means.
func inWords(w fleet.Worker, r record.Record) string {
	absent := text.Duration(r.Time.Sub(w.AbsentSince))
	switch w.Phase {
	case fleet.Busy:
		return fmt.Sprintf("It runs %s: a worker with a job is never removed.", text.Count(w.Jobs, "job"))
	case fleet.Idle:
		return fmt.Sprintf("It is in the pool and has run nothing for %s.", text.Duration(r.Time.Sub(w.Pool.IdleSince)))
	case fleet.Booting:
		return way(w.Stage()) + " " + fmt.Sprintf("It has been on its way into the pool for %s, counts as capacity, and is replaced if it has not come after %s.", absent, text.Duration(r.Policy.JoinTimeout))
	case fleet.Leaving:
		return "It is asked to leave by a mark in the cluster document (" + string(w.Mark) + ")."
	case fleet.Deleting:
		return "Its server is being deleted: it takes no new jobs, and nothing calls it back."
	case fleet.Closed:
		return "It takes no jobs, and not by the scaler's wish: the scaler leaves it alone."
	case fleet.Absent:
		return fmt.Sprintf("It has not been in the pool for %s, longer than %s.", absent, text.Duration(r.Policy.JoinTimeout))
	case fleet.Stopped:
		return "Its server is switched off: the scaler leaves it alone."
	case fleet.Broken:
		return "Its server is in ERROR, and it is not in the pool."
	case fleet.Vanished:
		return "It is in the cluster's roster, but there is no such server."
	case fleet.Foreign:
		return "It is in the pool, but not of this cluster: jobs may run there, and the scaler never touches it."
	}
	return "It is " + string(w.Phase) + "."
}

func server(w fleet.Worker, now time.Time) string {
	line := fmt.Sprintf("Server %s of group %s: %s, made %s ago", w.Node.ID, w.Group, w.Node.Status, text.Duration(now.Sub(w.Node.Created)))
	if w.Node.Address != "" {
		line += ", at " + w.Node.Address
	}
	if w.Node.Zone != "" {
		line += ", in zone " + w.Node.Zone
	}
	if w.Node.Fault != nil {
		line += "; Nova says: " + w.Node.Fault.Message
	}
	if w.Node.Protected {
		line += "; protected by its metadata"
	}
	return line + "."
}

// decided returns what the record's decision says about a worker or "group NAME", in
// lines that say of what it is decided: ", for group cpu", or nothing where that is clear.
func decided(r record.Record, subject, of string) []string {
	var lines []string
	for _, e := range journal.Of([]record.Record{{Time: r.Time, Cluster: r.Cluster, Decision: r.Decision}}) {
		switch {
		case e.About != subject:
		case e.Action():
			lines = append(lines, fmt.Sprintf("By this reading%s: %s, because: %s.", of, e.Title(), e.Reason))
		default:
			lines = append(lines, "By this reading"+of+" nothing is done: "+e.Reason+".")
		}
	}
	return lines
}

// OfGroup explains a worker group. With an empty record, only the events explain it.
func OfGroup(name string, r record.Record, events []journal.Event) Explanation {
	e := Explanation{Subject: name, Kind: Group, Events: about(events, func(e journal.Event) bool {
		return e.Group == name || e.About == "group "+name
	})}
	for _, g := range status.Of(r).Groups {
		if g.Name != name {
			continue
		}
		switch {
		case g.Managed:
			e.Now = append(e.Now, fmt.Sprintf("In the scaler's charge: %d to %d workers.", g.Min, g.Max))
		case len(g.Phases) == 0 && r.Policy.Groups != nil && !inCluster(r, name):
			e.Now = append(e.Now, "The configuration names it, but the cluster has no such group.")
		default:
			e.Now = append(e.Now, "Not in the scaler's charge: neither the cluster's configuration (scaling) nor a group block bounds it.")
		}
		e.Now = append(e.Now, has(g))
		if shape := r.Facts.Flavors[name]; shape.Cpus > 0 {
			e.Now = append(e.Now, fmt.Sprintf("By its flavor a worker offers %s.", shape))
		}
		if g.Needed > 0 {
			e.Now = append(e.Now, fmt.Sprintf("%s for %s that find no place.", upper(text.Count(g.Needed, "worker")+" needed"), text.Count(g.For, "waiting job")))
		}
	}
	e.Now = append(e.Now, decided(r, "group "+name, "")...)
	return e
}

func inCluster(r record.Record, group string) bool {
	_, ok := r.Facts.Cluster.Document.Groups[group]
	return ok
}

func has(g status.Group) string {
	if g.Total == 0 {
		return "It has no workers."
	}
	return upper(text.Count(g.Total, "worker")) + ": " + g.WorkersText() + "."
}

// way returns how far a worker on its way has come, as a sentence.
func way(stage fleet.Stage) string {
	switch stage {
	case fleet.StageRequested:
		return "Its server is requested, and the cloud does not show it yet."
	case fleet.StageBuilding:
		return "Its server is being built and has no address yet."
	case fleet.StageAddress:
		return "Its server has an address and is not in the cluster's roster yet."
	case fleet.StageEnrolled:
		return "Its server is in the cluster's roster and does not run yet."
	}
	return "Its server runs and is in the cluster's roster."
}

// about returns the latest events for which mine reports true.
func about(events []journal.Event, mine func(journal.Event) bool) []journal.Event {
	const most = 20
	var out []journal.Event
	for _, e := range events {
		if mine(e) {
			out = append(out, e)
		}
	}
	return out[max(0, len(out)-most):]
}

// Write prints an explanation for people.
func Write(w io.Writer, e Explanation) error {
	fmt.Fprintf(w, "%s %s\n", e.Kind, e.Subject)
	for _, line := range e.Now {
		fmt.Fprintf(w, "  %s\n", line)
	}
	if len(e.Events) > 0 {
		fmt.Fprintf(w, "\nWhat was decided, by the file of decisions (UTC):\n")
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, event := range e.Events {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", span(event), event.Title(), event.Reason)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the explanation: %w", err)
	}
	return nil
}

func span(e journal.Event) string {
	from := e.From.UTC().Format("2006-01-02 15:04:05")
	if e.To.Equal(e.From) {
		return from
	}
	return from + " – " + e.To.UTC().Format("15:04:05")
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
