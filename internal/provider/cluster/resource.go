package cluster

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/progress"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// clusterResource is the resource vmcluster_cluster.
type clusterResource struct{ session *Session }

var (
	_ resource.Resource                   = (*clusterResource)(nil)
	_ resource.ResourceWithConfigure      = (*clusterResource)(nil)
	_ resource.ResourceWithValidateConfig = (*clusterResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*clusterResource)(nil)
	_ resource.ResourceWithImportState    = (*clusterResource)(nil)
)

// NewResource returns the resource vmcluster_cluster, not configured yet.
func NewResource() resource.Resource { return &clusterResource{} }

func (r *clusterResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cluster"
}

func (r *clusterResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *clusterResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, defaultCreateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	// The state has the ID before anything is made, so whatever is made belongs to
	// this resource.
	plan.ID = types.StringValue(uuid.NewString())
	resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.ID)...)
	r.apply(ctx, application{
		plan: plan, base: plan.unmade(), config: req.Config, private: resp.Private,
		state: &resp.State, diags: &resp.Diagnostics, what: "The cluster was not made",
	})
}

func (r *clusterResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, defaultUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	resp.Diagnostics.Append(identify(ctx, resp.Identity, state.ID)...)
	r.apply(ctx, application{
		plan: plan, base: state, before: &state, config: req.Config, private: resp.Private,
		state: &resp.State, diags: &resp.Diagnostics, what: "The cluster was not changed as planned",
	})
}

func (r *clusterResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	id := state.ID.ValueString()
	r.session.remember(id)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, state.ID)...)
	prov, err := r.session.Provisioner(ctx)
	if err != nil {
		resp.Diagnostics.Append(diagnose.Unbegun("The cluster can't be read", err))
		return
	}
	before, diags := nodeStates(state.Nodes)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	view, gone, err := look(ctx, prov, state, nodesOf(before))
	if err != nil {
		resp.Diagnostics.Append(diagnose.Unbegun("The cluster can't be read", err))
		return
	}
	if gone {
		tflog.Info(ctx, "no server of the cluster is left", map[string]any{"id": id})
		resp.State.RemoveResource(ctx)
		return
	}
	patience, diags := state.Timeouts.Create(ctx, defaultCreateTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(namesakeWarnings(view)...)
	view = prov.Unjoined(ctx, view, patience)
	known, diags := readMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(rememberView(ctx, resp.Private, known.last, view)...)
	view = view.Known(id, known.last)
	resp.Diagnostics.Append(state.observe(ctx, view)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, view)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// look reads a cluster of which the state has known nodes. gone reports whether nothing
// of it is left: the list of servers shows none, look-ups of the known ones found
// none, and there is no floating IP.
func look(ctx context.Context, prov *provision.Provisioner, state model, known cluster.Nodes) (view cluster.View, gone bool, err error) {
	if view, err = prov.Refresh(ctx, refOf(state), known); err != nil {
		return view, false, err
	}
	if len(view.Nodes) == 0 {
		left, err := addressLeft(ctx, prov, state)
		return view, err == nil && !left, err
	}
	if imported := state.Name.IsNull(); imported {
		view, err = withFloating(ctx, prov, view)
	}
	return view, false, err
}

// addressLeft reports whether a cluster without servers still has a floating IP. It
// stays in the state then, because only the state knows whose address that is.
func addressLeft(ctx context.Context, prov *provision.Provisioner, state model) (bool, error) {
	if state.Name.IsNull() {
		return false, nil
	}
	if external, ok := state.FrontEnd.Attributes()["external_network"]; !ok || external.IsNull() {
		return false, nil
	}
	return prov.HasFloatingIP(ctx, state.ID.ValueString())
}

func (r *clusterResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, defaultDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	known, diags := nodeStates(state.Nodes)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	prov, err := r.session.Provisioner(ctx)
	if err != nil {
		resp.Diagnostics.Append(diagnose.Unbegun("The cluster was not deleted", err))
		return
	}
	ctx = progress.Of(ctx, state.Name.ValueString())
	done, err := r.session.alone(ctx, state.Name.ValueString())
	if err != nil {
		resp.Diagnostics.Append(diagnose.Unbegun("The cluster was not deleted", err))
		return
	}
	defer done()
	if err := prov.Destroy(ctx, refOf(state), nodesOf(known)); err != nil {
		resp.Diagnostics.Append(diagnose.Fault("The cluster was not deleted whole", err))
	}
}

// ImportState accepts a cluster's name, ID or identity; the read that follows fills
// the rest.
func (r *clusterResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	prov, err := r.session.Provisioner(ctx)
	if err != nil {
		resp.Diagnostics.Append(diagnose.Unbegun("The cluster can't be imported", err))
		return
	}
	wanted, diags := importedID(ctx, req)
	resp.Diagnostics.Append(diags...)
	view, err := prov.Find(ctx, wanted)
	if err != nil {
		const summary = "The cluster can't be imported"
		if not, reason := notOneCluster(err); not != "" {
			resp.Diagnostics.AddError(summary, fmt.Sprintf("%s %q: %s", not, wanted, reason))
		} else {
			resp.Diagnostics.Append(diagnose.Unbegun(summary, err))
		}
		return
	}
	id := types.StringValue(view.Nodes[0].ClusterID)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, id)...)
}
