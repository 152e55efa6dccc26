package cluster

// BatchSystem names the batch system that a cluster runs; node.BatchSystems lists
// those that exist.
type BatchSystem string

// BatchNone stands for a cluster without a batch system.
const BatchNone BatchSystem = "none"

// FrontEndGroup is the key under which the front-end stands where groups are
// listed. No worker group may have this name.
const FrontEndGroup = "frontend"

// Who distributes a roster when workers are added.
const (
	CoordinatorFrontEnd   = "front_end"   // it reads the document in its metadata
	CoordinatorLastWorker = "last_worker" // for clouds without a metadata service: the last new worker brings it
)

// DefaultLoginUID is the uid and gid of the login user on every node. It is
// above the range that distributions hand out by themselves and below
// systemd's dynamic ranges, so that it is free in any image.
const DefaultLoginUID = 20000

// Spec is a wanted cluster. Names that the cloud knows by ID (image, flavor,
// network) are already resolved.
type Spec struct {
	ID          string // UUID; tags every remote object
	Name        string // DNS label; prefix of every node's name
	LoginUser   string // account for which every node trusts every node; "" makes none
	LoginUID    int    // its uid and gid everywhere
	KeyPair     string // operators' Nova key pair; may be empty
	OperatorKey string // the key pair's public half, authorized_keys form; may be empty
	BatchSystem BatchSystem
	Coordinator string // CoordinatorFrontEnd ("" too) or CoordinatorLastWorker
	FrontEnd    NodeSpec
	Groups      map[string]GroupSpec // by group name
}

// NodeSpec is what one node is made of.
type NodeSpec struct {
	Image             string            `json:"image"`   // ID
	Flavor            string            `json:"flavor"`  // ID
	Network           string            `json:"network"` // ID
	SecurityGroups    []string          `json:"security_groups,omitempty"`
	CloudConfig       string            `json:"cloud_config,omitempty"` // the user's own, merged after ours
	Files             map[string]string `json:"files,omitempty"`        // path → content
	ExternalNetworkID string            `json:"external_network,omitempty"`
	Placement
}

// BuildHash is the fingerprint of what only a new server can take on: a floating
// IP can be given to one that exists.
func (s NodeSpec) BuildHash() string {
	s.ExternalNetworkID = ""
	return s.Hash()
}

// GroupSpec is a worker group: how many nodes of one NodeSpec. With Scaling the
// number is the scaler's, and Count is the least number at this moment: what a
// new group begins with.
type GroupSpec struct {
	NodeSpec
	Count   int      `json:"count"`
	Scaling *Scaling `json:"scaling,omitempty"`
	Retire  []string `json:"-"` // node names that leave first when Count falls

	MinReady int `json:"-"` // workers without which an apply has failed
}

// Scaling bounds a group whose number of workers the scaler decides.
type Scaling struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Wanted returns how many workers the group should have where that many work.
// Within a scaled group's bounds, and above them, it is what there is.
func (g GroupSpec) Wanted(working int) int {
	if g.Scaling == nil {
		return g.Count
	}
	return max(working, g.Scaling.Min, g.Count)
}

// Most returns the number of workers that the group is made for.
func (g GroupSpec) Most() int {
	if g.Scaling == nil {
		return g.Count
	}
	return max(g.Scaling.Max, g.Count)
}

// GroupNames returns the names of the worker groups in order.
func (s Spec) GroupNames() []string { return sortedKeys(s.Groups) }
