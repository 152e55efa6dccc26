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

// call is a call with its purpose.
type call struct{ method, path, why string }

// compute are the calls to Nova. Terraform deletes server groups that are not in the
// configuration any more.
var compute = []call{
	{"GET", "/servers/detail", "read the cluster"},
	{"GET", "/servers/*", "look for a worker that a list lacks, or that must be gone"},
	{"POST", "/servers", "make a worker"},
	{"DELETE", "/servers/*", "delete a worker"},
	{"GET", "/servers/*/metadata", "read the cluster document"},
	{"PUT", "/servers/*/metadata", "write the cluster document"},
	{"GET", "/servers/*/os-server-password", "read the front-end's report"},
	{"DELETE", "/servers/*/os-server-password", "make room for its next report"},
	{"GET", "/servers/*/tags", "read the lease"},
	{"PUT", "/servers/*/tags/*", "take and renew the lease, keep what outlives the scaler"},
	{"DELETE", "/servers/*/tags/*", "release the lease, drop what is kept"},
	{"POST", "/servers/*/action", "read the console of a worker that failed"},
	{"GET", "/flavors/detail", "the size of a group's flavor"},
	{"GET", "/limits", "what the project's quota leaves"},
	{"GET", "/os-server-groups", "groups with server_group: find theirs"},
	{"POST", "/os-server-groups", "groups with server_group: make it with the first worker"},
}

// network are the calls to Neutron.
var network = []call{
	{"GET", "/ports", "look for what a deleted server left"},
	{"DELETE", "/ports/*", "delete it"},
}

// volume are the calls to Cinder.
var volume = []call{
	{"GET", "/volumes/*", "look for what a deleted server left"},
	{"DELETE", "/volumes/*", "delete it"},
}

// Rules returns the rules for a cloud with these endpoints. Keystone's middleware
// compares the whole path, so the part before /v2.1 belongs to the rule.
func Rules(p openstack.Endpoints) []Rule {
	var out []Rule
	add := func(at openstack.Endpoint, calls []call) {
		if at == (openstack.Endpoint{}) {
			return // the cloud has no such service
		}
		for _, c := range calls {
			out = append(out, Rule{Service: at.Type, Method: c.method, Path: at.Path + c.path})
		}
	}
	add(p.Compute, compute)
	add(p.Network, network)
	add(p.Volume, volume)
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
