package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// OwnBatches is how many workers of scaled groups the document of a cluster has room for
// that have not joined yet and are each in a batch of their own. A batch CA takes more
// room than its worker, so it goes when the room is needed and its workers have joined.
const OwnBatches = 48

// NoRoomError names workers that are not enrolled, because the document has no room. They
// are enrolled when other workers have joined or are gone.
type NoRoomError struct {
	Names []string
	Err   error // *cluster.DocumentTooLargeError of the document with all of them
}

func (e *NoRoomError) Error() string {
	return fmt.Sprintf("%s can't be enrolled: %s; they are enrolled when others have joined or are gone. Lower max of the scaled groups, or shorten cloud_config, files and batch_system.config",
		strings.Join(e.Names, ", "), e.Err)
}

// Unwrap returns the reason.
func (e *NoRoomError) Unwrap() error { return e.Err }

// Joined returns the names of the members that the front-end has joined: each of them has
// a host certificate of the front-end's own. They are none where the report is of another
// generation, or names only some of the pending workers.
func Joined(d cluster.Document, report cluster.Report) map[string]bool {
	pending, err := cluster.UnfoldNames(d.Name, report.PendingNames)
	if err != nil || report.Generation != d.Generation || d.FrontEnd.HostCA == "" || len(pending) != report.Pending {
		return nil
	}
	out := make(map[string]bool, len(d.Workers))
	for _, m := range d.Workers {
		out[m.Name] = true
	}
	for _, name := range pending {
		delete(out, name)
	}
	return out
}

// TooLarge returns the *cluster.DocumentTooLargeError of a document without room, else nil.
func TooLarge(d cluster.Document) error {
	var large *cluster.DocumentTooLargeError
	if _, err := d.Encode(); errors.As(err, &large) {
		return large
	}
	return nil
}

// withMarks returns the document with half of the workers marked to leave, each of one of
// two ways and scattered, which takes most room. A document is filled only so far: without
// room for marks no scaler could make it smaller. One more worker stands in for how
// differently the same marks pack.
func withMarks(d cluster.Document) cluster.Document {
	d = d.Clone()
	seed := uint32(1)
	for i := range d.Workers {
		seed = seed*1664525 + 1013904223 // Numerical Recipes, section 7.1
		d.Workers[i].Leaving = [...]cluster.Leaving{cluster.Stays, cluster.LeaveJobsOK, cluster.LeaveIdle, cluster.Stays}[seed>>30]
	}
	ca := standIn(0)
	SetBatch(&d, cluster.BatchID(ca), ca)
	d.Workers = append(d.Workers, cluster.Member{Name: d.Name, Address: "0.0.0.0", Batch: cluster.BatchID(ca)})
	return d
}

// DropCAs drops the CAs of batches all of whose workers have joined: the front-end knows
// these by keys that it keeps itself, and a later one by the certificates of this one.
func DropCAs(d *cluster.Document, joined map[string]bool) {
	waiting := map[string]bool{}
	for _, m := range d.Workers {
		if !joined[m.Name] {
			waiting[m.Batch] = true
		}
	}
	kept := map[string]string{}
	for id, ca := range d.Batches {
		if waiting[id] {
			kept[id] = ca
		}
	}
	d.Batches = kept
}

// Spare makes a change of a document. Where the document has no room for it, the batch CAs
// of joined workers go first. The change may be made twice, each time of the same document.
func Spare(d *cluster.Document, joined func(cluster.Document) map[string]bool, change func(*cluster.Document) (bool, error)) (bool, error) {
	before := d.Clone()
	changed, err := change(d)
	if err != nil || !changed || TooLarge(*d) == nil {
		return changed, err
	}
	names := joined(before)
	DropCAs(&before, names)
	*d = before
	return change(d)
}

// WithRoom changes a document by enrol, which gets the servers to enrol, as far as the
// document has room, and room for marks to leave. Where it has none, the batch CAs of joined workers go first; then
// servers in no roster stay out, the last by name first, and the error names them.
func WithRoom(d *cluster.Document, nodes cluster.Nodes, joined func() map[string]bool, enrol func(*cluster.Document, cluster.Nodes) []cluster.Member) ([]cluster.Member, error) {
	before := d.Clone()
	added := enrol(d, nodes)
	if len(added) == 0 || TooLarge(withMarks(*d)) == nil {
		return added, nil
	}
	DropCAs(&before, joined())
	try := func(n int) (cluster.Document, []cluster.Member) {
		out := before.Clone()
		late := added[n:]
		return out, enrol(&out, slices.DeleteFunc(slices.Clone(nodes), func(s cluster.Node) bool {
			return slices.ContainsFunc(late, func(m cluster.Member) bool { return m.Name == s.Name })
		}))
	}
	large := TooLarge(withMarks(*d))
	fits, over := -1, len(added)+1 // the numbers of servers that fit, and that do not
	for over-fits > 1 {
		n := (fits + over) / 2
		if fits < 0 && over == len(added)+1 {
			n = len(added)
		}
		if next, _ := try(n); TooLarge(withMarks(next)) == nil {
			fits = n
		} else {
			over = n
		}
	}
	next, some := try(max(fits, 0))
	*d = next
	if fits == len(added) {
		return some, nil
	}
	out := &NoRoomError{Err: large}
	for _, m := range added[max(fits, 0):] {
		out.Names = append(out.Names, m.Name)
	}
	return some, out
}
