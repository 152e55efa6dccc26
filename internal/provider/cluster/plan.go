package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// ModifyPlan shows in the plan what an apply would do, and refuses what an apply
// could not do.
func (r *clusterResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // a destroy
	}
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var state *model
	if !req.State.Raw.IsNull() {
		state = &model{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if state != nil { // with -refresh=false no Read has noted it
		r.session.remember(state.ID.ValueString())
	}
	kept, diags := readPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	kept.given, diags = readKeys(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	planned, diags := r.plan(ctx, plan, state, kept)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &planned)...)
}

// plan returns the plan m with its computed part filled; state is nil for a create.
func (r *clusterResource) plan(ctx context.Context, m model, state *model, kept private) (model, diag.Diagnostics) {
	m.setIdentity(state)
	want, whole, diags := decode(ctx, m)
	if diags.HasError() {
		return m, diags
	}
	if !whole || m.Name.IsUnknown() || want.countsUnknown(ctx) {
		m.leaveOpen()
		return m, diags
	}
	diags.Append(want.dropScaledCounts(ctx)...)
	c, more := newChange(ctx, want, state, kept)
	diags.Append(more...)
	if diags.HasError() {
		return m, diags
	}
	diags.Append(r.decide(ctx, &c)...)
	if !diags.HasError() {
		diags.Append(r.checkHomonyms(ctx, c)...)
	}
	diags.Append(c.decideFrontEnd()...)
	diags.Append(c.checkMessenger()...)
	diags.Append(c.checkSigning()...)
	if c.makes() || c.redescribed() {
		c.documentItems, more = checkSizes(c.spec, time.Now())
		diags.Append(more...)
	}
	if (c.makes() || c.mayGrow() || c.readdresses()) && !diags.HasError() {
		diags.Append(r.preflight(ctx, c)...)
	}
	if !diags.HasError() { // what follows from a name without a meaning is no news
		diags.Append(laterWarnings(c)...)
		diags.Append(boundsWarnings(c)...)
		diags.Append(anewWarnings(c)...)
		diags.Append(keyWarnings(c)...)
		diags.Append(retireWarnings(c)...)
		diags.Append(drainWarnings(ctx, c)...)
		diags.Append(r.waitingJobs(ctx, c)...)
	}
	diags.Append(c.fill(ctx)...)
	return c.want.model, diags
}

// setIdentity plans the attributes that identify the cluster.
func (m *model) setIdentity(state *model) {
	m.ID = types.StringUnknown()
	if state != nil {
		m.ID = state.ID
	}
	if m.LoginUser.IsUnknown() && state != nil && !state.LoginUser.IsNull() {
		m.LoginUser = state.LoginUser
	}
	if m.LoginUser.IsUnknown() && !m.Name.IsUnknown() {
		m.LoginUser = types.StringValue(cluster.DefaultLoginUser(m.Name.ValueString()))
	}
}

// leaveOpen marks what can't be planned while the shape of the cluster is unknown.
func (m *model) leaveOpen() {
	m.Nodes, m.WorkerNames = types.StringUnknown(), types.StringUnknown()
	m.Resolved = types.MapUnknown(types.StringType)
	m.openComputed()
}

// decide finds out what the names of the configuration stand for, and which nodes
// come, stay and go. A name that the state has counts as known. Where nodes are to
// be made, all names are looked up anew: an image may have been replaced by one of
// the same name. Of a new cluster it asks whether its name is free.
func (r *clusterResource) decide(ctx context.Context, c *change) diag.Diagnostics {
	var known resolution
	if !c.create {
		known = resolutionOf(c.was.config.Resolved)
	}
	refs, whole := c.want.references()
	names, reached, diags := r.lookUp(ctx, refs, known)
	c.compute(names)
	if !c.create && c.makes() {
		names = nil
		if reached {
			var more diag.Diagnostics
			names, reached, more = r.lookUp(ctx, refs, nil)
			diags.Append(more...)
		}
		c.compute(names)
	}
	c.want.Resolved = types.MapUnknown(types.StringType)
	if reached && whole {
		c.want.Resolved = names.only(refs).value()
	}
	if reached && c.create {
		left, more := r.checkName(ctx, c.spec.Name)
		c.leftovers = left
		diags.Append(more...)
	}
	return diags
}

// lookUp returns what names stand for. It asks the cloud for those that known
// lacks, or for all where known is nil. reached is false if it had to ask and could
// not: because of an error, or because the provider's configuration is open.
func (r *clusterResource) lookUp(ctx context.Context, refs []reference, known resolution) (names resolution, reached bool, diags diag.Diagnostics) {
	if known != nil && !missing(refs, known) {
		return known, true, nil
	}
	client, err := r.session.Cloud(ctx)
	if errors.Is(err, ErrUnknownConfig) {
		return known, false, nil
	}
	if err != nil {
		diags.Append(diagnose.Unbegun("The cloud can't be reached", err))
		return nil, false, diags
	}
	names, diags = resolve(ctx, client, refs, known)
	return names, true, diags
}

// checkName refuses a name that another cluster has. leftovers reports whether there
// is something of a cluster of that name that an interrupted create left and the
// apply deletes first.
func (r *clusterResource) checkName(ctx context.Context, name string) (leftovers bool, diags diag.Diagnostics) {
	prov, err := r.session.Provisioner(ctx)
	free := false
	if err == nil {
		free, err = prov.CheckName(ctx, name, CreatedBy(name), abandoned())
	}
	if free {
		r.session.foundFree(name, time.Now())
	}
	var exists *provision.ExistsError
	if errors.As(err, &exists) && r.session.has(exists.ID) {
		return false, nil // the cluster that this plan replaces
	}
	if err != nil {
		diags.Append(diagnose.Unbegun("The name can't be checked", err))
	}
	return err == nil && !free, diags
}
