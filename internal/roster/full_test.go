package roster

import (
	"fmt"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A document that enrolment has filled can still mark workers to leave: else no scaler
// could ever make it smaller.
func TestAFullDocumentHasRoomForMarks(t *testing.T) {
	full := 330
	for TooLarge(rosterOf(t, full+5, 1)) == nil {
		full += 5
	}
	d := rosterOf(t, full-12, 1)
	var nodes cluster.Nodes
	for i := range 30 {
		nodes = append(nodes, born(t, newBatchCA(t), fmt.Sprintf("astro-cpu-%d", full+i), fmt.Sprint(i+1)))
	}
	added, err := WithRoom(&d, nodes, func() map[string]bool { return nil }, func(d *cluster.Document, nodes cluster.Nodes) []cluster.Member {
		return Enrol(d, nodes, enrolNow)
	})
	if err == nil || len(added) == 0 {
		t.Fatalf("%d added; %v", len(added), err)
	}
	for n := 1; n <= len(d.Workers); n += 4 {
		marked := d.Clone()
		for i := range n {
			marked.Workers[i*7919%len(d.Workers)].Leaving = cluster.LeaveJobsOK
		}
		if err := TooLarge(marked); err != nil {
			t.Fatalf("%d marks: %v", n, err)
		}
	}
}

// An apply that adds workers to a document full of batch CAs drops those of joined workers,
// and keeps the CA of a new worker that bears the name of a joined one.
func TestSpareDropsOnlyWhatHasJoined(t *testing.T) {
	for _, joined := range []func(cluster.Document) map[string]bool{allJoined, func(cluster.Document) map[string]bool { return nil }} {
		d := rosterOf(t, 330, 1)
		ca, name := newBatchCA(t), d.Workers[0].Name
		changed, err := Spare(&d, joined, func(d *cluster.Document) (bool, error) {
			d.Workers[0].Batch = cluster.BatchID(ca)
			SetBatch(d, cluster.BatchID(ca), ca)
			for i := range 500 {
				d.Workers = append(d.Workers, cluster.Member{Name: fmt.Sprintf("astro-cpu-%d", 1000+i), Address: fmt.Sprintf("10.%d.%d.%d", i*7919>>16&255, i*7919>>8&255, i*7919&255), Batch: cluster.BatchID(ca)})
			}
			return true, nil
		})
		m, _ := d.Member(name)
		if err != nil || !changed || len(d.Workers) != 830 || d.Batches[m.Batch] == "" {
			t.Errorf("%t, %v; %d workers", changed, err, len(d.Workers))
		}
		if large := TooLarge(d); (large == nil) != (joined(d) != nil) {
			t.Error(large)
		}
	}
}
