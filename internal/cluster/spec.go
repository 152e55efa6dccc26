package cluster

// BatchSystem names the batch system that a cluster runs; node.BatchSystems lists
// those that exist.
type BatchSystem string

// BatchNone stands for a cluster without a batch system.
const BatchNone BatchSystem = "none"

// FrontEndGroup is the key of the front-end in maps by group. No worker group may have
// this name.
const FrontEndGroup = "frontend"

// The coordinators that distribute a roster when workers are added.
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
	BatchConfig string // the user's own lines of the batch system's configuration, see CheckBatchConfig
	Coordinator string // CoordinatorFrontEnd ("" too) or CoordinatorLastWorker
	// DocumentSigning has the front-end accept a new CA or operators' key only if the CA
	// before has signed it.
	DocumentSigning bool
	// BatchInstall has new nodes install the batch system's packages that their image
	// lacks.
	BatchInstall bool

	FrontEnd NodeSpec
	Groups   map[string]GroupSpec // by group name
}

// NodeSpec is the specification of one node.
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

// BuildHash returns the fingerprint of the part that only a new server can take on; a
// server that exists can get a floating IP.
func (s NodeSpec) BuildHash() string {
	s.ExternalNetworkID = ""
	return s.Hash()
}

// GroupSpec is a worker group: a number of nodes of one NodeSpec. With Scaling the
// scaler owns the number, and Count is the number with which a new group begins.
type GroupSpec struct {
	NodeSpec
	Count   int      `json:"count"`
	Scaling *Scaling `json:"scaling,omitempty"`
	Machine Machine  `json:"machine,omitzero"`
	Retire  []string `json:"-"` // node names that leave first when Count falls

	MinReady int `json:"-"` // workers without which an apply has failed
}

// Scaling bounds a group whose number of workers the scaler decides.
type Scaling struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Wanted returns the number of workers that the group should have if that many work.
// Within a scaled group's bounds, and above them, it is the present number.
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
