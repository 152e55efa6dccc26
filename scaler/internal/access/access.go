// Package access lists the scaler's calls of the cloud's API, as the access rules of an
// application credential.
package access

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
)

// Rule allows one call to an application credential.
type Rule struct {
	Service string `json:"service"` // type in the service catalog
	Method  string `json:"method"`
	Path    string `json:"path"` // * stands for one segment
}

// call is a call with its purpose. The scaler goes on without an optional one.
type call struct {
	method, path, why string
	optional          bool
}

// Call is a call of the scaler's life.
type Call struct {
	At       openstack.Endpoint
	Rule     Rule
	Why      string
	Optional bool // the scaler goes on without it
}

// compute are the calls to Nova. Terraform deletes server groups that are not in the
// configuration any more.
var compute = []call{
	{"GET", "/servers/detail", "read the cluster", false},
	{"GET", "/servers/*", "look for a worker that a list lacks, or that must be gone", false},
	{"POST", "/servers", "make a worker", false},
	{"DELETE", "/servers/*", "delete a worker", false},
	{"GET", "/servers/*/metadata", "read the cluster document", false},
	{"PUT", "/servers/*/metadata", "write the cluster document", false},
	{"GET", "/servers/*/os-server-password", "read the front-end's report", false},
	{"DELETE", "/servers/*/os-server-password", "make room for its next report", false},
	{"GET", "/servers/*/tags", "read the lease", false},
	{"PUT", "/servers/*/tags/*", "take and renew the lease, keep what outlives the scaler", false},
	{"DELETE", "/servers/*/tags/*", "release the lease, drop what is kept", false},
	{"POST", "/servers/*/action", "read the console of a worker that failed", true},
	{"GET", "/flavors/detail", "the size of a group's flavor", false},
	{"GET", "/limits", "what the project's quota leaves", true},
	{"GET", "/os-server-groups", "groups with server_group: find theirs", true},
	{"POST", "/os-server-groups", "groups with server_group: make it with the first worker", true},
}

// network are the calls to Neutron.
var network = []call{
	{"GET", "/ports", "look for what a deleted server left", true},
	{"DELETE", "/ports/*", "delete it", true},
}

// volume are the calls to Cinder.
var volume = []call{
	{"GET", "/volumes/*", "look for what a deleted server left", true},
	{"DELETE", "/volumes/*", "delete it", true},
}

// Calls returns the calls of the scaler's life on a cloud with these endpoints.
func Calls(p openstack.Endpoints) []Call {
	var out []Call
	add := func(at openstack.Endpoint, calls []call) {
		if at == (openstack.Endpoint{}) {
			return // the cloud has no such service
		}
		for _, c := range calls {
			out = append(out, Call{At: at, Rule: Rule{Service: at.Type, Method: c.method, Path: at.Path + c.path}, Why: c.why, Optional: c.optional})
		}
	}
	add(p.Compute, compute)
	add(p.Network, network)
	add(p.Volume, volume)
	return out
}

// Rules returns the rules for a cloud with these endpoints. Keystone's middleware
// compares the whole path, so the part before /v2.1 belongs to the rule.
func Rules(p openstack.Endpoints) []Rule {
	var out []Rule
	for _, c := range Calls(p) {
		out = append(out, c.Rule)
	}
	return out
}

// Write prints rules in the form of "openstack application credential create
// --access-rules".
func Write(w io.Writer, rules []Rule) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(rules); err != nil {
		return fmt.Errorf("print the access rules: %w", err)
	}
	return nil
}

// Allows reports whether a rule allows a call, by the rules of Keystone's middleware.
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
