package cluster

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	nodeplan "github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

func replacement(strategy string, unavailable int64, drain string) types.Object {
	most, timeout := whole.Null(), types.StringNull()
	if unavailable > 0 {
		most = whole.Value(unavailable)
	}
	if drain != "" {
		timeout = types.StringValue(drain)
	}
	return types.ObjectValueMust(replacementTypes, map[string]attr.Value{
		"strategy": types.StringValue(strategy), "max_unavailable": most, "drain_timeout": timeout,
	})
}

func TestReplacementOfTheModel(t *testing.T) {
	for name, row := range map[string]struct {
		value types.Object
		want  provision.Replacement
	}{
		"left out":      {types.ObjectNull(replacementTypes), provision.Replacement{DrainTimeout: 30 * time.Minute}},
		"new nodes":     {replacement(strategyNew, 0, ""), provision.Replacement{DrainTimeout: 30 * time.Minute}},
		"rolling":       {replacement(strategyRolling, 0, ""), provision.Replacement{Rolling: true, DrainTimeout: 30 * time.Minute}},
		"in all detail": {replacement(strategyRolling, 3, "2h"), provision.Replacement{Rolling: true, MaxUnavailable: 3, DrainTimeout: 2 * time.Hour}},
	} {
		m := testModel(t)
		m.Replacement = row.value
		if got := m.replaces(); got != row.want {
			t.Errorf("%s: %+v, want %+v", name, got, row.want)
		}
	}
}

// The plan opens exactly the nodes that are made anew, and the apply reads them.
func TestPlanOfARollingReplacement(t *testing.T) {
	was := existing(t, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
	m := testModel(t).with(t, 3)
	wanted := m.decoded(t).spec(testResolution).Groups["cpu"].Hash()
	states, _ := nodeStates(was.Nodes)
	for name, hash := range map[string]string{"astro-cpu-1": "older", "astro-cpu-2": wanted, "astro-cpu-3": "older"} {
		s := states[name]
		s.Spec = types.StringValue(hash)
		states[name] = s
	}
	was.Nodes = nodesValue(states)
	openImage := testGroup(3)
	openImage.Image = types.StringUnknown()
	for _, row := range []struct {
		name     string
		strategy string
		group    groupModel
		want     []string
	}{
		{"new nodes only", strategyNew, testGroup(3), nil},
		{"rolling", strategyRolling, testGroup(3), []string{"astro-cpu-1", "astro-cpu-3"}},
		{"rolling, with a spec that is not known yet", strategyRolling, openImage, []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}},
	} {
		m.Replacement = replacement(row.strategy, 0, "")
		m.setGroups(t, map[string]groupModel{"cpu": row.group})
		got, c := planned(t, m, &was)
		after, _ := nodeStates(got.Nodes)
		if p := readPromise(states, after); !slices.Equal(p.roll, row.want) {
			t.Errorf("%s: %v are made anew, want %v", row.name, p.roll, row.want)
		}
		if !slices.Equal(sortedNames(after), sortedNames(states)) {
			t.Errorf("%s: the names change", row.name)
		}
		if c.makes() != (len(row.want) > 0) || got.Nodes.Equal(was.Nodes) != (len(row.want) == 0) {
			t.Errorf("%s: makes %t", row.name, c.makes())
		}
	}
}

func TestWarningOfWorkersThatStay(t *testing.T) {
	was := existing(t, "astro-cpu-1", "astro-cpu-2")
	m := testModel(t)
	g := testGroup(2)
	g.CloudConfig = types.StringValue("#cloud-config\n")
	m.setGroups(t, map[string]groupModel{"cpu": g})
	c := computed(t, m, &was)
	plan := nodeplan.Group{Keep: []string{"astro-cpu-1", "astro-cpu-2"}, Roll: []string{"astro-cpu-1"}}
	c.nodes.Groups = map[string]nodeplan.Group{"cpu": plan}
	diags := laterWarnings(c)
	if len(diags) != 1 || strings.Contains(diags[0].Detail(), "astro-cpu-1") || !strings.Contains(diags[0].Detail(), "astro-cpu-2") ||
		!strings.Contains(diags[0].Detail(), "`replacement`") {
		t.Errorf("diagnostics: %v", diags)
	}
	plan.Roll = plan.Keep
	c.nodes.Groups = map[string]nodeplan.Group{"cpu": plan}
	if diags := laterWarnings(c); diags != nil {
		t.Errorf("diagnostics: %v", diags)
	}
}

func TestOpenGroups(t *testing.T) {
	m := testModel(t)
	known, open := testGroup(1), testGroup(1)
	open.CloudConfig = types.StringUnknown()
	m.setGroups(t, map[string]groupModel{"cpu": known, "gpu": open})
	openGroups := func(m model, names resolution) []string {
		c, diags := newChange(t.Context(), m.decoded(t), nil, private{})
		if diags.HasError() {
			t.Fatal(diags)
		}
		c.compute(names)
		return c.openGroups()
	}
	if got := openGroups(m, testResolution); !slices.Equal(got, []string{"gpu"}) {
		t.Errorf("open: %v, want gpu", got)
	}
	m.Image = types.StringUnknown()
	if got := openGroups(m, testResolution); len(got) != 2 {
		t.Errorf("open with an unknown image: %v", got)
	}
	if got := openGroups(testModel(t), nil); len(got) != 1 {
		t.Errorf("open with names that are not looked up: %v", got)
	}
}
