package cluster

// Placement is where a node is made and on what, beyond image, flavor and
// network. The zero value leaves all of it to the cloud and adds nothing to a
// NodeSpec's JSON, so that specs that use none of it keep their Hash.
type Placement struct {
	Networks    []string          `json:"networks,omitempty"`     // IDs of all networks in order, where there are several; NodeSpec.Network is one of them
	NetworkName string            `json:"network_name,omitempty"` // of NodeSpec.Network, where there are several
	FixedIP     string            `json:"fixed_ip,omitempty"`     // on NodeSpec.Network
	Port        string            `json:"port,omitempty"`         // ID of an existing port on NodeSpec.Network
	Zones       []string          `json:"zones,omitempty"`        // availability zones; workers are spread over them, see NextZone
	ServerGroup string            `json:"server_group,omitempty"` // policy of a server group for the worker group's workers; "" makes none
	BootVolume  *BootVolume       `json:"boot_volume,omitempty"`
	StateVolume string            `json:"state_volume,omitempty"` // ID of an existing volume for the batch system's state, of the front-end only
	Metadata    map[string]string `json:"metadata,omitempty"`     // the user's own
	ConfigDrive bool              `json:"config_drive,omitempty"`
}

// BootVolume is a volume made from the image, from which the node boots in place
// of the flavor's disk.
type BootVolume struct {
	Size                int    `json:"size"` // GiB
	Type                string `json:"type,omitempty"`
	DeleteOnTermination bool   `json:"delete_on_termination"`
}

// NextZone returns the availability zone of one more worker: the one with the
// fewest of the group's workers; among equals the first in zones. It is "" where
// no zone is named.
func NextZone(zones []string, workers map[string]int) string {
	best := ""
	for i, z := range zones {
		if i == 0 || workers[z] < workers[best] {
			best = z
		}
	}
	return best
}

// Spread gives each of the names its availability zone in order, after the
// workers that have theirs already.
func Spread(zones []string, have Nodes, names []string) map[string]string {
	workers := map[string]int{}
	for _, w := range have {
		workers[w.Zone]++
	}
	out := make(map[string]string, len(names))
	for _, name := range names {
		zone := NextZone(zones, workers)
		workers[zone]++
		out[name] = zone
	}
	return out
}
