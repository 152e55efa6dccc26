package openstack_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	client "github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// The embedded cloud of the benchmarks: 20 ms a call, as a near cloud takes at
// best, and servers that are ACTIVE at once, so that the calls are what counts.
func benchCloud(b *testing.B) (*openstacktest.Cloud, func(string) string) {
	b.Helper()
	cloud := openstacktest.New(openstacktest.Options{Latency: 20 * time.Millisecond})
	if err := cloud.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(cloud.Close)
	env := cloud.Env()
	return cloud, func(key string) string { return env[key] }
}

// BenchmarkCreate makes clusters the way the provider does, one POST per worker;
// BenchmarkMultiCreate makes as many servers by Nova's max_count. The second is
// fewer calls; docs/design.md says why the first is used.
func BenchmarkCreate(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprintf("workers=%d", n), func(b *testing.B) {
			cloud, getenv := benchCloud(b)
			c, err := client.New(b.Context(), client.Config{Getenv: getenv})
			if err != nil {
				b.Fatal(err)
			}
			node := cluster.NodeSpec{Image: openstacktest.DefaultImages()[0].ID, Flavor: "1", Network: openstacktest.DefaultNetworks()[0].ID}
			calls := 0
			for b.Loop() {
				id := fmt.Sprintf("0f8a7f6e-0000-4000-8000-%012d", calls)
				before := cloud.TotalCalls()
				_, err := provision.New(c, provision.Options{}).Apply(b.Context(), provision.Request{
					Spec: cluster.Spec{ID: id, Name: "bench", FrontEnd: node, BatchSystem: cluster.BatchNone,
						Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: node, Count: n}}},
					Wait: provision.WaitActive, Create: true, CreatedBy: "bench",
				})
				if err != nil {
					b.Fatal(err)
				}
				calls = cloud.TotalCalls() - before
				b.StopTimer()
				if err := provision.New(c, provision.Options{}).Destroy(b.Context(), cluster.Ref{ID: id}, nil); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(calls), "calls")
		})
	}
}

func BenchmarkMultiCreate(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprintf("workers=%d", n), func(b *testing.B) {
			cloud, getenv := benchCloud(b)
			ctx := b.Context()
			pc, err := openstack.AuthenticatedClient(ctx, gophercloud.AuthOptions{
				IdentityEndpoint: getenv("OS_AUTH_URL"), Username: getenv("OS_USERNAME"), Password: getenv("OS_PASSWORD"),
				TenantName: getenv("OS_PROJECT_NAME"), DomainName: "Default",
			})
			if err != nil {
				b.Fatal(err)
			}
			nova, err := openstack.NewComputeV2(pc, gophercloud.EndpointOpts{})
			if err != nil {
				b.Fatal(err)
			}
			nova.Microversion = "2.52"
			calls := 0
			for b.Loop() {
				before := cloud.TotalCalls()
				_, err := servers.Create(ctx, nova, servers.CreateOpts{
					Name: "bench", ImageRef: openstacktest.DefaultImages()[0].ID, FlavorRef: "1", Min: n, Max: n,
					Networks: []servers.Network{{UUID: openstacktest.DefaultNetworks()[0].ID}},
				}, nil).Extract()
				if err != nil {
					b.Fatal(err)
				}
				for active := 0; active < n; {
					time.Sleep(2 * time.Second) // the provider's first interval
					pages, err := servers.List(nova, servers.ListOpts{Name: "bench"}).AllPages(ctx)
					if err != nil {
						b.Fatal(err)
					}
					found, err := servers.ExtractServers(pages)
					if err != nil {
						b.Fatal(err)
					}
					active = 0
					for _, s := range found {
						if s.Status == "ACTIVE" {
							active++
						}
					}
				}
				calls = cloud.TotalCalls() - before
				b.StopTimer()
				for _, s := range cloud.Servers() {
					cloud.RemoveServer(s.ID)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(calls), "calls")
		})
	}
}
