package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/place"
)

// NewServer returns a maker of the provider's server as the CLI meets it: each
// diagnostic is where the CLI prints a line for it, see package place.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		server := providerserver.NewProtocol6(New(version)())()
		if whole, ok := server.(place.Answerer); ok {
			return place.Server(whole)
		}
		return server
	}
}
