package wrong

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// world is the cloud that rows meet.
type world struct {
	name    string // of its folder in testdata
	options openstacktest.Options
	prepare func(*testing.T, *openstacktest.Cloud) // may be nil
	after   func(*openstacktest.Cloud)             // between the first configurations and the judged ones; may be nil
	apply   bool                                   // what plans well is applied
	blocks  bool                                   // rows have provider blocks, each of which gets a process of its own
}

// images are those of all worlds.
var images = append(openstacktest.DefaultImages(),
	openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000003", Name: "twin"},
	openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000004", Name: "twin"},
	openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000005", Name: "needy", MinRAM: 1024, MinDisk: 10},
	openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000006", Name: "queued", Status: "queued"})

// worlds are all clouds that rows meet. The first one is that of most rows.
var worlds = []world{
	{name: "plain", options: openstacktest.Options{
		Images: images,
		Networks: append(openstacktest.DefaultNetworks(),
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "small", CIDR: "10.99.0.0/29"},
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000004", Name: "double", CIDR: "10.98.0.0/24"},
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000005", Name: "double", CIDR: "10.97.0.0/24"},
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000006", Name: "spare", CIDR: "10.96.0.0/24", Spare: 50}),
		SecurityGroups: []string{"default", "open", "doubled", "doubled"},
		Zones:          []openstacktest.Zone{{Name: "nova", Hosts: 3}, {Name: "west", Hosts: 3}},
	}},
	// A project that has room for a small cluster.
	{name: "quota", options: openstacktest.Options{
		BlockStorage: true,
		Flavors:      append(openstacktest.DefaultFlavors(), openstacktest.Flavor{ID: "7", Name: "m1.huge", VCPUs: 64, RAM: 65536, Disk: 80}),
		Networks:     append(openstacktest.DefaultNetworks(), openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "other", CIDR: "10.99.0.0/20"}),
		Quota: openstacktest.Quota{Instances: 10, Cores: 12, RAM: 16000, Ports: 14, Volumes: 4, Gigabytes: 50,
			ServerGroups: 1, ServerGroupMembers: 3, MetadataItems: 25},
	}},
	// Clusters that the rows make, and then change.
	{name: "changes", options: openstacktest.Options{Images: images,
		KeyPairs: append(openstacktest.DefaultKeyPairs(), openstacktest.KeyPair{Name: "night", PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAInight"})}},
	// Clusters of which the first worker is in ERROR and the second one is off.
	{name: "broken", after: breakWorkers},
	// Names and ports that others have.
	{name: "taken", prepare: takeNames, options: openstacktest.Options{
		BlockStorage: true,
		Networks:     append(openstacktest.DefaultNetworks(), openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "other", CIDR: "10.99.0.0/20"}),
	}},
	// A cloud on which some servers come to nothing.
	{name: "faults", apply: true, prepare: func(_ *testing.T, cloud *openstacktest.Cloud) {
		for name, message := range map[string]string{
			"no-host-cpu-1": "", "no-front-frontend": "", "too-few-cpu-2": "",
			"late-quota-cpu-1": "Quota exceeded for cores: Requested 1, but already used 12 of 12 cores",
			"no-address-cpu-1": "Failed to allocate the network(s): No more IP addresses available on network private.",
			"bad-image-cpu-1":  "Image tiny is unacceptable: Image is not raw format", "bad-front-frontend": "Image tiny is unacceptable: Image is not raw format",
		} {
			cloud.FailServers(openstacktest.ServerFault{Name: "^" + name + "$", Times: -1, Message: message})
		}
	}},
	// A cloud that refuses to list its images.
	{name: "trouble", prepare: func(_ *testing.T, cloud *openstacktest.Cloud) {
		cloud.Fault(openstacktest.Fault{Method: "GET", Path: "/image/images*", Status: 403, Times: -1})
	}},
	// Rows that do not reach the cloud.
	{name: "connection", blocks: true},
}

// breakWorkers breaks the first and the second worker of every cluster.
func breakWorkers(cloud *openstacktest.Cloud) {
	for _, s := range cloud.Servers() {
		switch {
		case strings.HasSuffix(s.Name, "-cpu-1"):
			cloud.SetStatus(s.ID, "ERROR", "No valid host was found. There are not enough hosts available.")
		case strings.HasSuffix(s.Name, "-cpu-2"):
			cloud.SetStatus(s.ID, "SHUTOFF", "")
		}
	}
}

// takeNames makes a cluster, two of one name, one that another run has not finished, a
// port in use and one on another network, and volumes that no front-end can get.
func takeNames(t *testing.T, cloud *openstacktest.Cloud) {
	t.Helper()
	port, err := cloud.AddPort("private", "taken", "10.76.9.9")
	if err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for id, name := range map[string]string{
		"4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2": "astro", "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d3": "half",
		"4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d4": "double", "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d5": "double",
		"4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d7": "orion-x", "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d8": "headless",
	} {
		g.Go(func() error { return makeCluster(t.Context(), cloud, id, name, "") })
	}
	g.Go(func() error {
		return makeCluster(t.Context(), cloud, "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d6", "porter", port)
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"half-frontend", "headless-frontend"} {
		frontEnd, _ := cloud.Server(name)
		cloud.RemoveServer(frontEnd.ID)
	}
	if err := unfinish(t.Context(), cloud, "half-cpu-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.AddPort("other", "elsewhere", ""); err != nil {
		t.Fatal(err)
	}
	addVolumes(cloud)
}

// addVolumes makes volumes that no front-end can get.
func addVolumes(cloud *openstacktest.Cloud) {
	server, _ := cloud.Server("porter-frontend")
	cloud.AttachVolume(cloud.AddVolume("taken", false), server.ID)
	cloud.SetVolumeStatus(cloud.AddVolume("failed", false), "error")
	cloud.AddVolume("shared", true)
	for range 2 {
		cloud.AddVolume("twins", false)
	}
}

// blind is a cloud that shows a create no cluster but its own, so that two clusters of one
// name come about.
type blind struct {
	*openstack.Client
	id string
}

func (b blind) Nodes(ctx context.Context, tags ...string) (cluster.Nodes, error) {
	nodes, err := b.Client.Nodes(ctx, tags...)
	return slices.DeleteFunc(nodes, func(n cluster.Node) bool { return n.ClusterID != b.id }), err
}

func (b blind) ManyNodes(ctx context.Context, _ int, tags ...string) (cluster.Nodes, error) {
	return b.Nodes(ctx, tags...)
}

// makeCluster makes a cluster of one worker past Terraform, whether or not its name is
// free. port is the ID of the front-end's own port, or "".
func makeCluster(ctx context.Context, cloud *openstacktest.Cloud, id, name, port string) error {
	client, err := logIn(ctx, cloud)
	if err != nil {
		return err
	}
	node := cluster.NodeSpec{
		Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID,
		SecurityGroups: []string{"default"},
	}
	frontEnd := node
	frontEnd.Port = port
	result, err := provision.New(blind{client, id}, provision.Options{}).Apply(ctx, provision.Request{
		Create: true, NameFree: true, Wait: provision.WaitActive,
		Spec: cluster.Spec{
			ID: id, Name: name, LoginUser: "ada", LoginUID: cluster.DefaultLoginUID, BatchSystem: cluster.BatchNone,
			FrontEnd: frontEnd, Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: node, Count: 1}},
		},
	})
	if err == nil && len(result.Problems) > 0 {
		err = fmt.Errorf("make cluster %s: %v", name, result.Problems)
	}
	return err
}

// unfinish takes the mark of a finished cluster from a server.
func unfinish(ctx context.Context, cloud *openstacktest.Cloud, name string) error {
	client, err := logIn(ctx, cloud)
	if err != nil {
		return err
	}
	server, _ := cloud.Server(name)
	metadata, err := client.Metadata(ctx, server.ID)
	if err != nil {
		return err
	}
	delete(metadata, cluster.MetaReady)
	_, err = client.SetMetadata(ctx, server.ID, metadata)
	return err
}

func logIn(ctx context.Context, cloud *openstacktest.Cloud) (*openstack.Client, error) {
	return openstack.New(ctx, openstack.Config{
		AuthURL: cloud.AuthURL(), UserName: openstacktest.Username, Password: openstacktest.Password,
		UserDomainName: openstacktest.DomainName, TenantName: openstacktest.ProjectName,
		ProjectDomainName: openstacktest.DomainName, Region: openstacktest.Region,
	})
}

// start starts the world's cloud, and its guests where something is applied.
func (w world) start(t *testing.T, guests bool) *openstacktest.Cloud {
	t.Helper()
	cloud := openstacktest.New(w.options)
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	if w.prepare != nil {
		w.prepare(t, cloud)
	}
	if guests {
		g := guest.New(cloud, guest.Options{})
		g.Start()
		t.Cleanup(g.Close)
	}
	return cloud
}

// frame is the configuration that all rows of a cloud share.
func frame(cloud *openstacktest.Cloud) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    vmcluster = { source = "registry.terraform.io/vmcluster/vmcluster" }
  }
}

provider "vmcluster" {
  auth_url            = %q
  user_name           = %q
  password            = %q
  user_domain_name    = %q
  tenant_name         = %q
  project_domain_name = %q
  region              = %q
}
`, cloud.AuthURL(), openstacktest.Username, openstacktest.Password, openstacktest.DomainName,
		openstacktest.ProjectName, openstacktest.DomainName, openstacktest.Region)
}

// stock is what a cloud holds that costs.
type stock struct{ servers, addresses, ports, volumes, serverGroups int }

func stockOf(cloud *openstacktest.Cloud) stock {
	return stock{len(cloud.Servers()), len(cloud.FloatingIPs()), cloud.PortCount(), len(cloud.Volumes()), len(cloud.ServerGroups())}
}
