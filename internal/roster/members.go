package roster

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Forget removes the members for which gone is true. It reports whether there was
// one.
func Forget(d *cluster.Document, gone func(cluster.Member) bool) bool {
	n := len(d.Workers)
	d.Workers = slices.DeleteFunc(d.Workers, gone)
	return len(d.Workers) != n
}

// SetLeaving marks each member as want says. It reports whether that changed a
// mark.
func SetLeaving(d *cluster.Document, want func(cluster.Member) cluster.Leaving) bool {
	changed := false
	for i, m := range d.Workers {
		if mark := want(m); mark != m.Leaving {
			d.Workers[i].Leaving = mark
			changed = true
		}
	}
	return changed
}

// Leaving returns the number of members that are asked to leave.
func Leaving(d cluster.Document) int {
	n := 0
	for _, m := range d.Workers {
		if m.Leaving != cluster.Stays {
			n++
		}
	}
	return n
}

// TakeKeys writes down the front-end's address and the keys that it has reported.
// It reports whether that changed the document.
func TakeKeys(d *cluster.Document, fe cluster.Node, report cluster.Report) bool {
	before := d.FrontEnd
	d.FrontEnd.Address = fe.Address
	if report.HostKey != "" && report.CoordinatorKey != "" { // a front-end may report before it has a host key
		d.FrontEnd.HostKey, d.FrontEnd.CoordinatorKey = report.HostKey, report.CoordinatorKey
		d.FrontEnd.FirstKey = "" // it has introduced the coordinator key
	}
	if report.HostCA != "" {
		d.FrontEnd.HostCA = report.HostCA
	}
	return d.FrontEnd != before
}

// HostCAs returns the public halves of the CAs by which workers that have joined
// can be verified: the last front-end's, and those that it had itself been given
// for workers that it may not have reached.
func HostCAs(last cluster.Document) []string {
	var out []string
	if last.FrontEnd.HostCA != "" {
		out = append(out, last.FrontEnd.HostCA)
	}
	for _, ca := range last.HostCAs {
		if !slices.Contains(out, ca) {
			out = append(out, ca)
		}
	}
	return out
}
