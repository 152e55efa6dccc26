package roster

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Enrol adds every worker that is ready and in no roster, whichever process made it, and
// the CAs of their batches. It returns the entries that it has written, in order of name.
// The generation stays: the caller increases it once for all of its changes.
//
// nodes are all servers of the cluster. An entry is taken over only if none of them is the
// server that it means. Of several servers of one name, the first by Nodes.Distinct
// counts, so a second one is never enrolled.
func Enrol(d *cluster.Document, nodes cluster.Nodes, now time.Time) []cluster.Member {
	one, _ := nodes.Distinct(d.Workers)
	entries := make(map[string]int, len(d.Workers))
	for i, m := range d.Workers {
		entries[m.Name] = i
	}
	var added []cluster.Member
	for _, n := range one {
		i, listed := entries[n.Name]
		ready := n.Ready() && d.GroupOf(n.Name) != "" && d.Unenrollable(n, now) == ""
		if !ready || listed && taken(d.Workers[i], n, nodes) {
			continue
		}
		entry := cluster.Member{Name: n.Name, Address: n.Address, Batch: n.Batch}
		if listed {
			if d.Workers[i].Batch == n.Batch {
				entry.Leaving = d.Workers[i].Leaving // the mark is for the worker, wherever it is
			}
			d.Workers[i] = entry
		} else {
			d.Workers = append(d.Workers, entry)
		}
		SetBatch(d, n.Batch, n.BatchCA)
		added = append(added, entry)
	}
	return added
}

// SetBatch puts the public half of a batch's CA into the document, so that a coordinator
// can verify the first host keys of the batch's workers.
func SetBatch(d *cluster.Document, id, ca string) {
	if d.Batches == nil {
		d.Batches = map[string]string{}
	}
	d.Batches[id] = ca
}

// taken reports whether a roster's entry stays as it is beside a server of its name: it is
// that server's, or that of another one which is still there. An entry of the server's
// batch with another address is that of an earlier build.
func taken(entry cluster.Member, n cluster.Node, nodes cluster.Nodes) bool {
	if entry.Batch == n.Batch && entry.Address == n.Address {
		return true
	}
	return slices.ContainsFunc(nodes, func(o cluster.Node) bool {
		return o.ID != n.ID && o.Name == n.Name && !o.Gone() && entry.Enrols(o) && (o.Address == "" || o.Address == entry.Address)
	})
}
