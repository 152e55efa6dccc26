package cluster

import (
	"encoding/json"
	"fmt"
	"strings"
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
	Joined         int    `json:"joined"`  // workers of the roster that have this generation
	Pending        int    `json:"pending"` // workers of the roster that do not have it yet
	PendingNames   string `json:"pending_names,omitempty"`
	Never          string `json:"never,omitempty"`         // those of them that no front-end has ever joined, as far as that is certain
	Drained        string `json:"drained,omitempty"`       // leaving workers that run nothing and take nothing
	DrainedCount   int    `json:"drained_count,omitempty"` // how many are drained, if Drained does not name them all
	Busy           string `json:"busy,omitempty"`          // leaving workers that still run jobs, or refused to leave
	Error          string `json:"error,omitempty"`         // what the front-end itself could not do
	Address        string `json:"address,omitempty"`
	HostKey        string `json:"host_key,omitempty"`        // the front-end's, authorized_keys form
	CoordinatorKey string `json:"coordinator_key,omitempty"` // its own lasting coordinator key
	HostCA         string `json:"host_ca,omitempty"`         // its CA of workers' host certificates, public half
	CA             string `json:"ca,omitempty"`              // the CA whose certificates it accepts; if a worker brings the roster
}

// consoleMark begins the line of a report on a console.
const consoleMark = "vmcluster-report {"

// ConsoleReport returns the newest whole report in a console log; "" if there is
// none. Other programs write there too, so lines may be torn.
func ConsoleReport(console string) string {
	for end := len(console); ; {
		i := strings.LastIndex(console[:end], consoleMark)
		if i < 0 {
			return ""
		}
		line, _, _ := strings.Cut(console[i+len(consoleMark)-1:], "\n")
		line = strings.TrimSpace(line)
		if json.Valid([]byte(line)) {
			return line
		}
		end = i
	}
}

// ParseReport reads the slot's content. Empty content is no report.
func ParseReport(content string) (Report, bool, error) {
	if content == "" {
		return Report{}, false, nil
	}
	var r Report
	if err := json.Unmarshal([]byte(content), &r); err != nil {
		return Report{}, false, fmt.Errorf("read the front-end's report: %w", err)
	}
	return r, true, nil
}
