package cluster

import (
	"errors"
	"fmt"
	"strings"
)

// FaultKind is a kind of failure of the cloud. Failures of one kind have the same remedy.
type FaultKind string

// The kinds of fault.
const (
	FaultNotFound    FaultKind = "not_found"
	FaultAmbiguous   FaultKind = "ambiguous"    // a name fits more than one object
	FaultQuota       FaultKind = "quota"        // a limit of the project; waiting does not help
	FaultNoHost      FaultKind = "no_host"      // no hypervisor has room
	FaultNetwork     FaultKind = "network"      // no port, no address
	FaultImage       FaultKind = "image"        // unusable, or too large for the flavor
	FaultVolume      FaultKind = "volume"       // no boot volume, or no state volume
	FaultAuth        FaultKind = "auth"         // not logged in
	FaultForbidden   FaultKind = "forbidden"    // logged in, right missing
	FaultBadRequest  FaultKind = "bad_request"  // the cloud refused the request
	FaultConflict    FaultKind = "conflict"     // another change is under way
	FaultRateLimited FaultKind = "rate_limited" // asked to come back later
	FaultUnavailable FaultKind = "unavailable"  // 5xx, no connection, timeout: the outcome is unknown
	FaultOther       FaultKind = "other"
)

// CloudError is an API's refusal or failure. Message is in the API's own words.
type CloudError struct {
	Kind    FaultKind
	Op      string // what was tried: "create server astro-cpu-1"
	Code    int    // HTTP status; 0 when no answer came
	Call    string // the call for which a right is missing: "GET /compute/v2.1/servers/detail"
	Message string
	Help    string // what to change, in whole sentences; "" if the kind says all
	Err     error
}

func (e *CloudError) Error() string {
	switch {
	case e.Call != "":
		return fmt.Sprintf("%s: %s (HTTP %d to %s)", e.Op, e.Message, e.Code, e.Call)
	case e.Code != 0:
		return fmt.Sprintf("%s: %s (HTTP %d)", e.Op, e.Message, e.Code)
	}
	return fmt.Sprintf("%s: %s", e.Op, e.Message)
}

func (e *CloudError) Unwrap() error { return e.Err }

// IsKind reports whether err is, or wraps, a CloudError of that kind.
func IsKind(err error, kind FaultKind) bool {
	var ce *CloudError
	return errors.As(err, &ce) && ce.Kind == kind
}

// KindOf returns the kind of the CloudError in err, or FaultOther.
func KindOf(err error) FaultKind {
	var ce *CloudError
	if errors.As(err, &ce) {
		return ce.Kind
	}
	return FaultOther
}

// HelpOf returns what the CloudError in err says about what to change; "" if it says
// nothing.
func HelpOf(err error) string {
	var ce *CloudError
	if errors.As(err, &ce) {
		return ce.Help
	}
	return ""
}

// NotMadeError names the workers of a batch that were not made. It is the Err of a
// CloudError about the first of them.
type NotMadeError []NotMade

// NotMade is a worker that was not made.
type NotMade struct {
	Name    string
	Zones   []string // availability zones in which it was tried; empty if the cloud chose
	Kind    FaultKind
	Message string
}

func (e NotMadeError) Error() string {
	names := make([]string, 0, len(e))
	for _, n := range e {
		names = append(names, n.Name)
	}
	return strings.Join(names, ", ") + " not made"
}

// ErrDocumentConflict is the error after another writer has changed the cluster
// document in between. The change must be computed again from the present document.
var ErrDocumentConflict = errors.New("the cluster document was changed by another writer")
