package cluster

import "strings"

// Homonym is a group of a cluster of another name whose workers have the names of a
// group's workers: group b-c of cluster a, and group c of cluster a-b.
type Homonym struct {
	Group        string // of the cluster that is asked for
	OtherCluster string
	OtherGroup   string
}

// Homonyms returns the groups of other clusters that would have the same workers' names
// as a cluster's group.
func Homonyms(clusterName, group string) []Homonym {
	var out []Homonym
	prefix := clusterName + "-" + group
	for i := range len(prefix) {
		if prefix[i] != '-' {
			continue
		}
		h := Homonym{Group: group, OtherCluster: prefix[:i], OtherGroup: prefix[i+1:]}
		if h.OtherCluster != clusterName && CheckClusterName(h.OtherCluster) == nil && CheckGroupName(h.OtherGroup) == nil {
			out = append(out, h)
		}
	}
	return out
}

// Name returns the name that the first worker of both groups has.
func (h Homonym) Name() string { return strings.Join([]string{h.OtherCluster, h.OtherGroup, "1"}, "-") }
