// Package cloudenv reads the environment variables of the tests against a real
// OpenStack, and names those that are missing.
package cloudenv

import (
	"fmt"
	"os"
	"strings"
)

// Variables of the tests against a real cloud. OS_CLOUD names the cloud itself.
const (
	Image           = "VMCLUSTER_ACC_IMAGE"            // e2e: with cloud-init, sshd and HTCondor
	BareImage       = "VMCLUSTER_ACC_BARE_IMAGE"       // e2e: the same without a batch system, of a distribution with apt
	PackageSource   = "VMCLUSTER_ACC_PACKAGE_SOURCE"   // e2e: URL of a flat repository of packages, for nodes that reach no mirror
	Flavor          = "VMCLUSTER_ACC_FLAVOR"           // of every node
	BigFlavor       = "VMCLUSTER_ACC_BIG_FLAVOR"       // e2e: with more memory than the other, and no fewer CPUs
	Network         = "VMCLUSTER_ACC_NETWORK"          // e2e: reachable from here, or an external network is named
	ExternalNetwork = "VMCLUSTER_ACC_EXTERNAL_NETWORK" // for the front-end's floating IP
	SecurityGroup   = "VMCLUSTER_ACC_SECURITY_GROUP"   // lets nodes reach each other, and us the front-end
	KeyPair         = "VMCLUSTER_ACC_KEY_PAIR"         // e2e: in Nova
	PrivateKey      = "VMCLUSTER_ACC_PRIVATE_KEY"      // e2e: file with the key pair's private half
	ImageUser       = "VMCLUSTER_ACC_IMAGE_USER"       // e2e: the image's own user with sudo, for reading user data
	AdminCloud      = "VMCLUSTER_ACC_ADMIN_CLOUD"      // credentials that may change the quota of a project without one
	Pool            = "VMCLUSTER_ACC_POOL"             // program that works a real HTCondor pool
	SlurmPool       = "VMCLUSTER_ACC_SLURM_POOL"       // program that works a real Slurm
	GridEnginePool  = "VMCLUSTER_ACC_GRIDENGINE_POOL"  // program that works a real Grid Engine
	Record          = "VMCLUSTER_ACC_RECORD"           // file for the whole rounds of the scaler that works the pool
	AccessRules     = "VMCLUSTER_ACC_ACCESS_RULES"     // 1: the cloud's services heed application credentials' access rules
	Faults          = "VMCLUSTER_ACC_FAULTS"           // 1: the cloud heeds vmlab_fail and vmlab_delay, and has three hypervisors
)

// meaning of each variable, for the error.
var meaning = map[string]string{
	"OS_CLOUD":      "an entry of clouds.yaml",
	Image:           "an image's name or ID",
	BareImage:       "the name or ID of an image without a batch system",
	Flavor:          "a flavor's name or ID",
	BigFlavor:       "a flavor with more memory than the other and no fewer CPUs, name or ID",
	Network:         "the nodes' network, name or ID",
	ExternalNetwork: "an external network for floating IPs",
	SecurityGroup:   "a security group by which nodes reach each other",
	KeyPair:         "a Nova key pair's name",
	PrivateKey:      "the file with that key pair's private key",
	ImageUser:       "the image's default user",
}

// Read returns the values of the variables, or an error that names each missing
// one and what it should hold.
func Read(variables ...string) (map[string]string, error) {
	out := map[string]string{}
	var missing []string
	for _, v := range variables {
		if out[v] = os.Getenv(v); out[v] == "" {
			missing = append(missing, "  "+v+": "+meaning[v])
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("these environment variables are needed and not set:\n%s", strings.Join(missing, "\n"))
	}
	return out, nil
}
