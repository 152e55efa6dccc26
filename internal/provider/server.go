package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/packed"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/place"
)

// NewServer returns a maker of the provider's server as the CLI meets it: each
// diagnostic is where the CLI prints a line for it, see package place.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer { return place.Server(newServer(version)) }
}

// newServer returns the provider's server with the schema that the CLI knows, see package
// packed, and with the diagnostics of the framework.
func newServer(version string) packed.Answerer {
	framework := providerserver.NewProtocol6(New(version)())()
	lists, ok := framework.(packed.Answerer)
	if !ok {
		panic("the plugin framework's server serves no list resources")
	}
	return packed.Server(lists, cluster.Nodes, cluster.WorkerNames)
}
