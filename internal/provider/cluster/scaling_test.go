package cluster

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// scaled is a group whose number the scaler owns.
func scaled(least, most, initial int64) groupModel {
	g := testGroup(0)
	g.Count = whole.Unknown() // as Terraform proposes a computed value
	first := whole.Null()
	if initial >= 0 {
		first = whole.Value(initial)
	}
	g.Scaling = types.ObjectValueMust(scalingTypes, map[string]attr.Value{
		"min": whole.Value(least), "max": whole.Value(most), "initial": first,
	})
	return g
}

// Each row: what is there, the bounds, and what the plan shows.
func TestPlanOfAScaledGroup(t *testing.T) {
	for _, row := range []struct {
		name    string
		have    []string // nil: a create
		bounds  groupModel
		nodes   []string
		count   int64
		changed bool // a node comes
		warns   bool
	}{
		{"create with min", nil, scaled(1, 5, -1), []string{"astro-cpu-1", "astro-frontend"}, 1, true, false},
		{"create with initial", nil, scaled(0, 5, 2), []string{"astro-cpu-1", "astro-cpu-2", "astro-frontend"}, 2, true, false},
		{"inside the bounds", []string{"astro-cpu-2", "astro-cpu-3"}, scaled(1, 5, 4), []string{"astro-cpu-2", "astro-cpu-3", "astro-frontend"}, 2, false, false},
		{"below min", []string{"astro-cpu-2"}, scaled(2, 5, -1), []string{"astro-cpu-1", "astro-cpu-2", "astro-frontend"}, 2, true, false},
		{"above max", []string{"astro-cpu-1", "astro-cpu-2"}, scaled(0, 1, -1), []string{"astro-cpu-1", "astro-cpu-2", "astro-frontend"}, 2, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := testModel(t)
			m.setGroups(t, map[string]groupModel{"cpu": row.bounds})
			var was *model
			if row.have != nil {
				state := existing(t, row.have...)
				p := state.decoded(t)
				g := p.groups["cpu"]
				g.Scaling = row.bounds.Scaling
				state.setGroups(t, map[string]groupModel{"cpu": g})
				was = &state
			}
			got, c := planned(t, m, was)
			states, _ := nodeStates(got.Nodes)
			if names := sortedNames(states); !slices.Equal(names, row.nodes) {
				t.Errorf("nodes %v, want %v", names, row.nodes)
			}
			if count := got.decoded(t).groups["cpu"].Count.ValueInt64(); count != row.count {
				t.Errorf("count %d, want %d", count, row.count)
			}
			if was != nil && !row.changed && (!got.Workers.Equal(was.Workers) || !got.Nodes.Equal(was.Nodes) || !got.Generation.Equal(was.Generation)) {
				t.Error("the plan shows a difference")
			}
			if c.makes() != row.changed {
				t.Errorf("makes: %t", c.makes())
			}
			if diags := boundsWarnings(c); (len(diags) == 1) != row.warns || diags.HasError() {
				t.Errorf("diagnostics: %v", diags)
			}
		})
	}
}

// From count to scaling and back: the description changes, no node does.
func TestPlanOfASwitch(t *testing.T) {
	was := existing(t, "astro-cpu-1", "astro-cpu-2")
	m := testModel(t)
	m.setGroups(t, map[string]groupModel{"cpu": scaled(0, 5, -1)})
	got, c := planned(t, m, &was)
	if !got.Nodes.Equal(was.Nodes) || !c.nodes.Empty() || !c.redescribed() || laterWarnings(c) != nil {
		t.Errorf("to scaling: nodes %v, redescribed %t, warnings %v", c.nodes, c.redescribed(), laterWarnings(c))
	}
	back, c := planned(t, testModel(t).with(t, 2), &got)
	if !back.Nodes.Equal(was.Nodes) || !c.nodes.Empty() || !c.redescribed() {
		t.Errorf("to count: nodes %v, redescribed %t", c.nodes, c.redescribed())
	}
}

func TestCountOrScaling(t *testing.T) {
	at := path.Root("workers").AtMapKey("cpu")
	neither, both := testGroup(0), scaled(0, 1, -1)
	neither.Count = whole.Null()
	both.Count = whole.Value(3)
	configured := func(g groupModel) groupModel { g.Count = whole.Null(); return g }
	ready := func(g groupModel, n int64) groupModel { g.MinReady = whole.Value(n); return g }
	for _, row := range []struct {
		name  string
		group groupModel
		at    path.Path // empty: fine
	}{
		{"count", testGroup(1), path.Empty()},
		{"scaling", configured(scaled(0, 0, -1)), path.Empty()},
		{"neither", neither, at},
		{"both", both, at.AtName("scaling")},
		{"a count that is not known yet", scaled(0, 1, -1), path.Empty()},
		{"min above max", configured(scaled(3, 2, -1)), at.AtName("scaling").AtName("min")},
		{"initial below min", configured(scaled(2, 4, 1)), at.AtName("scaling").AtName("initial")},
		{"min_ready of a count", ready(testGroup(3), 3), path.Empty()},
		{"min_ready above count", ready(testGroup(3), 4), at.AtName("min_ready")},
		{"min_ready above min", ready(configured(scaled(1, 4, -1)), 2), at.AtName("min_ready")},
		{"initial above max", configured(scaled(2, 4, 5)), at.AtName("scaling").AtName("initial")},
	} {
		diags := config{groups: map[string]groupModel{"cpu": row.group}}.checkSizes()
		if row.at.Equal(path.Empty()) {
			if len(diags) > 0 {
				t.Errorf("%s: %v", row.name, diags)
			}
			continue
		}
		if len(diags) != 1 {
			t.Errorf("%s: %v, want one", row.name, diags)
			continue
		}
		if d, ok := diags[0].(diag.DiagnosticWithPath); !ok || !d.Path().Equal(row.at) {
			t.Errorf("%s: %v, want it at %s", row.name, diags, row.at)
		}
	}
}

// A shortage stands at the number that asks for too much.
func TestNumberOfAGroup(t *testing.T) {
	for _, row := range []struct {
		group  groupModel
		atMax  bool
		exists bool
		want   string
	}{
		{testGroup(3), false, false, `workers["cpu"].count`},
		{scaled(2, 5, -1), false, false, `workers["cpu"].scaling.min`},
		{scaled(2, 5, 4), false, false, `workers["cpu"].scaling.initial`},
		{scaled(2, 5, 4), false, true, `workers["cpu"].scaling.min`},
		{scaled(2, 5, 4), true, false, `workers["cpu"].scaling.max`},
	} {
		m := testModel(t)
		m.setGroups(t, map[string]groupModel{"cpu": row.group})
		var was *model
		if row.exists {
			state := existing(t, "astro-cpu-1")
			was = &state
		}
		if got := (forecast{change: computed(t, m, was)}).numberOf("cpu", row.atMax).String(); got != row.want {
			t.Errorf("at %s, want %s", got, row.want)
		}
	}
}
