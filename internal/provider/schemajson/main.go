// Command schemajson prints the provider's schema in the form of "terraform
// providers schema -json", read from the provider's own server. The pages of the
// registry are written from it, so that they depend on no command line and on
// no version of one.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server := provider.NewServer("dev")()
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	for _, d := range schema.Diagnostics {
		return fmt.Errorf("read the schema: %s: %s", d.Summary, d.Detail)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return fmt.Errorf("read the identities' schemas: %w", err)
	}
	for _, d := range identities.Diagnostics {
		return fmt.Errorf("read the identities' schemas: %s: %s", d.Summary, d.Detail)
	}
	out, err := document(schema, identities)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
