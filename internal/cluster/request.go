package cluster

// NodeRequest is a server to make. Its tags follow from it.
type NodeRequest struct {
	Name           string
	ClusterID      string
	ClusterName    string
	Role           Role
	Group          string
	Image          string   // ID
	Flavor         string   // ID
	Network        string   // ID; of several the one for the cluster's traffic
	Networks       []string // IDs of all in order, where there are several
	FixedIP        string   // on Network; "" is the cloud's choice
	Port           string   // ID of an existing port in place of a new one on Network
	KeyPair        string
	SecurityGroups []string
	Zone           string      // availability zone; "" is the cloud's choice
	ServerGroupID  string      // "" is none
	BootVolume     *BootVolume // nil boots from the flavor's disk
	StateVolume    string      // ID of an existing volume that the server gets beside its boot disk, and that outlives it; "" is none
	ConfigDrive    bool
	Metadata       map[string]string
	UserData       []byte // raw; the client encodes it
	NeverFloated   bool   // see NoFloatingTag
}

// Tags returns the tags that the server has from its create call on.
func (r NodeRequest) Tags() []string {
	tags := Tags(r.ClusterID, r.ClusterName, r.Role, r.Group)
	if r.NeverFloated {
		tags = append(tags, NoFloatingTag)
	}
	return tags
}
