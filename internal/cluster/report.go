package cluster

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
