package examples

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"reflect"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// The pages are written from a schema that no command line had a hand in. A real
// one reads the same from the provider, as far as its version knows the kinds.
func TestSchemaOfThePagesIsWhatTheCommandLineReads(t *testing.T) {
	path, bin := tools(t)
	cli, err := tfcli.New(path, t.TempDir(), bin)
	if err != nil {
		t.Fatal(err)
	}
	if err := cli.Write("main.tf", "terraform {\n  required_providers {\n    vmcluster = { source = \""+tfcli.Source+"\" }\n  }\n}\n"); err != nil {
		t.Fatal(err)
	}
	out, err := cli.Command(t.Context(), "providers", "schema", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs := one(t, out)
	program := exec.CommandContext(t.Context(), "go", "run", "./internal/provider/schemajson")
	program.Dir = "../../.."
	if out, err = program.Output(); err != nil {
		t.Fatal(err)
	}
	ours := one(t, out)
	if len(ours.ListResourceSchemas) == 0 || len(ours.ResourceIdentitySchemas) == 0 {
		t.Error("list resource or identity is missing")
	}
	if theirs.ListResourceSchemas == nil { // before Terraform 1.14
		ours.ListResourceSchemas = nil
	}
	if theirs.ResourceIdentitySchemas == nil { // before 1.12
		ours.ResourceIdentitySchemas = nil
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("the schemas differ:\n%s\n%s", text(t, ours), text(t, theirs))
	}
}

// one returns the one provider of a document.
func one(t *testing.T, raw []byte) *tfjson.ProviderSchema {
	t.Helper()
	var document tfjson.ProviderSchemas
	if err := json.Unmarshal(raw, &document); err != nil || len(document.Schemas) != 1 {
		t.Fatalf("%d providers: %v", len(document.Schemas), err)
	}
	for _, p := range document.Schemas {
		return p
	}
	return nil
}

func text(t *testing.T, p *tfjson.ProviderSchema) []byte {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The examples are formatted as the command line formats them.
func TestExamplesAreFormatted(t *testing.T) {
	path, _ := tools(t)
	out, err := exec.CommandContext(t.Context(), path, "fmt", "-check", "-recursive", "-diff", root).CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v; run make fmt:\n%s", err, out)
	}
}
