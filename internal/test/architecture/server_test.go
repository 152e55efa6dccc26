package architecture_test

import (
	"slices"
	"strings"
	"testing"
)

// The CLI meets the provider's server through package place only, so that each
// diagnostic is where the CLI prints a line for it. Tests may look behind it, and what
// writes the schema down. Its rules for attributes are those of package rule.
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
	for _, f := range goFiles(t) {
		for _, imported := range f.imports {
			if strings.HasPrefix(imported, "github.com/hashicorp/terraform-plugin-framework-validators") {
				t.Errorf("%s uses the library's validators, whose words are for developers: use package rule", f.name)
			}
		}
	}
	if !made {
		t.Errorf("%s has moved", maker)
	}
}
