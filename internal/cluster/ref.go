package cluster

import (
	"regexp"
	"slices"
)

// Ref names one cluster of a project, and how what an interrupted create of that name
// has left is recognised.
type Ref struct {
	ID        string // "" for a cluster that is not made yet
	Name      string // "" where only the ID is known; other clusters of the name are not seen then
	CreatedBy string // fingerprint of the caller's place, see MetaCreatedBy; "" recognises no leftovers
	Abandoned string // ID of an unfinished cluster from another place whose run is known to be over; "" is none
}

// Tag returns the tag by which one list shows the cluster, with all others of its name
// where that is known.
func (r Ref) Tag() string {
	if r.Name != "" {
		return NameTag(r.Name)
	}
	return IDTag(r.ID)
}

// Split sorts the servers that a list by Tag has shown. Ours are the cluster's own.
// Leftovers are of clusters that no apply has finished (no server has MetaReady), and
// that were made at the caller's place or are abandoned: their maker is dead, because a
// place has one run at a time. Strangers are all others.
func (r Ref) Split(nodes Nodes) (ours, leftovers, strangers Nodes) {
	for _, c := range nodes.Clusters() {
		switch {
		case c[0].ClusterID == r.ID:
			ours = c
		case !c.Finished() && (r.made(c) || c[0].ClusterID == r.Abandoned):
			leftovers = append(leftovers, c...)
		default:
			strangers = append(strangers, c...)
		}
	}
	return ours, leftovers, strangers
}

// made reports whether all nodes were made at the caller's place.
func (r Ref) made(ns Nodes) bool {
	return r.CreatedBy != "" && !slices.ContainsFunc(ns, func(n Node) bool { return n.Metadata[MetaCreatedBy] != r.CreatedBy })
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// IsID reports whether a text has the form of a cluster's ID, a UUID. A name may have
// it, too.
func IsID(text string) bool { return uuid.MatchString(text) }

// Finished reports whether an apply has finished the cluster of which these are the
// nodes.
func (ns Nodes) Finished() bool {
	return slices.ContainsFunc(ns, func(n Node) bool { return n.Metadata[MetaReady] != "" })
}

// Headless reports whether none of the nodes is a front-end.
func (ns Nodes) Headless() bool {
	_, ok := ns.FrontEnd()
	return !ok
}

// Clusters returns the nodes of each cluster, in the order in which the clusters first
// appear.
func (ns Nodes) Clusters() []Nodes {
	var out []Nodes
	at := map[string]int{}
	for _, n := range ns {
		i, known := at[n.ClusterID]
		if !known {
			i = len(out)
			at[n.ClusterID], out = i, append(out, nil)
		}
		out[i] = append(out[i], n)
	}
	return out
}
