package bench

import (
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// All calls of a client that logs in through the door come through it, the later pages
// of a list among them, and each is counted once.
func TestDoorCountsAllCalls(t *testing.T) {
	cloud := openstacktest.New(openstacktest.Options{MaxLimit: 2})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	defer cloud.Close()
	door, err := OpenDoor(cloud.AuthURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	env := cloud.Env()
	env["OS_AUTH_URL"] = door.AuthURL()
	client, err := openstack.New(t.Context(), openstack.Config{Getenv: func(key string) string { return env[key] }})
	if err != nil {
		t.Fatal(err)
	}
	bare := Bare{Cloud: client, Concurrency: 4, Server: cluster.NodeRequest{
		ClusterID: "0f8a7f6e-0000-4000-8000-000000000001", ClusterName: "bare", Role: cluster.RoleWorker, Group: "cpu",
		Image: openstacktest.DefaultImages()[0].ID, Flavor: "1", Network: openstacktest.DefaultNetworks()[0].ID,
	}}
	if err := bare.Create(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ResolveImage(t.Context(), openstacktest.DefaultImages()[0].Name); err != nil {
		t.Fatal(err)
	}
	if _, err := client.FloatingIPs(t.Context(), bare.Server.ClusterID); err != nil {
		t.Fatal(err)
	}
	if err := bare.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counted, made := door.Calls(), cloud.TotalCalls(); counted != made || made < 5+5+3+3 {
		t.Errorf("the door has counted %d calls, the cloud %d", counted, made)
	}
	if n := door.Calls(); n != 0 {
		t.Errorf("%d calls are counted twice", n)
	}
}

// Services are told apart by the whole of their address.
func TestDoorReplacesWholeAddresses(t *testing.T) {
	door, err := OpenDoor("http://cloud.test:80/v3", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	door.learn([]byte(`{"token": {"catalog": [{"endpoints": [{"url": "http://cloud.test:8774/v2.1"}, {"url": "http://cloud.test:80/other"}, {"url": "none"}]}]}}`))
	got := string(door.replace([]byte(`["http://cloud.test:80/v3", "http://cloud.test:8774/v2.1", "http://cloud.test:8774", "http://cloud.test:8776/v3"]`)))
	at := door.server.URL
	if want := `["` + at + `/origin-0/v3", "` + at + `/origin-1/v2.1", "` + at + `/origin-1", "http://cloud.test:8776/v3"]`; got != want {
		t.Errorf("replaced:\n%s\nwant\n%s", got, want)
	}
}

func TestDoorNeedsAURL(t *testing.T) {
	if _, err := OpenDoor("cloud.test", nil); err == nil {
		t.Error("a name alone is taken for a URL")
	}
}
