package roster

import (
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

var enrolNow = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// born is a worker of a batch as a list shows it, five minutes old.
func born(t *testing.T, ca, name, id string) cluster.Node {
	t.Helper()
	n := cluster.Node{ID: id, Name: name, ClusterID: sampleSpec().ID, ClusterName: "astro", Role: cluster.RoleWorker,
		Group: cluster.GroupOf("astro", name), Status: cluster.StatusActive, Address: "10.0.0." + id, Created: enrolNow.Add(-5 * time.Minute)}
	cluster.ReadMetadata(&n, map[string]string{cluster.MetaBatch: cluster.BatchID(ca), cluster.MetaBatchCA: ca})
	return n
}

func newBatchCA(t *testing.T) string {
	t.Helper()
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca.Public()
}

// Each row is a server beside the roster's worker 1 of batch a; b and c are other batches.
func TestEnrol(t *testing.T) {
	a, b, c := newBatchCA(t), newBatchCA(t), newBatchCA(t)
	first := born(t, a, "astro-cpu-1", "1")
	with := func(n cluster.Node, change func(*cluster.Node)) cluster.Node { change(&n); return n }
	for _, row := range []struct {
		name  string
		nodes cluster.Nodes
		want  string // of the roster: name=address
	}{
		{"ready", cluster.Nodes{first, born(t, b, "astro-cpu-2", "2")}, "1=1 2=2"},
		{"made by whichever process", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Owner = cluster.OwnerScaler })}, "1=1 2=2"},
		{"being built, with an address", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Status = cluster.StatusBuild })}, "1=1 2=2"},
		{"in a cell that is down", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Status = cluster.StatusUnknown })}, "1=1 2=2"},
		{"without an address", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Address = "" })}, "1=1"},
		{"with a text for an address", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Address = "10.0.0.2 evil" })}, "1=1"},
		{"broken", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Status = cluster.StatusError })}, "1=1"},
		{"being deleted", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Status = cluster.StatusDeleting })}, "1=1"},
		{"deleted", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Status = cluster.StatusDeleted })}, "1=1"},
		{"of another cluster", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.ClusterID = "other" })}, "1=1"},
		{"no worker", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Role = cluster.RoleFrontEnd })}, "1=1"},
		{"of a group that is no more", cluster.Nodes{first, born(t, b, "astro-old-2", "2")}, "1=1"},
		{"whose name is another group's", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Group = "gpu" })}, "1=1"},
		{"without a CA", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) {
			cluster.ReadMetadata(n, map[string]string{cluster.MetaBatch: cluster.BatchID(b)})
		})}, "1=1"},
		{"with the CA of another batch", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) {
			cluster.ReadMetadata(n, map[string]string{cluster.MetaBatch: cluster.BatchID(b), cluster.MetaBatchCA: c})
		})}, "1=1"},
		{"whose certificate has ended", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Created = enrolNow.Add(-trust.FirstHostKeyTTL) })}, "1=1"},
		{"just before that", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.Created = enrolNow.Add(time.Second - trust.FirstHostKeyTTL) })}, "1=1 2=2"},
		{"twin of one that is enrolled", cluster.Nodes{first, born(t, b, "astro-cpu-1", "2")}, "1=1"},
		{"twin of its own batch", cluster.Nodes{first, born(t, a, "astro-cpu-1", "2")}, "1=1"},
		{"twin of one that is broken", cluster.Nodes{with(first, func(n *cluster.Node) { n.Status = cluster.StatusError }), born(t, b, "astro-cpu-1", "2")}, "1=1"},
		{"in place of one that is gone", cluster.Nodes{born(t, b, "astro-cpu-1", "2")}, "1=2"},
		{"built once more in its batch", cluster.Nodes{born(t, a, "astro-cpu-1", "2")}, "1=2"},
		{"two of one name: the older", cluster.Nodes{first, with(born(t, c, "astro-cpu-2", "3"), func(n *cluster.Node) { n.Created = enrolNow }), born(t, b, "astro-cpu-2", "2")}, "1=1 2=2"},
		{"a sound one beside a bad one", cluster.Nodes{first, with(born(t, b, "astro-cpu-2", "2"), func(n *cluster.Node) { n.BatchCA = "" }), born(t, c, "astro-cpu-3", "3")}, "1=1 3=3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := New(sampleSpec(), "ssh-ed25519 CA", 7)
			d.Workers = []cluster.Member{{Name: "astro-cpu-1", Address: "10.0.0.1", Batch: cluster.BatchID(a)}}
			SetBatch(&d, cluster.BatchID(a), a)
			added := Enrol(&d, row.nodes, enrolNow)
			var got []string
			for _, m := range d.Workers {
				got = append(got, strings.TrimPrefix(m.Name, "astro-cpu-")+"="+strings.TrimPrefix(m.Address, "10.0.0."))
				if cluster.BatchID(d.Batches[m.Batch]) != m.Batch {
					t.Errorf("%s has no batch CA", m.Name)
				}
			}
			if strings.Join(got, " ") != row.want || d.Generation != 7 {
				t.Errorf("roster %q, generation %d; want %q, 7", got, d.Generation, row.want)
			}
			if again := Enrol(&d, row.nodes, enrolNow); len(again) > 0 || row.want == "1=1" && len(added) > 0 {
				t.Errorf("added %v, then %v", added, again)
			}
		})
	}
}

// A worker that is marked to leave stays so while its server is there, also at another
// address.
func TestEnrolKeepsMarks(t *testing.T) {
	a := newBatchCA(t)
	d := New(sampleSpec(), "ssh-ed25519 CA", 7)
	d.Workers = []cluster.Member{
		{Name: "astro-cpu-1", Address: "10.0.0.1", Batch: cluster.BatchID(a), Leaving: cluster.LeaveIdle},
		{Name: "astro-cpu-3", Address: "10.0.0.9", Batch: cluster.BatchID(a), Leaving: cluster.LeaveJobsOK},
	}
	Enrol(&d, cluster.Nodes{born(t, a, "astro-cpu-1", "1"), born(t, a, "astro-cpu-2", "2"), born(t, a, "astro-cpu-3", "3")}, enrolNow)
	if m, _ := d.Member("astro-cpu-1"); m.Leaving != cluster.LeaveIdle {
		t.Errorf("%+v", m)
	}
	if m, _ := d.Member("astro-cpu-3"); m.Leaving != cluster.LeaveJobsOK || m.Address != "10.0.0.3" {
		t.Errorf("%+v", m)
	}
	if m, _ := d.Member("astro-cpu-2"); m.Leaving != cluster.Stays || m.Address == "" {
		t.Errorf("%+v", m)
	}
}

// Both constants are one fact, which packages that must not know each other need.
func TestFirstKeysEndWithTheirCertificates(t *testing.T) {
	if cluster.FirstKeyTTL != trust.FirstHostKeyTTL {
		t.Errorf("%s and %s", cluster.FirstKeyTTL, trust.FirstHostKeyTTL)
	}
}
