package contract_test

import (
	"os"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/contract"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// embedded starts a cloud with the delays that a real one has, in small.
func embedded(t *testing.T, o openstacktest.Options) *openstacktest.Cloud {
	t.Helper()
	o.BuildDelay, o.DeleteDelay = 20*time.Millisecond, 20*time.Millisecond
	cloud := openstacktest.New(o)
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	return cloud
}

func target(cloud *openstacktest.Cloud, auth map[string]any) contract.Target {
	return contract.Target{
		AuthURL: cloud.AuthURL(), Auth: auth, Region: openstacktest.Region,
		Flavor: "m1.nano", Image: "tiny", Network: "private", ExternalNetwork: "public", SecurityGroup: "open", FaultMetadata: true,
	}
}

func TestEmbeddedCloud(t *testing.T) {
	t.Parallel()
	cloud := embedded(t, openstacktest.Options{BlockStorage: true, DetachDelay: 20 * time.Millisecond})
	contract.Run(t, target(cloud, contract.Password(
		openstacktest.Username, openstacktest.Password, openstacktest.DomainName, openstacktest.ProjectName, openstacktest.DomainName)))
	if n, p, f, v := len(cloud.Servers()), cloud.PortCount(), len(cloud.FloatingIPs()), len(cloud.Volumes()); n+p+f+v != 0 {
		t.Errorf("left over: %d servers, %d ports, %d floating IPs, %d volumes", n, p, f, v)
	}
}

func TestEmbeddedCloudWithApplicationCredentialAndQuota(t *testing.T) {
	t.Parallel()
	cloud := embedded(t, openstacktest.Options{Quota: openstacktest.Quota{Instances: 10, Cores: 20, RAM: 51200}})
	contract.Run(t, target(cloud, contract.ApplicationCredential(openstacktest.AppCredentialID, openstacktest.AppCredentialKey)))
}

// TestRealCloud needs VMCLUSTER_ACC_CLOUD=1 and what contract.FromEnvironment
// lists.
func TestRealCloud(t *testing.T) {
	if os.Getenv("VMCLUSTER_ACC_CLOUD") != "1" {
		t.Skip("VMCLUSTER_ACC_CLOUD is not 1: no real cloud is asked for")
	}
	target, err := contract.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	contract.Run(t, target)
}
