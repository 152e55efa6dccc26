package cluster

// ServerGroup is Nova's record of servers that a policy keeps apart or together.
// It has no tags: the cluster knows its own groups by their names, see ServerGroupName,
// and by their members.
type ServerGroup struct {
	ID      string
	Name    string
	Policy  string   // "anti-affinity", "soft-anti-affinity", "affinity", "soft-affinity"
	Members []string // IDs of servers
}

// ServerGroupName returns the name of a worker group's server group.
func ServerGroupName(cluster, group string) string { return cluster + "-" + group }
