package cluster

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// An apply that can't log in has begun nothing: a create leaves no resource that the
// next apply would have to replace, a change leaves the state as it was.
func TestApplyWithoutALoginLeavesTheStateAlone(t *testing.T) {
	s := resourceSchema(t)
	refused := &cluster.CloudError{Kind: cluster.FaultAuth, Op: "log in at http://keystone/v3", Code: 401, Message: "no", Help: "Check password."}
	r := &clusterResource{session: NewSession(at{err: refused})}
	for name, was := range map[string]*model{"a create": nil, "a change": new(existing(t, "astro-cpu-1"))} {
		t.Run(name, func(t *testing.T) {
			plan, _ := planned(t, testModel(t).with(t, 2), was)
			base := plan.unmade()
			if was != nil {
				base = *was
			}
			null := tftypes.NewValue(s.Type().TerraformType(t.Context()), nil)
			state, diags := tfsdk.State{Schema: s, Raw: null}, diag.Diagnostics{}
			r.apply(t.Context(), application{
				plan: plan, before: was, base: base, config: tfsdk.Config{Schema: s, Raw: null},
				state: &state, private: store{}, diags: &diags, what: "The cluster was not made",
			})
			if len(diags) != 1 || !diags.HasError() || diags[0].Detail() != "Log in at http://keystone/v3: no (HTTP 401).\n\nCheck password." {
				t.Errorf("diagnostics: %v", diags)
			}
			if state.Raw.IsNull() != (was == nil) {
				t.Errorf("state is null: %v", state.Raw.IsNull())
			}
		})
	}
}
