package queue

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Traits is what is peculiar to a batch system, as data. It travels in the
// Snapshot: a recorded snapshot is judged without the adapter that read it.
// The zero value is a batch system about which nothing is known.
type Traits struct {
	System    string `json:"system"`    // the adapter's name, as the configuration writes it
	Directory string `json:"directory"` // the batch system's word for its list of workers

	JobID        string `json:"job_id"`         // a job's ID as an example for people: "6.0"
	JobIDPattern string `json:"job_id_pattern"` // regular expression (RE2) that matches the whole of each job's ID

	// MatchSeconds is the longest regular pause between two rounds in which the
	// batch system gives jobs to workers. A job that waits beside a free worker
	// for less than this is not passed over.
	MatchSeconds int `json:"match_seconds"`

	// Identities says that a worker of a cluster proves which node it is. What the pool
	// says of a node of the cluster without that proof counts for nothing.
	Identities bool `json:"identities,omitempty"`

	// Actions are what the scaler itself does to workers in the batch system, by its queue
	// block: ActionDrain and the like. What is not among them the front-end does.
	Actions []string `json:"actions,omitempty"`

	Attributes AttributeTraits `json:"attributes"`
}

// What a scaler can do to a worker in a batch system.
const (
	ActionDrain   = "drain"   // the worker gets no new job
	ActionUndrain = "undrain" // it gets jobs again
	ActionForget  = "forget"  // its server is gone for good
)

// Does reports whether the scaler itself does that to workers.
func (t Traits) Does(action string) bool { return slices.Contains(t.Actions, action) }

// AttributeTraits says what a worker's attributes mean. All names are in lower
// case; an empty name is an attribute that the batch system does not have.
type AttributeTraits struct {
	Machine string `json:"machine"` // holds the full name of the worker's machine
	Node    string `json:"node"`    // holds the worker's node name
	Group   string `json:"group"`   // holds the worker's group

	// Personal lists the attributes that differ from worker to worker, also where
	// the workers are alike otherwise.
	Personal []string `json:"personal"`
	// Lasting lists exceptions from PassingPrefixes: the next worker of a group
	// will have these attributes as well.
	Lasting []string `json:"lasting"`
	// Passing lists attributes that are measured or change with time.
	Passing []string `json:"passing"`
	// PassingPrefixes lists beginnings of names of further such attributes.
	PassingPrefixes []string `json:"passing_prefixes"`
}

// DirectoryName returns the batch system's word for its list of workers, for
// messages: "collector".
func (t Traits) DirectoryName() string {
	if t.Directory == "" {
		return "list of workers"
	}
	return t.Directory
}

// MatchPause returns MatchSeconds as a duration.
func (t Traits) MatchPause() time.Duration { return time.Duration(t.MatchSeconds) * time.Second }

// anyJobID is the pattern of job IDs if the traits have none.
var anyJobID = regexp.MustCompile(`^[0-9][0-9._+]*$`)

// IsJobID reports whether a word looks like the ID of a job.
func (t Traits) IsJobID(word string) bool {
	if t.JobIDPattern == "" {
		return anyJobID.MatchString(word)
	}
	pattern, err := regexp.Compile("^(?:" + t.JobIDPattern + ")$")
	return err == nil && pattern.MatchString(word)
}

// Lasts reports whether the next worker of the group will have the same
// attribute with the same value. A value that contains the worker's name is the
// worker's own.
func (t AttributeTraits) Lasts(name string, value any, worker string) bool {
	if slices.Contains(t.Lasting, name) {
		return true
	}
	if name == t.Machine || name == t.Node || slices.Contains(t.Passing, name) {
		return false
	}
	for _, prefix := range t.PassingPrefixes {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	text, _ := value.(string)
	return !strings.Contains(strings.ToLower(text), worker)
}

// IsPersonal reports whether the attribute differs from worker to worker.
func (t AttributeTraits) IsPersonal(name string) bool { return slices.Contains(t.Personal, name) }

// Domain returns the part after the first dot of the machine name among a worker's
// attributes; ok is false if it is not there.
func (t AttributeTraits) Domain(of Attributes) (domain string, ok bool) {
	machine, ok := of[t.Machine].(string)
	_, domain, _ = strings.Cut(machine, ".")
	return domain, ok
}

// NameNew adds the attributes that a worker is certain to get: its node name, its
// group, and its machine name if the domain is known.
func (t AttributeTraits) NameNew(to Attributes, node, group, domain string) {
	set := func(name, value string) {
		if name != "" {
			to[name] = value
		}
	}
	set(t.Node, node)
	set(t.Group, group)
	if domain != "" {
		set(t.Machine, node+"."+domain)
	}
}
