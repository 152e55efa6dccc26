package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstacktest/guest"
)

// Each row: what the project has, what is asked of it, the attribute that the
// plan points at, and its figures. Nothing is made.
func TestAccClusterPreflight(t *testing.T) {
	type quota = openstacktest.Quota
	cpu := `AttributeName("workers").ElementKeyString("cpu")`
	group := func(more string) string { return basic(`cpu = { flavor = "m1.small", count = 3` + more + ` }`) }
	needy := append(openstacktest.DefaultImages(), openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000003", Name: "needy", MinRAM: 1024, MinDisk: 10})
	small := append(openstacktest.DefaultNetworks(), openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "small", CIDR: "10.99.0.0/29"})
	for _, row := range []struct {
		name, body string
		options    openstacktest.Options
		path       string
		says       []string
	}{
		{"instances", group(""), openstacktest.Options{Quota: quota{Instances: 3}}, cpu + `.AttributeName("count")`, []string{"Not enough instances", "4 instances needed, 3 left (0 of 3 used)", "quota raised"}},
		{"cores", group(""), openstacktest.Options{Quota: quota{Cores: 4}}, cpu + `.AttributeName("count")`, []string{"5 cores needed, 4 left"}},
		{"RAM", group(""), openstacktest.Options{Quota: quota{RAM: 2048}}, cpu + `.AttributeName("count")`, []string{"2560 MB of RAM needed, 2048 left"}},
		{"ports", group(""), openstacktest.Options{Quota: quota{Instances: 100, Ports: 3}}, cpu + `.AttributeName("count")`, []string{"4 ports needed, 3 left"}},
		{"server group's members", group(`, server_group = { policy = "anti-affinity" }`), openstacktest.Options{Quota: quota{ServerGroupMembers: 2}},
			cpu + `.AttributeName("server_group")`, []string{"3 members of a server group needed, 2 possible"}},
		{"volumes", group(`, boot_volume = { size = 20 }`), openstacktest.Options{BlockStorage: true, Quota: quota{Volumes: 9, Gigabytes: 50}},
			cpu + `.AttributeName("boot_volume")`, []string{"60 GB of volumes needed, 50 left (0 of 50 used)"}},
		{"addresses", basic(`cpu = { flavor = "m1.small", count = 6, network = "small" }`), openstacktest.Options{Networks: small},
			cpu + `.AttributeName("network")`, []string{"6 addresses of network", "5 free"}},
		{"flavor's RAM", group(`, image = "needy"`), openstacktest.Options{Images: needy}, cpu + `.AttributeName("flavor")`, []string{"1024 MB of RAM of the flavor needed, 512 possible"}},
		{"flavor's disk", group(`, image = "needy"`), openstacktest.Options{Images: needy}, cpu + `.AttributeName("flavor")`, []string{"10 GB of disk of the flavor needed, 4 possible", "boot_volume"}},
		{"boot volume's size", group(`, image = "needy", boot_volume = { size = 5 }`), openstacktest.Options{Images: needy, BlockStorage: true},
			cpu + `.AttributeName("boot_volume")`, []string{"10 GB of the boot volume needed, 5 possible"}},
		{"unknown zone", group(`, availability_zones = ["nova", "mars"]`), openstacktest.Options{}, cpu + `.AttributeName("availability_zones").ElementKeyInt(1)`, []string{`Unknown availability zone "mars"`, "there is nova"}},
		{"unknown port", strings.Replace(group(""), `"m1.medium" }`, `"m1.medium", port = "vip" }`, 1), openstacktest.Options{}, `AttributeName("front_end").AttributeName("port")`, []string{`Unknown port "vip"`}},
		{"metadata key of ours", group(`, metadata = { vmcluster_spec = "x" }`), openstacktest.Options{}, cpu + `.AttributeName("metadata").ElementKeyString("vmcluster_spec")`, []string{"the provider's own"}},
		{"zone twice", group(`, availability_zone = "nova", availability_zones = ["nova"]`), openstacktest.Options{}, cpu + `.AttributeName("availability_zones")`, []string{"availability_zone"}},
		{"no such traffic network", group(`, networks = ["private", "public"], cluster_network = "fabric"`), openstacktest.Options{}, cpu + `.AttributeName("cluster_network")`, []string{`"fabric" is none of the node's networks`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, row.options, guest.Options{})
			s.run(t, resource.TestStep{Config: s.config(row.body), PlanOnly: true, ExpectError: regexp.MustCompile(`Error: `)})
			for _, e := range s.heard.errors() {
				if e.path == row.path && containsAll(e.summary+"\n"+e.text, row.says) {
					return
				}
			}
			t.Errorf("no error at %s that says %q; heard: %v", row.path, row.says, s.heard.errors())
		})
	}
}

// What a group may grow to does not fit: a warning, and the cluster is made. What
// the cloud does not tell is no fault.
func TestAccClusterPreflightAtMax(t *testing.T) {
	s := newStage(t, openstacktest.Options{Quota: openstacktest.Quota{Cores: 6}}, guest.Options{})
	s.cloud.Fault(openstacktest.Fault{Method: "GET", Path: "/network/quotas/*/details.json", Status: 403, Times: -1})
	s.cloud.Fault(openstacktest.Fault{Method: "GET", Path: "/network/subnets", Status: 403, Times: -1})
	config := s.config(basic(`cpu = { flavor = "m1.small", scaling = { min = 1, max = 9 } }`))
	s.run(t,
		resource.TestStep{Config: config, ConfigPlanChecks: planned1(plancheck.ResourceActionCreate)},
		resource.TestStep{
			PreConfig: func() {
				s.expectWarning(t, `AttributeName("workers").ElementKeyString("cpu").AttributeName("scaling").AttributeName("max")`, "for the maximum", "11 cores needed, 6 left", "What this plan adds fits")
				s.cloud.ResetCalls()
			},
			Config: config, PlanOnly: true,
		},
	)
	if n := s.cloud.Calls()["GET /compute/limits"]; n > 0 {
		t.Errorf("an unchanged plan asked for the limits %d times", n)
	}
}
