package cluster

import (
	"encoding/json"
	"reflect"
)

// MaxReport is the size of the metadata service's password slot in bytes (nova:
// api/metadata/password.py).
const MaxReport = 1020

// Report is the front-end's account of how far a generation is distributed, which it
// sends without credentials. A report of an older Generation says nothing about a newer
// document. Names are folded, see FoldNames. If they do not fit the slot, the last of
// them are missing, and the counts are larger than the number of names.
type Report struct {
	Generation     int64  `json:"generation"`
	Sequence       int64  `json:"sequence,omitempty"` // increases with each report that differs from the one before
	Joined         int    `json:"joined"`             // workers of the roster that have this generation
	Pending        int    `json:"pending"`            // workers of the roster that do not have it yet
	PendingNames   string `json:"pending_names,omitempty"`
	Never          string `json:"never,omitempty"`         // those of them that no front-end has ever joined, as far as that is certain
	Drained        string `json:"drained,omitempty"`       // leaving workers that run nothing and take nothing
	DrainedCount   int    `json:"drained_count,omitempty"` // how many are drained, if Drained does not name them all
	Refused        bool   `json:"refused,omitempty"`       // with document_signing: the document's CA or operators' key is not accepted
	Busy           string `json:"busy,omitempty"`          // leaving workers that still run jobs, or refused to leave
	Waits          Waits  `json:"waits,omitempty"`         // waiting jobs that only one group can run; left out first where there is no room
	WaitsUnknown   bool   `json:"waits_unknown,omitempty"` // Waits lacks jobs that wait now: the queue could not be read, or there is no room
	Error          string `json:"error,omitempty"`         // what the front-end itself could not do
	Address        string `json:"address,omitempty"`
	HostKey        string `json:"host_key,omitempty"`        // the front-end's, authorized_keys form
	CoordinatorKey string `json:"coordinator_key,omitempty"` // its own lasting coordinator key, which signs its reports
	HostCA         string `json:"host_ca,omitempty"`         // its CA of workers' host certificates, public half
	CA             string `json:"ca,omitempty"`              // the CA whose certificates it accepts; if a worker brings the roster
}

// Before reports whether the front-end has made a report before another one.
func (r Report) Before(other Report) bool {
	if r.Generation != other.Generation {
		return r.Generation < other.Generation
	}
	return r.Sequence < other.Sequence
}

// SaysAsMuchAs reports whether a report says the same of the distribution as another one:
// how far it has come, and not what the queue holds meanwhile.
func (r Report) SaysAsMuchAs(other Report) bool {
	r.Sequence, r.Waits, r.WaitsUnknown = other.Sequence, other.Waits, other.WaitsUnknown
	return reflect.DeepEqual(r, other)
}

// Waits are the jobs, by worker group, that wait and that no other group can run.
type Waits map[string]Waiting

// Waiting is a number of waiting jobs, with the IDs of the first of them in the batch
// system's words. Its JSON is [count, [ID, …]].
type Waiting struct {
	Count int
	IDs   []string
}

// MarshalJSON writes the form that the node program writes.
func (w Waiting) MarshalJSON() ([]byte, error) {
	ids := w.IDs
	if ids == nil {
		ids = []string{}
	}
	return json.Marshal([]any{w.Count, ids})
}

// UnmarshalJSON leaves out the groups whose entry has another form: that costs neither the
// other groups nor the rest of the report.
func (w *Waits) UnmarshalJSON(text []byte) error {
	var groups map[string]json.RawMessage
	_ = json.Unmarshal(text, &groups) // a text of another form has no groups
	for group, entry := range groups {
		var parts []json.RawMessage
		var jobs Waiting
		if json.Unmarshal(entry, &parts) != nil || len(parts) != 2 || json.Unmarshal(parts[0], &jobs.Count) != nil {
			continue
		}
		if json.Unmarshal(parts[1], &jobs.IDs) != nil {
			jobs.IDs = nil
		}
		if *w == nil {
			*w = Waits{}
		}
		(*w)[group] = jobs
	}
	return nil
}
