// Terraform-provider-vmcluster serves the Terraform provider for compute
// clusters on OpenStack.
package main

import (
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider"
)

// version is set by the linker in released builds.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve a debugger: print how to attach, and wait")
	flag.Parse()
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		spareProcessor()
	}
	err := tf6server.Serve(provider.Address, provider.NewServer(version), options...)
	if err != nil {
		log.Fatal(err)
	}
}
