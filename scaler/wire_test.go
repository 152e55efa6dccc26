package main

import (
	"fmt"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
)

var (
	_ loop.Consoles = (*openstack.Client)(nil)
	_ loop.Remains  = (*openstack.Client)(nil)
	_ loop.Memos    = (*openstack.Client)(nil)
	_ loop.Project  = project{}
)

// What the quota leaves, with servers of others in the same project, and what is
// without limit.
func TestTheProjectsRoom(t *testing.T) {
	cloud := openstacktest.New(openstacktest.Options{Quota: openstacktest.Quota{Instances: 10, Cores: 20}})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	for k, v := range cloud.Env() {
		t.Setenv(k, v)
	}
	client, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateNode(t.Context(), cluster.NodeRequest{
		Name: "another", ClusterID: "x", ClusterName: "x", Role: cluster.RoleWorker,
		Image: openstacktest.DefaultImages()[0].ID, Flavor: "6", Network: openstacktest.DefaultNetworks()[0].ID,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := project{client}
	room, err := p.Room(t.Context())
	if err != nil || room.Instances == nil || *room.Instances != 9 || room.Cores == nil || *room.Cores != 16 || room.RAMMiB != nil {
		t.Errorf("room %+v, %v", room, err)
	}
	if size, err := p.Size(t.Context(), "6"); err != nil || fmt.Sprint(size) != "{4 8192}" {
		t.Errorf("size %v, %v", size, err)
	}
	if _, err := p.Size(t.Context(), "none"); !cluster.IsKind(err, cluster.FaultNotFound) {
		t.Errorf("a flavor that is not there: %v", err)
	}
}
