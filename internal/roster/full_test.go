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
	d := rosterOf(t, full-5, 1)
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
		for i := 0; i < n; i++ {
			marked.Workers[i*7919%len(d.Workers)].Leaving = cluster.LeaveJobsOK
		}
		if err := TooLarge(marked); err != nil {
			t.Fatalf("%d marks: %v", n, err)
		}
	}
}
