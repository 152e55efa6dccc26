package wrong

import (
	"fmt"
	"testing"

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
}

// worlds are in the order of their cost: the first one has what most rows need.
var worlds = []world{
	{name: "plain", options: openstacktest.Options{
		Images: append(openstacktest.DefaultImages(),
			openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000003", Name: "twin"},
			openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000004", Name: "twin"},
			openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000005", Name: "needy", MinRAM: 1024, MinDisk: 10},
			openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000006", Name: "queued", Status: "queued"}),
		Networks: append(openstacktest.DefaultNetworks(),
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "small", CIDR: "10.99.0.0/29"},
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000004", Name: "double", CIDR: "10.98.0.0/24"},
			openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000005", Name: "double", CIDR: "10.97.0.0/24"}),
		SecurityGroups: []string{"default", "open", "doubled", "doubled"},
		Zones:          []openstacktest.Zone{{Name: "nova", Hosts: 3}, {Name: "west", Hosts: 3}},
	}},
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
