package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Each row: what the project has, what is asked of it, the attribute that the
// plan points at, and its figures. Nothing is made.
func TestAccClusterPreflight(t *testing.T) {
	t.Parallel() // its rows run beside other tests
	type quota = openstacktest.Quota
	cpu := `AttributeName("workers").ElementKeyString("cpu")`
	group := func(more string) string { return basic(`cpu = { flavor = "m1.small", count = 3` + more + ` }`) }
	needy := append(openstacktest.DefaultImages(), openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000003", Name: "needy", MinRAM: 1024, MinDisk: 10},
		openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000004", Name: "queued", Status: "queued"})
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
		{"metadata", strings.Replace(group(`, metadata = { a = "1", b = "2" }`), `"m1.medium" }`, `"m1.medium", metadata = { `+manyKeys(20)+` } }`, 1), openstacktest.Options{Quota: quota{MetadataItems: 25}},
			`AttributeName("front_end").AttributeName("metadata")`, []string{"metadata items of a server needed, 25 possible"}},
		{"image that is not active", group(`, image = "queued"`), openstacktest.Options{Images: needy}, cpu + `.AttributeName("image")`, []string{`its state is queued`, "active"}},
		{"unknown zone", group(`, availability_zones = ["nova", "mars"]`), openstacktest.Options{}, cpu + `.AttributeName("availability_zones").ElementKeyInt(1)`, []string{`Unknown availability zone "mars"`, `o availability zone has this name; there is "nova"`}},
		{"unknown port", strings.Replace(group(""), `"m1.medium" }`, `"m1.medium", port = "vip" }`, 1), openstacktest.Options{}, `AttributeName("front_end").AttributeName("port")`, []string{`Unknown port "vip"`}},
		{"metadata key of ours", group(`, metadata = { vmcluster_spec = "x" }`), openstacktest.Options{}, cpu + `.AttributeName("metadata").ElementKeyString("vmcluster_spec")`, []string{"the provider's own"}},
		{"zone twice", group(`, availability_zone = "nova", availability_zones = ["nova"]`), openstacktest.Options{}, cpu + `.AttributeName("availability_zones")`, []string{"availability_zone"}},
		{"no such traffic network", group(`, networks = ["private", "public"], cluster_network = "fabric"`), openstacktest.Options{}, cpu + `.AttributeName("cluster_network")`, []string{`one of the node's networks`}},
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

// A front-end that is given its address takes none of those that the subnet gives out.
func TestAccClusterPreflightOfAGivenAddress(t *testing.T) {
	small := append(openstacktest.DefaultNetworks(), openstacktest.Network{ID: "a2256c23-0000-4000-8000-000000000003", Name: "small", CIDR: "10.99.0.0/28", Spare: 8})
	s := newStage(t, openstacktest.Options{Networks: small}, guest.Options{})
	body := strings.NewReplacer(`"private"`, `"small"`, `"m1.medium" }`, `"m1.medium", fixed_ip = "10.99.0.7" }`).Replace(basic(`cpu = { flavor = "m1.small", count = 5 }`))
	s.run(t, resource.TestStep{Config: s.config(body), PlanOnly: true, ExpectNonEmptyPlan: true})
}

func manyKeys(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`k%d = "v"`, i))
	}
	return strings.Join(out, ", ")
}

// Each row: what a cluster is made of, what it is to be made of, and what the plan
// says of nodes that would be made anew; "" is nothing. A plan that let a front-end
// go for one that can't be made would cost the queue.
func TestAccClusterPreflightOfNodesMadeAnew(t *testing.T) {
	t.Parallel() // its rows run beside other tests
	type quota = openstacktest.Quota
	images := append(openstacktest.DefaultImages(), openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000003", Name: "needy", MinRAM: 4096})
	cpu := func(more string) string { return `cpu = { flavor = "m1.small", count = 3` + more + ` }` }
	frontEnd := func(more string) string {
		return strings.Replace(basic(cpu("")), `"m1.medium" }`, `"m1.medium"`+more+` }`, 1)
	}
	const rolling = `replacement = { strategy = "rolling" }`
	spread := func(count int) string {
		return basic(fmt.Sprintf(`cpu = { flavor = "m1.small", count = %d, server_group = { policy = "soft-anti-affinity" } }`, count))
	}
	for _, row := range []struct {
		name        string
		quota       quota
		was, wanted string
		says        string
	}{
		{"a front-end that its image does not fit", quota{}, frontEnd(""), frontEnd(`, image = "needy", replace_on_change = true`), "4096 MB of RAM of the flavor needed, 1024 possible"},
		{"workers that their image does not fit", quota{}, basic(cpu("")), basic(cpu(`, image = "needy"`), rolling), "4096 MB of RAM of the flavor needed, 512 possible"},
		{"workers of a larger flavor", quota{Cores: 10}, basic(cpu("")), basic(`cpu = { flavor = "m1.large", count = 3 }`, rolling), "9 cores needed, 5 left (5 of 10 used)"},
		{"as many instances as allowed", quota{Instances: 4}, basic(cpu("")), basic(cpu(`, image = "tiny"`), rolling), ""},
		{"a server group of which present workers are no members", quota{ServerGroupMembers: 3}, basic(cpu("")), spread(4), ""},
		{"a server group that can't take more", quota{ServerGroupMembers: 3}, spread(3), spread(4), "4 members of a server group needed, 3 possible"},
		{"a server group that present workers are made anew in", quota{ServerGroupMembers: 2}, basic(cpu("")),
			basic(cpu(`, server_group = { policy = "soft-anti-affinity" }`), rolling), "3 members of a server group needed, 2 possible"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, openstacktest.Options{Quota: row.quota, Images: images}, guest.Options{})
			step := resource.TestStep{Config: s.config(row.wanted), PlanOnly: true, ExpectNonEmptyPlan: true}
			if row.says != "" {
				step.ExpectError = regexp.MustCompile("Error: Not enough")
			}
			s.run(t, resource.TestStep{Config: s.config(row.was)}, step)
			for _, e := range s.heard.errors() {
				if row.says != "" && strings.Contains(e.text, row.says) {
					return
				}
			}
			if heard := s.heard.errors(); row.says != "" || len(heard) > 0 {
				t.Errorf("no error that says %q; heard: %v", row.says, heard)
			}
		})
	}
}

// What a group may grow to does not fit: a warning, and the cluster is made. What
// the cloud does not show is no fault.
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
