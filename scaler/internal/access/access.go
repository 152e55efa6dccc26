// Package access tells which calls of the cloud's API the scaler makes, as the
// access rules of an application credential.
package access

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Rule lets an application credential make one call.
type Rule struct {
	Service string `json:"service"` // type in the service catalog
	Method  string `json:"method"`
	Path    string `json:"path"` // * stands for one segment
}

// compute are the calls to Nova and what each is for. A server group that the
// configuration has given up is left to Terraform.
var compute = []struct{ method, path, why string }{
	{"GET", "/servers/detail", "read the cluster"},
	{"GET", "/servers/*", "look for a worker that a list lacks"},
	{"POST", "/servers", "make a worker"},
	{"DELETE", "/servers/*", "delete a worker"},
	{"GET", "/servers/*/metadata", "read the cluster document"},
	{"PUT", "/servers/*/metadata", "write the cluster document"},
	{"GET", "/servers/*/os-server-password", "read the front-end's report"},
	{"DELETE", "/servers/*/os-server-password", "make room for its next report"},
	{"GET", "/servers/*/tags", "read the lease"},
	{"PUT", "/servers/*/tags/*", "take and renew the lease"},
	{"DELETE", "/servers/*/tags/*", "release the lease"},
	{"POST", "/servers/*/action", "read the console of a worker that failed"},
	{"GET", "/flavors/detail", "the size of a group's flavor"},
	{"GET", "/os-server-groups", "groups with server_group: find theirs"},
	{"POST", "/os-server-groups", "groups with server_group: make it with the first worker"},
}

// Rules returns the rules for a cloud whose compute service is at that address.
// Keystone's middleware compares the whole path, so what stands before /v2.1
// there belongs to the rule.
func Rules(computePath string) []Rule {
	base := strings.TrimRight(computePath, "/")
	out := make([]Rule, 0, len(compute))
	for _, c := range compute {
		out = append(out, Rule{Service: "compute", Method: c.method, Path: base + c.path})
	}
	return out
}

// Write prints rules as "openstack application credential create --access-rules"
// takes them.
func Write(w io.Writer, rules []Rule) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(rules); err != nil {
		return fmt.Errorf("print the access rules: %w", err)
	}
	return nil
}

// Allows tells whether a rule lets a call pass, as Keystone's middleware judges.
func (r Rule) Allows(service, method, path string) bool {
	if r.Service != service || r.Method != method {
		return false
	}
	want, have := strings.Split(r.Path, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if want[i] != have[i] && (want[i] != "*" || have[i] == "") {
			return false
		}
	}
	return true
}
