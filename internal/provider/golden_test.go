package provider

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var update = flag.Bool("update", false, "write the golden files anew; an incompatible state under the same version is refused all the same")

const (
	schemaGolden = "testdata/cluster_state_types.json" // by attribute path
	stateGolden  = "testdata/cluster_state.json"       // a state as version 0 wrote it
)

// stateTypes is the shape of the state: its version, and each attribute's type.
type stateTypes struct {
	Version    int64             `json:"version"`
	Attributes map[string]string `json:"attributes"`
}

func presentTypes(t *testing.T) stateTypes {
	s := newWire(t, nil).schema.ResourceSchemas["vmcluster_cluster"]
	out := stateTypes{Version: s.Version, Attributes: map[string]string{}}
	flatten("", s.ValueType(), out.Attributes)
	return out
}

func flatten(prefix string, typ tftypes.Type, into map[string]string) {
	switch typ := typ.(type) {
	case tftypes.Object:
		for name, member := range typ.AttributeTypes {
			flatten(strings.TrimPrefix(prefix+"."+name, "."), member, into)
		}
	case tftypes.Map:
		flatten(prefix+"{}", typ.ElementType, into)
	case tftypes.Set:
		flatten(prefix+"()", typ.ElementType, into)
	case tftypes.List:
		flatten(prefix+"[]", typ.ElementType, into)
	default:
		into[prefix] = typ.String()
	}
}

// incompatible says why a state of the shape old can't be read by now. New
// attributes are null in an old state, so they do no harm.
func incompatible(old, now stateTypes) error {
	if old.Version != now.Version {
		return nil // an upgrader's case
	}
	for name, typ := range old.Attributes {
		if now.Attributes[name] != typ {
			return fmt.Errorf("attribute %s was a %s and is now %q: raise the schema's version and write a state upgrader", name, typ, now.Attributes[name])
		}
	}
	return nil
}

// The schema's version stands for the shape of the state: a change that an old
// state does not survive needs another version, and an upgrader from this one.
func TestStateKeepsItsShape(t *testing.T) {
	now := presentTypes(t)
	raw, err := os.ReadFile(schemaGolden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	var old stateTypes
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &old); err != nil {
			t.Fatal(err)
		}
		if err := incompatible(old, now); err != nil {
			t.Fatal(err)
		}
	}
	if old.Version != now.Version {
		t.Errorf("schema version %d, the golden file has %d: add a test of the upgrader and a state of the old version", now.Version, old.Version)
	}
	if *update {
		writeGolden(t, schemaGolden, now)
	}
}

func writeGolden(t *testing.T, name string, v any) {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestIncompatibleStates(t *testing.T) {
	old := stateTypes{Attributes: map[string]string{"name": "tftypes.String", "workers{}.count": "tftypes.Number"}}
	for _, row := range []struct {
		name string
		now  stateTypes
		ok   bool
	}{
		{"the same", old, true},
		{"one more", stateTypes{Attributes: map[string]string{"name": "tftypes.String", "workers{}.count": "tftypes.Number", "more": "tftypes.Bool"}}, true},
		{"one less", stateTypes{Attributes: map[string]string{"name": "tftypes.String"}}, false},
		{"another type", stateTypes{Attributes: map[string]string{"name": "tftypes.String", "workers{}.count": "tftypes.String"}}, false},
		{"another version", stateTypes{Version: 1}, true},
	} {
		if err := incompatible(old, row.now); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// A state that an older provider of this schema version wrote is read whole.
func TestOldStateIsRead(t *testing.T) {
	raw, err := os.ReadFile(stateGolden)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, nil)
	resp, err := w.server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: "vmcluster_cluster", Version: 0, RawState: &tfprotov6.RawState{JSON: raw},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.clean(resp.Diagnostics)
	var written map[string]any
	if err := json.Unmarshal(raw, &written); err != nil {
		t.Fatal(err)
	}
	state := w.read(resp.UpgradedState, w.resourceType())
	for name, value := range written {
		if state[name].IsNull() != (value == nil) {
			t.Errorf("%s was %v in the old state and is %s", name, value, state[name])
		}
	}
}
