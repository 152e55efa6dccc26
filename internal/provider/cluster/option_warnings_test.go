package cluster

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// A misspelt name in retire lets another worker go.
func TestRetireWarnings(t *testing.T) {
	for _, row := range []struct {
		name   string
		have   []string
		count  int64
		before []string // retire of the state
		retire []string
		says   []string
	}{
		{"a worker that leaves", []string{"astro-cpu-1", "astro-cpu-2"}, 1, nil, []string{"astro-cpu-1"}, nil},
		{"one that is still to be made", nil, 2, nil, []string{"astro-cpu-2"}, nil},
		{"none of a new cluster", nil, 2, nil, []string{"astro-cpu-7"}, []string{`workers["cpu"].retire[Value("astro-cpu-7")]: No such worker: The group has no worker of this name. Correct`}},
		{"misspelt", []string{"astro-cpu-1", "astro-cpu-2"}, 1, nil, []string{"astro-cpu-3"}, []string{"no worker of this name; it has astro-cpu-1, astro-cpu-2."}},
		{"one that has left", []string{"astro-cpu-1", "astro-cpu-2"}, 2, []string{"astro-cpu-3"}, []string{"astro-cpu-3"}, nil},
		{"one that has left, and another is to leave", []string{"astro-cpu-1", "astro-cpu-2"}, 1, []string{"astro-cpu-3"}, []string{"astro-cpu-3"}, []string{"no worker of this name"}},
		{"new, and nothing changes", []string{"astro-cpu-1"}, 1, nil, []string{"astro-cpu-3"}, []string{"no worker of this name"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var was *model
			if row.have != nil {
				m := existing(t, row.have...).with(t, int64(len(row.have)), row.before...)
				was = &m
			}
			c := computed(t, testModel(t).with(t, row.count, row.retire...), was)
			expectWords(t, words(t, retireWarnings(c)), row.says...)
		})
	}
}

func TestRetireOfAScaledGroup(t *testing.T) {
	m, g := testModel(t), scaled(0, 4, -1)
	g.Retire = stringSetOf([]string{"astro-cpu-1"})
	m.setGroups(t, map[string]groupModel{"cpu": g})
	expectWords(t, words(t, retireWarnings(computed(t, m, nil))), `workers["cpu"].retire: Without effect`, "Remove `retire`")
}

// Each row: how long workers may drain, how long an apply may take, and what the plan
// says of that.
func TestDrainWarnings(t *testing.T) {
	text := types.StringValue
	for _, row := range []struct {
		name                  string
		drain, rolling, whole types.String
		batch                 string
		says                  []string
	}{
		{"defaults", text("30m"), types.StringNull(), types.StringNull(), "htcondor", nil},
		{"longer than the default", text("2h"), types.StringNull(), types.StringNull(), "htcondor", []string{"drain_timeout: Longer than an apply", "may finish its jobs for 2h, and an update ends after 1h"}},
		{"as long", text("1h"), types.StringNull(), text("1h"), "htcondor", nil},
		{"shorter than what is configured", text("2h"), types.StringNull(), text("3h"), "htcondor", nil},
		{"the default, and a short apply", text("30m"), types.StringNull(), text("10m"), "htcondor", []string{"timeouts.update: Longer", "for 30m, and an update ends after 10m"}},
		{"a replacement", text("30m"), text("5h"), types.StringNull(), "htcondor", []string{"replacement.drain_timeout: Longer"}},
		{"nothing that drains", text("2h"), types.StringNull(), types.StringNull(), "none", nil},
		{"not known yet", text("2h"), types.StringNull(), types.StringUnknown(), "htcondor", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := testModel(t).with(t, 1)
			m.DrainTimeout, m.WaitFor = row.drain, text("joined")
			m.BatchSystem = batchSystemModel{Type: text(row.batch)}.value()
			if !row.rolling.IsNull() {
				m.Replacement = types.ObjectValueMust(replacementTypes, map[string]attr.Value{
					"strategy": text(strategyRolling), "max_unavailable": whole.Null(), "drain_timeout": row.rolling,
				})
			}
			span := map[string]attr.Type{"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType}
			m.Timeouts = timeouts.Value{Object: basetypes.NewObjectValueMust(span, map[string]attr.Value{
				"create": types.StringNull(), "read": types.StringNull(), "update": row.whole, "delete": types.StringNull(),
			})}
			expectWords(t, words(t, drainWarnings(t.Context(), computed(t, m, nil))), row.says...)
		})
	}
}
