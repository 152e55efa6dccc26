package cloudinit

import "github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"

// Common is the part of the input that concerns the cluster or the user's wishes.
type Common struct {
	ClusterID   string
	ClusterName string
	LoginUser   string // "" makes none
	LoginUID    int
	OperatorKey string              // authorized_keys form; may be ""
	BatchSystem cluster.BatchSystem // "" is none
	Install     bool                // cloud-init installs the batch system's packages
	BatchConfig string              // the user's own lines of its configuration
	Coordinator string              // cluster.CoordinatorLastWorker, or else the front-end
	Signing     bool                // the front-end accepts a new CA or operators' key with a signature only
	CA          string              // cluster CA's public half, authorized_keys form
	StateVolume string              // ID of the front-end's volume for the batch system's state; "" is none
	CloudConfig string              // the user's own cloud-config, or ""
	Files       map[string]string   // path → content
}

// HostKey is a worker's throw-away first host key: it proves the worker to the
// coordinator once and is replaced at the join.
type HostKey struct {
	Private     string // OpenSSH PEM
	Public      string // authorized_keys form
	Certificate string // host certificate for the node's name, by the batch CA
}

// WorkerInput is what a worker's user data is rendered from.
type WorkerInput struct {
	Common
	Name           string // node name
	Group          string
	FrontEndName   string
	CoordinatorKey string // the front-end's lasting key, once it is known; else ""
	HostKey        HostKey

	// Set for a messenger, the worker that takes a roster to the front-end (see
	// cluster.CoordinatorLastWorker); else nil and "".
	Document     *cluster.Document
	MessengerKey string // private half of a 2-hour key, OpenSSH PEM
	Certificate  string // its certificate, by the cluster CA
}

// FrontEndInput is what the front-end's user data is rendered from.
type FrontEndInput struct {
	Common
	Name           string
	Document       cluster.Document // first generation, roster included; left out where it does not fit
	CoordinatorKey string           // private half of the 2-hour key, OpenSSH PEM
	Certificate    string           // its certificate, by the cluster CA
}

// NewCommon returns what the nodes of a document's cluster have in common,
// completed by what one of them is made of.
func NewCommon(d cluster.Document, spec cluster.NodeSpec) Common {
	return Common{
		ClusterID: d.ID, ClusterName: d.Name,
		LoginUser: d.LoginUser, LoginUID: d.LoginUID, OperatorKey: d.OperatorKey,
		BatchSystem: d.BatchSystem, BatchConfig: d.BatchConfig, Install: d.BatchInstall, Coordinator: d.Coordinator, CA: d.CA, Signing: d.Signing(),
		StateVolume: spec.StateVolume, CloudConfig: spec.CloudConfig, Files: spec.Files,
	}
}
