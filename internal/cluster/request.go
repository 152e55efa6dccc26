package cluster

// NodeRequest is a server to make. Its tags follow from it, see Tags.
type NodeRequest struct {
	Name           string
	ClusterID      string
	ClusterName    string
	Role           Role
	Group          string
	Image          string // ID
	Flavor         string // ID
	Network        string // ID
	KeyPair        string
	SecurityGroups []string
	Zone           string      // availability zone; "" is the cloud's choice
	BootVolume     *BootVolume // nil boots from the flavor's disk
	ConfigDrive    bool
	Metadata       map[string]string
	UserData       []byte // raw; the client encodes it
}
