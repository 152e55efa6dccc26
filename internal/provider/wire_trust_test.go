package provider

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// applied is what a command line keeps between two runs.
type applied struct {
	state   *tfprotov6.DynamicValue
	private []byte
}

// clusterConfig is a small cluster's configuration; more overrides it.
func (w *wire) clusterConfig(more map[string]tftypes.Value) *tfprotov6.DynamicValue {
	w.t.Helper()
	types := w.resourceType().(tftypes.Object).AttributeTypes
	object := func(typ tftypes.Type, values map[string]tftypes.Value) tftypes.Value {
		all := map[string]tftypes.Value{}
		for name, t := range typ.(tftypes.Object).AttributeTypes {
			all[name] = tftypes.NewValue(t, nil)
		}
		for name, v := range values {
			all[name] = v
		}
		return tftypes.NewValue(typ, all)
	}
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	group := types["workers"].(tftypes.Map).ElementType
	values := map[string]tftypes.Value{
		"name": text("astro"), "image": text("debian-13-hpc"), "network": text("private"),
		"front_end": object(types["front_end"], map[string]tftypes.Value{"flavor": text("m1.medium")}),
		"workers": tftypes.NewValue(types["workers"], map[string]tftypes.Value{
			"cpu": object(group, map[string]tftypes.Value{"flavor": text("m1.small"), "count": tftypes.NewValue(tftypes.Number, 1)}),
		}),
	}
	for name, v := range more {
		values[name] = v
	}
	return w.value(w.resourceType(), values)
}

// apply refreshes, plans and applies, as one run of a command line does.
func (w *wire) apply(config *tfprotov6.DynamicValue, have applied) applied {
	w.t.Helper()
	const name = "vmcluster_cluster"
	if have.state == nil {
		null, err := tfprotov6.NewDynamicValue(w.resourceType(), tftypes.NewValue(w.resourceType(), nil))
		if err != nil {
			w.t.Fatal(err)
		}
		have.state = &null
	} else {
		read, err := w.server.ReadResource(w.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: have.state, Private: have.private})
		if err != nil {
			w.t.Fatal(err)
		}
		w.clean(read.Diagnostics)
		have = applied{read.NewState, read.Private}
	}
	proposed := w.proposed(config, have.state)
	plan, err := w.server.PlanResourceChange(w.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: have.state, ProposedNewState: proposed, Config: config, PriorPrivate: have.private,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.sound(plan.Diagnostics)
	done, err := w.server.ApplyResourceChange(w.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: name, PriorState: have.state, PlannedState: plan.PlannedState, Config: config, PlannedPrivate: plan.PlannedPrivate,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.sound(done.Diagnostics)
	for _, value := range []*tfprotov6.DynamicValue{plan.PlannedState, done.NewState} {
		if bytes.Contains(value.MsgPack, []byte("PRIVATE KEY")) {
			w.t.Error("a planned or a new state holds a private key")
		}
	}
	return applied{done.NewState, done.Private}
}

// proposed is the configuration with what the state has computed, and without
// write-only values.
func (w *wire) proposed(config, state *tfprotov6.DynamicValue) *tfprotov6.DynamicValue {
	w.t.Helper()
	values := w.read(config, w.resourceType())
	var prior map[string]tftypes.Value
	if v, err := state.Unmarshal(w.resourceType()); err == nil && !v.IsNull() {
		prior = w.read(state, w.resourceType())
	}
	for _, a := range w.schema.ResourceSchemas["vmcluster_cluster"].Block.Attributes {
		switch {
		case a.WriteOnly:
			values[a.Name] = tftypes.NewValue(a.Type, nil)
		case values[a.Name].IsNull() && a.Computed && prior != nil:
			values[a.Name] = prior[a.Name]
		}
	}
	return w.value(w.resourceType(), values)
}

// sound lets warnings pass.
func (w *wire) sound(diags []*tfprotov6.Diagnostic) {
	w.t.Helper()
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			w.t.Fatalf("%s: %s", d.Summary, d.Detail)
		}
	}
}

// keepsKey reports whether a private state holds a private key in any part.
func (w *wire) keepsKey(private []byte) bool {
	w.t.Helper()
	var parts map[string][]byte
	if err := json.Unmarshal(private, &parts); err != nil {
		w.t.Fatal(err)
	}
	for _, part := range parts {
		if bytes.Contains(part, []byte("PRIVATE KEY")) {
			return true
		}
	}
	return false
}

// What Terraform keeps of the CA's key: one that the provider made is in the
// private state, one that is given is nowhere. Either way a new front-end gets in.
func TestWhereTheCAKeyIs(t *testing.T) {
	t.Parallel()
	cloud := openstacktest.New(openstacktest.Options{})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	guests := guest.New(cloud, guest.Options{})
	guests.Start()
	t.Cleanup(guests.Close)
	w := newWire(t, cloud)
	id := func(name string) string {
		server, ok := cloud.Server(name)
		if !ok {
			t.Fatalf("no server %s", name)
		}
		return server.ID
	}
	none := w.clusterConfig(nil)
	given := w.clusterConfig(map[string]tftypes.Value{
		"ssh_ca_private_key_wo":         tftypes.NewValue(tftypes.String, testKey(t)),
		"ssh_ca_private_key_wo_version": tftypes.NewValue(tftypes.Number, 1),
	})
	have := w.apply(none, applied{})
	worker := id("astro-cpu-1")
	for _, row := range []struct {
		name   string
		config *tfprotov6.DynamicValue
		lose   bool
		kept   bool // in the private state
	}{
		{"the provider's own", none, false, true},
		{"the provider's own, and a new front-end", none, true, true},
		{"given from now on", given, false, false},
		{"given, and a new front-end", given, true, false},
		{"the provider's own again", none, false, true},
	} {
		before := id("astro-frontend")
		if row.lose {
			cloud.RemoveServer(before)
		}
		have = w.apply(row.config, have)
		if kept := w.keepsKey(have.private); kept != row.kept {
			t.Errorf("%s: a key in the private state: %t, want %t", row.name, kept, row.kept)
		}
		if id("astro-cpu-1") != worker || (id("astro-frontend") != before) != row.lose {
			t.Errorf("%s: the wrong nodes were made anew", row.name)
		}
	}
}
