package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// BenchmarkRefreshAndPlan is the provider's part of a plan without a difference. The time
// of the embedded cloud, which runs in the same process, is in it.
func BenchmarkRefreshAndPlan(b *testing.B) {
	for _, workers := range []int{100, 1000} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			w := newWire(b, startCloud(b))
			types := w.resourceType().(tftypes.Object).AttributeTypes
			groupType := types["workers"].(tftypes.Map).ElementType
			group := map[string]tftypes.Value{}
			for name, t := range groupType.(tftypes.Object).AttributeTypes {
				group[name] = tftypes.NewValue(t, nil)
			}
			group["flavor"], group["count"] = tftypes.NewValue(tftypes.String, "m1.small"), tftypes.NewValue(tftypes.Number, workers)
			config := w.clusterConfig(map[string]tftypes.Value{
				"wait_for": tftypes.NewValue(tftypes.String, "active"),
				"workers":  tftypes.NewValue(types["workers"], map[string]tftypes.Value{"cpu": tftypes.NewValue(groupType, group)}),
			})
			have := w.apply(config, applied{})
			for b.Loop() {
				w.plan(config, have)
			}
		})
	}
}

// plan refreshes and plans, and wants no difference.
func (w *wire) plan(config *tfprotov6.DynamicValue, have applied) {
	w.t.Helper()
	const name = "vmcluster_cluster"
	read, err := w.server.ReadResource(w.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: have.state, Private: have.private})
	if err != nil {
		w.t.Fatal(err)
	}
	w.clean(read.Diagnostics)
	plan, err := w.server.PlanResourceChange(w.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: read.NewState, ProposedNewState: w.proposed(config, read.NewState), Config: config, PriorPrivate: read.Private,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.sound(plan.Diagnostics)
	before, after := w.read(read.NewState, w.resourceType()), w.read(plan.PlannedState, w.resourceType())
	for attribute, v := range before {
		if !v.Equal(after[attribute]) {
			w.t.Fatalf("the plan changes %s", attribute)
		}
	}
}
