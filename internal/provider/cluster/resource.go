package cluster

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// clusterResource is vmcluster_cluster.
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

	// The ID is kept before anything is made: whatever comes about then belongs
	// to this resource.
	plan.ID = types.StringValue(uuid.NewString())
	resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.ID)...)
	r.apply(ctx, application{
		plan: plan, base: plan.unmade(), create: true, config: req.Config, private: resp.Private,
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
		plan: plan, base: state, prior: &state, config: req.Config, private: resp.Private,
		state: &resp.State, diags: &resp.Diagnostics, what: "The cluster was not changed as planned",
	})
}

// application is one apply: what was planned, and where its outcome goes.
type application struct {
	plan    model
	base    model  // what the state says if the apply breaks off
	prior   *model // nil for a create
	create  bool
	config  tfsdk.Config // for what only it has: the CA's key
	given   *trust.CA    // that key, once read
	state   *tfsdk.State
	private privateStore
	diags   *diag.Diagnostics
	what    string
}

func (r *clusterResource) apply(ctx context.Context, a application) {
	// Whatever happens from here on, the state holds what exists.
	outer := context.WithoutCancel(ctx)
	a.diags.Append(a.state.Set(outer, &a.base)...)
	request, diags := a.request(ctx)
	a.diags.Append(diags...)
	a.diags.Append(a.entrust(ctx, &request)...)
	if a.diags.HasError() {
		return
	}
	prov, err := r.session.Provisioner(ctx)
	if err != nil {
		a.diags.Append(diagnose.Fault(a.what, err))
		return
	}
	var latest provision.View
	request.Changed = func(nodes cluster.Nodes) {
		latest.Nodes = nodes
		tflog.Debug(ctx, "nodes changed", map[string]any{"cluster": request.Spec.Name, "nodes": len(nodes)})
	}
	if a.create {
		request.NameFree, err = r.session.claim(request.Spec.Name, time.Now())
		if err != nil {
			a.diags.Append(diag.NewAttributeErrorDiagnostic(path.Root("name"), "Cluster name used twice", diagnose.Sentence(err.Error())))
			return
		}
	}
	result, err := prov.Apply(ctx, request)
	for _, problem := range result.Problems {
		a.diags.Append(diagnose.Problem(request.Spec.Name, problem))
	}
	a.diags.Append(a.remember(outer, result.View, err == nil)...)
	if len(result.Problems) > 0 {
		a.diags.AddWarning("Cluster "+request.Spec.Name+": not all is as planned", diagnose.Sentence(result.Counts.String()))
	}
	if err != nil {
		if len(result.Nodes) > 0 || len(latest.Nodes) == 0 {
			latest = result.View
		}
		a.breakOff(outer, latest)
		a.diags.Append(diagnose.Fault(a.what, err))
		return
	}
	a.diags.Append(a.plan.settle(outer, result.View)...)
	a.diags.Append(a.state.Set(outer, &a.plan)...)
}

// breakOff leaves in the state what there was and what came about.
func (a application) breakOff(ctx context.Context, v provision.View) {
	if len(v.Nodes) == 0 {
		return
	}
	a.diags.Append(a.base.observe(ctx, v)...)
	a.diags.Append(a.state.Set(ctx, &a.base)...)
}

func (a application) request(ctx context.Context) (provision.Request, diag.Diagnostics) {
	p, _, diags := a.plan.parts(ctx)
	spec := a.plan.spec(p, resolutionOf(a.plan.Resolved))
	var generation int64
	var names, roll []string // nil: the plan could not tell
	var known cluster.Nodes
	if a.prior != nil {
		before, more := nodeStates(ctx, a.prior.Nodes)
		diags.Append(more...)
		known = nodesOf(before)
		planned, more := nodeStates(ctx, a.plan.Nodes)
		diags.Append(more...)
		if len(planned) > 0 {
			spec = settled(spec, before, planned)
			names, roll = sortedNames(planned), opened(before, planned)
		}
		earlier, _, more := a.prior.parts(ctx)
		diags.Append(more...)
		spec = begin(spec, p, earlier.groups)
		generation = a.prior.Generation.ValueInt64()
	} else {
		spec = begin(spec, p, map[string]groupModel{})
	}
	return provision.Request{
		Spec: spec, Create: a.create, Generation: generation, Known: known, Planned: names, Roll: roll, Replacement: a.plan.replaces(),
		Wait: provision.Wait(a.plan.WaitFor.ValueString()), DrainTimeout: a.plan.drainTimeout(),
		CreatedBy: CreatedBy(spec.Name),
	}, diags
}

