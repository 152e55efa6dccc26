package decide

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Decision is what is to be done, and why, and what is not done, and why not.
type Decision struct {
	Add     []Add  `json:"add,omitempty"`
	Enrol   []Step `json:"enrol,omitempty"` // workers with an address to write into the roster, whichever process made them
	Drain   []Step `json:"drain,omitempty"`
	Undrain []Step `json:"undrain,omitempty"`
	Close   []Step `json:"close,omitempty"`  // workers that the queue's program drains: they are marked to leave
	Open    []Step `json:"open,omitempty"`   // workers that the queue's program undrains: they are not
	Remove  []Step `json:"remove,omitempty"` // workers whose servers' deletion is asked for
	Forget  []Step `json:"forget,omitempty"` // entries to take out of the roster: their servers are gone
	// Discard are servers to delete by their IDs: their names are other ones'.
	Discard []Step    `json:"discard,omitempty"`
	Collect []Remains `json:"collect,omitempty"` // servers whose ports and volumes are looked for
	// Stop says why nothing is done at all; zero where something may be done.
	Stop reason.Reason `json:"stop,omitzero"`
	// Stopped is Stop in words, for people who read records.
	Stopped string `json:"stopped,omitempty"`
	Notes   []Note `json:"notes,omitempty"` // what is not done, and why
}

// Add makes workers in a group.
type Add struct {
	Group  string        `json:"group"`
	Count  int           `json:"count"`
	Reason reason.Reason `json:"-"` // in JSON: reason (words), code and arguments
	// Avoid are availability zones of the group in which workers have failed.
	Avoid []string `json:"avoid_zones,omitempty"`
}

// Step is a change to one worker.
type Step struct {
	Worker string        `json:"worker"`
	Group  string        `json:"group"`
	Reason reason.Reason `json:"-"`                // in JSON: reason (words), code and arguments
	Server string        `json:"server,omitempty"` // ID, where there is one
	// Fault is set where the worker goes because it failed: its console may say why.
	Fault cluster.FaultKind `json:"fault,omitempty"`
	// Marked is set where the worker goes by its mark, and stays if that is taken
	// away before it is gone.
	Marked bool `json:"marked,omitempty"`
}

// Note says why something about a worker, a group or jobs is left as it is.
type Note struct {
	About  string        `json:"about"` // a worker, "group NAME", "groups", "jobs" or "queue"
	Reason reason.Reason `json:"-"`     // in JSON: reason (words), code and arguments
}

// Nothing reports whether the decision is to do nothing.
func (d Decision) Nothing() bool {
	return len(d.Add)+len(d.Enrol)+len(d.Drain)+len(d.Undrain)+len(d.Close)+len(d.Open)+len(d.Remove)+len(d.Forget)+len(d.Discard)+len(d.Collect) == 0
}

// Finishing returns what of a decision finishes what earlier rounds have begun: workers
// are enrolled and forgotten, and those that failed are removed.
func (d Decision) Finishing() Decision {
	failed := func(steps []Step) []Step {
		return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return s.Fault == "" })
	}
	return Decision{
		Enrol: d.Enrol, Remove: failed(d.Remove), Discard: failed(d.Discard), Forget: d.Forget,
		Stop: d.Stop, Stopped: d.Stopped, Notes: d.Notes,
	}
}

// Marks returns the changes to the document's leaving marks.
func (d Decision) Marks() map[string]cluster.Leaving {
	marks := map[string]cluster.Leaving{}
	for _, s := range d.Drain {
		marks[s.Worker] = cluster.LeaveIdle
	}
	for _, s := range d.Undrain {
		marks[s.Worker] = cluster.Stays
	}
	return marks
}

// Removals returns the names of the workers to remove, in order.
func (d Decision) Removals() []string { return Workers(d.Remove) }

// Workers returns the names of the workers that steps are about, in order.
func Workers(steps []Step) []string {
	names := make([]string, 0, len(steps))
	for _, s := range steps {
		names = append(names, s.Worker)
	}
	slices.SortFunc(names, cluster.CompareNames)
	return names
}

// Marked returns the names of those of the steps that hold only while the worker is
// marked to leave.
func Marked(steps []Step) []string {
	var names []string
	for _, s := range steps {
		if s.Marked {
			names = append(names, s.Worker)
		}
	}
	return names
}

func (d *Decision) note(about string, why reason.Reason) {
	d.Notes = append(d.Notes, Note{About: about, Reason: why})
}

// dismiss removes a worker, or deletes its server where its name is another one's in
// the roster. The fault is "" where the worker has none.
func (d *Decision) dismiss(w fleet.Worker, why reason.Reason, fault cluster.FaultKind) {
	s := removal(w, why)
	s.Fault = fault
	if w.Orphan && w.Listed {
		d.Discard = append(d.Discard, s)
		return
	}
	d.Remove = append(d.Remove, s)
}

// and returns the decision with the steps and notes of another one.
func (d Decision) and(o Decision) Decision {
	d.Add = slices.Concat(d.Add, o.Add)
	d.Enrol = slices.Concat(d.Enrol, o.Enrol)
	d.Forget = slices.Concat(d.Forget, o.Forget)
	d.Drain = slices.Concat(d.Drain, o.Drain)
	d.Undrain = slices.Concat(d.Undrain, o.Undrain)
	d.Close = slices.Concat(d.Close, o.Close)
	d.Open = slices.Concat(d.Open, o.Open)
	d.Remove = slices.Concat(d.Remove, o.Remove)
	d.Discard = slices.Concat(d.Discard, o.Discard)
	d.Collect = slices.Concat(d.Collect, o.Collect)
	d.Notes = slices.Concat(d.Notes, o.Notes)
	if d.Stop.IsZero() {
		d.Stop, d.Stopped = o.Stop, o.Stopped
	}
	return d
}

// stepOf returns a change to a worker that goes by its name.
func stepOf(w fleet.Worker, why reason.Reason) Step {
	return Step{Worker: w.Name, Group: w.Group, Reason: why}
}

// removal returns the step that removes a worker and its server.
func removal(w fleet.Worker, why reason.Reason) Step {
	s := stepOf(w, why)
	s.Server = w.Node.ID
	return s
}

// steps returns how many of the steps are a group's.
func steps(of []Step, group string) int {
	n := 0
	for _, s := range of {
		if s.Group == group {
			n++
		}
	}
	return n
}
