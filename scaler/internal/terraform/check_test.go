package terraform

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

const address = "vmcluster_cluster.astro"

// nodes returns nodes as a plan shows them: "name", "name=new ID", "name!STATUS".
func nodes(texts ...string) map[string]any {
	out := map[string]any{"astro-frontend": map[string]any{"id": "f", "role": "front_end", "status": "ACTIVE"}}
	for _, text := range texts {
		name, id, anew := strings.Cut(text, "=")
		name, status, _ := strings.Cut(name, "!")
		if status == "" {
			status = "ACTIVE"
		}
		n := map[string]any{"id": "id of " + name, "role": "worker", "status": status}
		if anew {
			n["id"] = nil
			_ = id
		}
		out[name] = n
	}
	return out
}

// Each row has what a plan would do, and whether it is applied.
func TestCheck(t *testing.T) {
	update := []tfjson.Action{tfjson.ActionUpdate}
	leave := leaving("astro-cpu-2")
	frontEndAnew := nodes("astro-cpu-1")
	frontEndAnew["astro-frontend"] = map[string]any{"id": nil}
	for _, row := range []struct {
		name          string
		actions       []tfjson.Action
		before, after map[string]any
		leave         map[string]leaver
		says          string // "" passes
	}{
		{"a growth", update, nodes("astro-cpu-1"), nodes("astro-cpu-1", "astro-cpu-2="), nil, ""},
		{"a worker that could not be made is tried again", update, nodes("astro-cpu-1", "astro-cpu-2="), nodes("astro-cpu-1"), nil, ""},
		{"a removal by name", update, nodes("astro-cpu-1", "astro-cpu-2"), nodes("astro-cpu-1"), leave, ""},
		{"nothing", []tfjson.Action{tfjson.ActionNoop}, nodes("astro-cpu-1"), nodes("astro-cpu-1"), nil, ""},
		{"another goes", update, nodes("astro-cpu-1", "astro-cpu-2"), nodes("astro-cpu-2"), leave, "remove astro-cpu-1 and not astro-cpu-2; does the configuration pass retire on?"},
		{"one too many goes", update, nodes("astro-cpu-1", "astro-cpu-2"), nodes(), leave, "remove astro-cpu-1"},
		{"a worker is made anew for its spec", update, nodes("astro-cpu-1"), nodes("astro-cpu-1="), nil, "make astro-cpu-1 anew"},
		{"a worker in ERROR is made anew: it may work on", update, nodes("astro-cpu-1!ERROR"), nodes("astro-cpu-1="), nil, "make astro-cpu-1 anew"},
		{"a worker in ERROR that is to leave", update, nodes("astro-cpu-2!ERROR"), nodes("astro-cpu-2="), leave, ""},
		{"another server by the name of one that is to leave", update, nodes("astro-cpu-1", "astro-cpu-2"), nodes("astro-cpu-1"), map[string]leaver{"astro-cpu-2": {"cpu", "one before"}}, "astro-cpu-2 is another server than the one that was to go"},
		{"a worker that is switched off", update, nodes("astro-cpu-1!SHUTOFF"), nodes("astro-cpu-1="), nil, ""},
		{"the front-end is made anew", update, nodes("astro-cpu-1"), frontEndAnew, nil, "make astro-frontend anew"},
		{"the cluster is replaced", []tfjson.Action{tfjson.ActionDelete, tfjson.ActionCreate}, nodes(), nodes(), nil, "replace or delete vmcluster_cluster.astro"},
		{"the cluster is destroyed", []tfjson.Action{tfjson.ActionDelete}, nodes(), nil, nil, "replace or delete"},
		{"the cluster is made", []tfjson.Action{tfjson.ActionCreate}, nil, nodes(), nil, "apply it yourself first"},
		{"nodes are not known", update, nodes("astro-cpu-1"), nil, nil, "does not show which nodes"},
	} {
		change := &tfjson.Change{Actions: row.actions, Before: map[string]any{"nodes": row.before}, After: map[string]any{"nodes": row.after}}
		if row.after == nil {
			change.After = map[string]any{}
		}
		// As a plan is read from a file: maps of any.
		raw, err := json.Marshal(change)
		if err != nil {
			t.Fatal(err)
		}
		change = &tfjson.Change{}
		if err := json.Unmarshal(raw, change); err != nil {
			t.Fatal(err)
		}
		changes, err := check(&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{{Address: address, Change: change}}}, address, row.leave)
		switch {
		case row.says == "" && err != nil, row.says != "" && !errors.Is(err, ErrRefused), err != nil && !strings.Contains(err.Error(), row.says):
			t.Errorf("%s: %v", row.name, err)
		case err == nil && changes == change.Actions.NoOp():
			t.Errorf("%s: changes: %t", row.name, changes)
		}
	}
}

func TestCheckLooksElsewhereToo(t *testing.T) {
	other := &tfjson.ResourceChange{Address: "openstack_networking_network_v2.n", Change: &tfjson.Change{Actions: []tfjson.Action{tfjson.ActionDelete, tfjson.ActionCreate}}}
	if _, err := check(&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{other}}, address, nil); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "delete openstack_networking_network_v2.n") {
		t.Errorf("%v", err)
	}
}
