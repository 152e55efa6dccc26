package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// BenchmarkRefreshAndPlan is the provider's part of a plan without a difference, by
// request. The time of the embedded cloud, which runs in the same process, is in the read.
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
			read := w.refresh(have)
			proposed := w.proposed(config, read.NewState)
			w.wantSame(read, w.plan(config, proposed, read))
			b.Run("read", func(b *testing.B) {
				w := &wire{t: b, server: w.server, schema: w.schema}
				for b.Loop() {
					w.refresh(have)
				}
			})
			b.Run("plan", func(b *testing.B) {
				w := &wire{t: b, server: w.server, schema: w.schema}
				for b.Loop() {
					w.plan(config, proposed, read)
				}
			})
		})
	}
}

// refresh reads what was applied.
func (w *wire) refresh(have applied) *tfprotov6.ReadResourceResponse {
	w.t.Helper()
	read, err := w.server.ReadResource(w.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: "vmcluster_cluster", CurrentState: have.state, Private: have.private,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.clean(read.Diagnostics)
	return read
}

// plan plans for what was read.
func (w *wire) plan(config, proposed *tfprotov6.DynamicValue, read *tfprotov6.ReadResourceResponse) *tfprotov6.PlanResourceChangeResponse {
	w.t.Helper()
	plan, err := w.server.PlanResourceChange(w.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: "vmcluster_cluster", PriorState: read.NewState, ProposedNewState: proposed, Config: config, PriorPrivate: read.Private,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.sound(plan.Diagnostics)
	return plan
}

// wantSame wants a plan without a difference.
func (w *wire) wantSame(read *tfprotov6.ReadResourceResponse, plan *tfprotov6.PlanResourceChangeResponse) {
	w.t.Helper()
	before, after := w.read(read.NewState, w.resourceType()), w.read(plan.PlannedState, w.resourceType())
	for attribute, v := range before {
		if !v.Equal(after[attribute]) {
			w.t.Fatalf("the plan changes %s", attribute)
		}
	}
}
