package bench

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

func bareOn(t *testing.T, cloud *openstacktest.Cloud) Bare {
	t.Helper()
	env := cloud.Env()
	client, err := openstack.New(t.Context(), openstack.Config{Getenv: func(key string) string { return env[key] }, Transport: cloud.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	cloud.ResetCalls()
	return Bare{Cloud: client, Concurrency: 4, Server: cluster.NodeRequest{
		ClusterID: "0f8a7f6e-0000-4000-8000-000000000001", ClusterName: "bare", Role: cluster.RoleWorker, Group: "cpu",
		Image: openstacktest.DefaultImages()[0].ID, Flavor: "1", Network: openstacktest.DefaultNetworks()[0].ID,
	}}
}

// The bare API takes what the cloud takes: rounds of POSTs, one build, and no more than
// the pause between two lists.
func TestBareAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := openstacktest.New(openstacktest.Options{
			BuildDelay: 20 * time.Second, DeleteDelay: 3 * time.Second,
			Pace: openstacktest.Pace{Create: time.Second, Delete: 500 * time.Millisecond},
		})
		defer cloud.Close()
		bare := bareOn(t, cloud)
		start := time.Now()
		if err := bare.Create(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 22*time.Second || took > 22*time.Second+barePause {
			t.Errorf("two rounds of POSTs and a build took %s", took)
		}
		if n := cloud.Calls()["POST /compute/servers"]; n != 8 || cloud.Created() != 8 {
			t.Errorf("%d POSTs, %d servers", n, cloud.Created())
		}
		start = time.Now()
		if err := bare.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 4*time.Second || took > 4*time.Second+barePause {
			t.Errorf("two rounds of DELETEs and a deletion took %s", took)
		}
		if n := len(cloud.Servers()); n != 0 {
			t.Errorf("%d servers are left", n)
		}
	})
}

func TestBareAPIWithAServerInError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := openstacktest.New(openstacktest.Options{BuildDelay: 20 * time.Second})
		defer cloud.Close()
		cloud.FailServers(openstacktest.ServerFault{Name: "bare-2"})
		bare := bareOn(t, cloud)
		if err := bare.Create(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "bare-2") {
			t.Errorf("the failed server is named by %v", err)
		}
	})
}
