package roster

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// rosterOf is a document with n workers, some of them in each batch, as a scaler comes to
// write it that adds so many at a time.
func rosterOf(t *testing.T, n, perBatch int) cluster.Document {
	t.Helper()
	spec := sampleSpec()
	spec.Groups = map[string]cluster.GroupSpec{"cpu": {NodeSpec: spec.Groups["gpu"].NodeSpec, Count: n}}
	d := Trial(spec, newBatchCA(t))
	d.Batches = nil
	id := ""
	for i := range d.Workers {
		if i%perBatch == 0 {
			ca := newBatchCA(t)
			id = cluster.BatchID(ca)
			SetBatch(&d, id, ca)
		}
		d.Workers[i].Batch = id
	}
	return d
}

func allJoined(d cluster.Document) map[string]bool {
	return Joined(d, cluster.Report{Generation: d.Generation, Joined: len(d.Workers)})
}

// How many workers a document has room for, at least. Each row: workers in a batch, and
// whether they have joined, so that the batch CAs may go.
func TestHowManyWorkersFit(t *testing.T) {
	for _, row := range []struct {
		perBatch, least int
		joined          bool
	}{{1, 320, false}, {10, 1400, false}, {10000, 2500, false}, {1, 1000, true}} {
		n := row.least
		d := rosterOf(t, n, row.perBatch)
		if row.joined {
			DropCAs(&d, allJoined(d))
		}
		items, err := d.Encode()
		if err != nil {
			t.Errorf("%d workers, %d in a batch, joined: %t: %v", n, row.perBatch, row.joined, err)
		}
		t.Logf("%d workers, %d in a batch, joined: %t: %d items", n, row.perBatch, row.joined, len(items))
	}
}

// A scaler grows a group to its maximum one by one. What the plan lets through has room,
// while no more than OwnBatches workers have not joined.
func TestWhatATrialLetsThroughIsEnrolled(t *testing.T) {
	most := 0
	for lo, hi := 1, 4000; lo < hi; {
		n := (lo + hi + 1) / 2
		if TooLarge(Trial(scaledTo(n), newBatchCA(t))) == nil {
			lo, most = n, n
		} else {
			hi = n - 1
		}
	}
	t.Logf("a plan lets through %d workers of a scaled group", most)
	if most < 1000 {
		t.Errorf("a plan lets through %d workers, want 1,000 at least", most)
	}
	d := rosterOf(t, most-5, 1) // random keys differ a little in how well they pack
	if TooLarge(d) == nil {
		t.Fatal("the document has room without dropping anything")
	}
	joined := allJoined(d)
	for _, m := range d.Workers[len(d.Workers)-OwnBatches:] {
		delete(joined, m.Name)
	}
	DropCAs(&d, joined)
	if err := TooLarge(d); err != nil || len(d.Batches) != OwnBatches {
		t.Errorf("%v; %d batch CAs", err, len(d.Batches))
	}
}

func scaledTo(n int) cluster.Spec {
	spec := sampleSpec()
	spec.Groups = map[string]cluster.GroupSpec{"cpu": {NodeSpec: spec.Groups["gpu"].NodeSpec, Scaling: &cluster.Scaling{Max: n}}}
	return spec
}

// Each row: what the front-end says of the roster's workers, and how many of 3 new ones
// have room.
func TestWithRoom(t *testing.T) {
	full := 0
	for n := 330; n < 400; n++ {
		if TooLarge(rosterOf(t, n, 1)) != nil {
			break
		}
		full = n
	}
	for _, row := range []struct {
		name   string
		joined func(cluster.Document) map[string]bool
		most   int // of the new ones
		all    bool
	}{
		{"all have joined", allJoined, 30, true},
		{"none is known to have joined", func(cluster.Document) map[string]bool { return nil }, 20, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := rosterOf(t, full-12, 1)
			var nodes cluster.Nodes
			for i := range 30 {
				ca := newBatchCA(t)
				n := born(t, ca, fmt.Sprintf("astro-cpu-%d", full+i), fmt.Sprint(i+1))
				nodes = append(nodes, n)
			}
			before := len(d.Workers)
			added, err := WithRoom(&d, nodes, func() map[string]bool { return row.joined(d) }, func(d *cluster.Document, nodes cluster.Nodes) []cluster.Member {
				return Enrol(d, nodes, enrolNow)
			})
			var none *NoRoomError
			if errors.As(err, &none) == row.all || len(added) == 0 || len(added) > row.most || row.all && len(added) != 30 {
				t.Errorf("%d added; %v", len(added), err)
			}
			if none != nil && (len(none.Names)+len(added) != 30 || slices.Contains(none.Names, added[0].Name)) {
				t.Errorf("added %v, no room for %v", added, none.Names)
			}
			if TooLarge(d) != nil || len(d.Workers) != before+len(added) {
				t.Errorf("%v; %d workers, want %d", TooLarge(d), len(d.Workers), before+len(added))
			}
			for _, m := range added {
				if d.Batches[m.Batch] == "" {
					t.Errorf("%s has no batch CA", m.Name)
				}
			}
		})
	}
}

// A CA stays unless the report is certain about all workers of its batch.
func TestJoined(t *testing.T) {
	d := rosterOf(t, 4, 2)
	for _, row := range []struct {
		name   string
		report cluster.Report
		cas    int
	}{
		{"all", cluster.Report{Generation: d.Generation, Joined: 4}, 0},
		{"one is pending", cluster.Report{Generation: d.Generation, Pending: 1, PendingNames: "cpu[2]"}, 1},
		{"not all pending ones are named", cluster.Report{Generation: d.Generation, Pending: 2, PendingNames: "cpu[2]"}, 2},
		{"of an older roster", cluster.Report{Generation: d.Generation - 1, Joined: 4}, 2},
		{"no names", cluster.Report{Generation: d.Generation, Pending: 1, PendingNames: "!"}, 2},
	} {
		after := d.Clone()
		DropCAs(&after, Joined(d, row.report))
		if len(after.Batches) != row.cas {
			t.Errorf("%s: %d batch CAs, want %d", row.name, len(after.Batches), row.cas)
		}
	}
	d.FrontEnd.HostCA = ""
	if allJoined(d) != nil {
		t.Error("without a host CA no other front-end could verify them")
	}
}
