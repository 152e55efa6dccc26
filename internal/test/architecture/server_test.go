package architecture_test

import (
	"slices"
	"testing"
)

// The CLI meets the provider's server through package place only, so that each
// diagnostic is where the CLI prints a line for it. Tests may look behind it, and what
// writes the schema down.
func TestOneFileMakesTheServer(t *testing.T) {
	const maker, schema, framework = "internal/provider/server.go", "internal/provider/schemajson/main.go", "github.com/hashicorp/terraform-plugin-framework/providerserver"
	made := false
	for _, f := range goFiles(t) {
		if f.test || f.name == schema || !slices.Contains(f.imports, framework) {
			continue
		}
		if f.name != maker {
			t.Errorf("%s makes a server of its own: use provider.NewServer", f.name)
		}
		made = true
	}
	if !made {
		t.Errorf("%s has moved", maker)
	}
}
