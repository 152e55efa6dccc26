// Terraform-provider-vmcluster serves the Terraform provider for compute
// clusters on OpenStack.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider"
)

// version is set by the linker in released builds.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve a debugger: print how to attach, and wait")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address:         provider.Address,
		Debug:           *debug,
		ProtocolVersion: 6,
	})
	if err != nil {
		log.Fatal(err)
	}
}
