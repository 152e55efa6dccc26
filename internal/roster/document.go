package roster

import (
	"bytes"
	"cmp"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// New returns the document of a cluster of that spec, with an empty roster. ca is
// the public half of the cluster CA, in authorized_keys form.
func New(s cluster.Spec, ca string, generation int64) cluster.Document {
	d := cluster.Document{ID: s.ID, Name: s.Name, CA: ca, Generation: generation}
	d.FrontEnd.Name = cluster.FrontEndName(s.Name)
	SetTemplates(&d, s)
	return d
}

// SetTemplates writes into the document what new nodes are made from: the spec
// without the numbers of scaled groups. It reports whether that changed the
// document.
func SetTemplates(d *cluster.Document, s cluster.Spec) bool {
	before := *d
	d.LoginUser, d.LoginUID = s.LoginUser, s.LoginUID
	d.KeyPair, d.OperatorKey = s.KeyPair, s.OperatorKey
	d.BatchSystem, d.BatchConfig, d.BatchInstall = s.BatchSystem, s.BatchConfig, s.BatchInstall
	d.Coordinator = ""
	if s.Coordinator == cluster.CoordinatorLastWorker {
		d.Coordinator = s.Coordinator
	}
	// The front-end's own cloud_config and files would take the room that the
	// roster needs; a group's are there because the scaler makes workers from them.
	frontEnd := s.FrontEnd
	frontEnd.CloudConfig, frontEnd.Files = "", nil
	d.FrontEndAs = &frontEnd
	d.Groups = Templates(s)
	return !sameJSON(before, *d) // as written: nil and empty are the same there
}

// Templates returns what the workers of each group are made from.
func Templates(s cluster.Spec) map[string]cluster.GroupSpec {
	out := make(map[string]cluster.GroupSpec, len(s.Groups))
	for name, g := range s.Groups {
		g.Retire = nil
		if g.Scaling != nil {
			g.Count = 0 // the scaler's number is no part of the template
		}
		out[name] = g
	}
	return out
}

// Reconfigures reports whether the front-end has to configure the batch system anew before
// a change of a document is done: its own lines, the groups, or the sizes of their workers
// are others. The groups' bounds are no such change: the front-end follows them, too, and no
// worker is affected.
func Reconfigures(before, after cluster.Document) bool {
	if after.BatchSystem == cluster.BatchNone {
		return false
	}
	groups := func(d cluster.Document) map[string]cluster.Machine {
		out := make(map[string]cluster.Machine, len(d.Groups))
		for name, g := range d.Groups {
			out[name] = g.Machine
		}
		return out
	}
	return before.BatchConfig != after.BatchConfig || !maps.Equal(groups(before), groups(after))
}

func sameJSON(a, b cluster.Document) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// anyID stands in for the ID of a cluster that is not made yet.
const anyID = "6d3c1f0a-94be-4b57-a0d8-27e5c8b1f394"

// Trial returns a document as large as the one that a cluster of that spec comes
// to have with every group at its most. Addresses, IDs and keys are stand-ins that
// pack no better than genuine ones; ca stands in for every key but batch CAs. The
// workers of scaled groups are each in a batch of their own, as a scaler makes them that
// adds one at a time; OwnBatches of them have not joined.
func Trial(s cluster.Spec, ca string) cluster.Document {
	d := New(s, ca, 1)
	d.ID = cmp.Or(s.ID, anyID)
	d.FrontEnd = cluster.FrontEndRecord{Name: d.FrontEnd.Name, Address: "203.0.113.255", HostKey: ca, CoordinatorKey: ca, HostCA: ca}
	d.HostCAs = []string{ca}
	d.Batches = map[string]string{"batch": ca}
	if s.DocumentSigning {
		for i := range cluster.MaxLinks {
			sum := sha512.Sum512([]byte{byte(i)})
			d.Signed = append(d.Signed, cluster.Link{
				Number: int64(i) + 1, CA: ca, Operator: cluster.OperatorPrint(string(sum[:])), Config: cluster.OperatorPrint(string(sum[1:])), Signature: base64.RawStdEncoding.EncodeToString(sum[:]),
			})
		}
	}
	n, cas := 0, []string(nil)
	for _, group := range s.GroupNames() {
		for _, name := range cluster.NextNames(s.Name, group, s.Groups[group].Most(), nil) {
			n++
			address := fmt.Sprintf("10.%d.%d.%d", n*7919>>16&255, n*7919>>8&255, n*7919&255)
			batch := "batch"
			if s.Groups[group].Scaling != nil {
				ca := standIn(n)
				batch, cas = cluster.BatchID(ca), append(cas, ca)
			}
			d.Workers = append(d.Workers, cluster.Member{Name: name, Address: address, Batch: batch})
		}
	}
	for _, ca := range cas[max(len(cas)-OwnBatches, 0):] { // far from their workers they pack worst
		SetBatch(&d, cluster.BatchID(ca), ca)
	}
	return d
}

// standIn returns a text that looks like the public half of the n-th batch's CA.
func standIn(n int) string {
	const head = "\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"
	key := sha512.Sum512_256([]byte(strconv.Itoa(n)))
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString([]byte(head+string(key[:])))
}
