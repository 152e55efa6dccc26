package cluster

import "time"

// FirstKeyTTL is how long after its creation a worker can be joined for the first time:
// the certificate of its first host key is good for so long (trust.FirstHostKeyTTL).
const FirstKeyTTL = 30 * 24 * time.Hour

// AddressTime is how long after its creation a worker without an address is hoped to get
// one. An apply waits for about so long; what has none then is built anew by the next.
const AddressTime = 20 * time.Minute

// Enrolled reports whether the roster holds this worker: the server, not only its
// name. An older server's entry of that name is none of its own.
func (d Document) Enrolled(n Node) bool {
	m, ok := d.Member(n.Name)
	return ok && m.Enrols(n)
}

// Enrols reports whether the entry is that of the server, and not of an older one of
// its name.
func (m Member) Enrols(n Node) bool { return n.Batch == "" || n.Batch == m.Batch }

// Unenrollable returns why a worker can never be enrolled by what its server bears, as the
// end of the sentence "it can't be enrolled: …"; "" for a worker that can, if perhaps
// not before it has an address, which may take AddressTime, or its group is in the
// document. It says nothing about workers that are enrolled.
func (d Document) Unenrollable(n Node, now time.Time) string {
	switch {
	case n.Role != RoleWorker || n.ClusterID != d.ID:
		return "it is no worker of this cluster"
	case n.Group == "" || GroupOf(d.Name, n.Name) != n.Group:
		return "its name is not that of a worker of its group"
	case n.BatchCA == "":
		return "its metadata hold no " + MetaBatchCA + " that belongs to its " + MetaBatch
	case n.Created.IsZero() || now.Sub(n.Created) >= FirstKeyTTL:
		return "the certificate of its first key has ended"
	case n.Address == "" && n.Status.Standing() == Sound && n.Status != StatusUnknown && now.Sub(n.Created) >= AddressTime:
		return "it has got no address since it was made"
	}
	return ""
}

// Ready reports whether a worker that can be enrolled has all that an entry needs, and
// will need no repair.
func (n Node) Ready() bool { return IsAddress(n.Address) && !n.Unfit() && !n.Gone() }
