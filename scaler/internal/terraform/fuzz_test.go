package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

// FuzzVariablesFile reads a file that anything may have written. What is read is written
// and read again as the same, and nothing else may stand in the file.
func FuzzVariablesFile(f *testing.F) {
	f.Add(`{"workers":{"cpu":{"count":3,"retire":["astro-cpu-1"]}}}`)
	f.Add(`{"workers":{"cpu":{"count":-3}},"other":{}}`)
	f.Add(`{"workers":{"cpu":{"count":-3,"retire":[]}}}`)
	f.Add(`{"workers":{"cpu":{"count":1000,"retire":null}}} {"workers":{}}`)
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, content string) {
		file := File{Path: filepath.Join(folder, "scaler.auto.tfvars.json"), Variable: "workers"}
		if err := os.WriteFile(file.Path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		first, err := file.Read()
		if err != nil {
			return
		}
		if !json.Valid([]byte(content)) {
			t.Errorf("%q is read, and is not JSON: Terraform would refuse it", content)
		}
		for name, g := range first {
			if g.Count < 0 {
				t.Errorf("group %q has %d workers", name, g.Count)
			}
		}
		if err := file.Write(first); err != nil {
			t.Fatal(err)
		}
		if second, err := file.Read(); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v became %+v, %v", first, second, err)
		}
	})
}

// FuzzPlan checks a plan of any content. None that removes or makes anew a node that is
// not to leave, or deletes anything else, passes.
func FuzzPlan(f *testing.F) {
	f.Add(`{"format_version":"1.2","resource_changes":[{"address":"r","change":{"actions":["update"],"before":{"nodes":{"w1":{"id":"a","status":"ACTIVE"},"w2":{"id":"b"}}},"after":{"nodes":{"w1":{"id":"a"}}}}}]}`)
	f.Add(`{"format_version":"1.2","resource_changes":[{"address":"r","change":{"actions":["update"],"before":{"nodes":{"w1":{"id":"a","status":"ERROR"}}},"after":{"nodes":{"w1":null}}}},{"address":"x","change":{"actions":["delete","create"]}}]}`)
	f.Add(`{"format_version":"1.2","resource_changes":[null,{"address":"r"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var plan tfjson.Plan
		if json.Unmarshal([]byte(text), &plan) != nil {
			return
		}
		changes, err := check(&plan, "r", map[string]leaver{"w2": {group: "cpu", server: "b"}})
		if err != nil {
			return
		}
		for _, c := range plan.ResourceChanges {
			if c == nil || c.Change == nil {
				continue
			}
			if c.Address != "r" {
				if c.Change.Actions.Delete() || c.Change.Actions.Replace() {
					t.Errorf("%s passes: it deletes %s", text, c.Address)
				}
				continue
			}
			if changes && !c.Change.Actions.Update() {
				t.Errorf("%s passes: %v", text, c.Change.Actions)
			}
			before, _ := attribute(c.Change.Before, "nodes").(map[string]any)
			after, _ := attribute(c.Change.After, "nodes").(map[string]any)
			for name, node := range before {
				if _, stays := after[name]; changes && !stays && name != "w2" && attribute(node, "id") != nil {
					t.Errorf("%s passes: it removes %s", text, name)
				}
			}
		}
	})
}