// unmade is the state of a cluster of which nothing exists yet.
func (m model) unmade() model {
	m.Nodes = types.MapNull(nodeStateType)
	m.Generation = types.Int64Null()
	m.FrontEndAddress, m.HostsFile, m.SSHConfig = types.StringNull(), types.StringNull(), types.StringNull()
	if m.Resolved.IsUnknown() {
		m.Resolved = types.MapNull(types.StringType)
	}
	return m
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
		resp.Diagnostics.Append(diagnose.Fault("The cluster can't be read", err))
		return
	}
	before, diags := nodeStates(ctx, state.Nodes)
	resp.Diagnostics.Append(diags...)
	view, err := prov.Refresh(ctx, id, nodesOf(before))
	if err != nil {
		resp.Diagnostics.Append(diagnose.Fault("The cluster can't be read", err))
		return
	}
	left, err := addressLeft(ctx, prov, state, view)
	if err != nil {
		resp.Diagnostics.Append(diagnose.Fault("The cluster can't be read", err))
		return
	}
	if len(view.Nodes) == 0 && !left {
		// The list succeeded and shows no server of the cluster at all, and those that
		// the state knows are gone.
		tflog.Info(ctx, "no server of the cluster is left", map[string]any{"id": id})
		resp.State.RemoveResource(ctx)
		return
	}
	if state.Name.IsNull() { // an import
		if view, err = withFloating(ctx, prov, view); err != nil {
			resp.Diagnostics.Append(diagnose.Fault("The cluster can't be read", err))
			return
		}
	}
	patience, diags := state.Timeouts.Create(ctx, defaultCreateTimeout)
	resp.Diagnostics.Append(diags...)
	view = prov.Unjoined(ctx, view, patience)
	known, diags := readMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(rememberView(ctx, resp.Private, view)...)
	view = view.Known(id, known.last)
	resp.Diagnostics.Append(state.observe(ctx, view)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, view)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// addressLeft tells that nothing of a cluster is left but a floating IP. It stays
// in the state then: nobody else knows whose that is.
func addressLeft(ctx context.Context, prov *provision.Provisioner, state model, view provision.View) (bool, error) {
	if len(view.Nodes) > 0 || state.Name.IsNull() {
		return false, nil
	}
	p, _, _ := state.parts(ctx)
	if p.frontEnd.ExternalNetwork.IsNull() {
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
	known, diags := nodeStates(ctx, state.Nodes)
	resp.Diagnostics.Append(diags...)
	prov, err := r.session.Provisioner(ctx)
	if err == nil {
		err = prov.Destroy(ctx, state.ID.ValueString(), nodesOf(known))
	}
	if err != nil {
		resp.Diagnostics.Append(diagnose.Fault("The cluster was not deleted whole", err))
	}
}

// ImportState takes a cluster's name, ID or identity; the read that follows fills
// the rest.
func (r *clusterResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	prov, err := r.session.Provisioner(ctx)
	if err != nil {
		resp.Diagnostics.Append(diagnose.Fault("The cluster can't be imported", err))
		return
	}
	wanted, diags := importedID(ctx, req)
	resp.Diagnostics.Append(diags...)
	view, err := prov.Find(ctx, wanted)
	if err != nil {
		resp.Diagnostics.Append(diagnose.Fault("The cluster can't be imported", err))
		return
	}
	id := types.StringValue(view.Nodes[0].ClusterID)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, id)...)
}
