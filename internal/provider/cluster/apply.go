package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/progress"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// application is one apply: what was planned, and where its outcome goes.
type application struct {
	plan    model
	before  *model       // the state before; nil for a create
	base    model        // what the state says if the apply breaks off
	config  tfsdk.Config // for what only it has: the CA's key
	state   *tfsdk.State
	private privateStore
	diags   *diag.Diagnostics
	what    string // went wrong, as the summary of a failure
}

func (r *clusterResource) apply(ctx context.Context, a application) {
	// Whatever happens from here on, the state holds what exists.
	outer := context.WithoutCancel(ctx)
	a.diags.Append(a.state.Set(outer, &a.base)...)
	i, diags := readIntent(ctx, a.plan, a.before)
	a.diags.Append(diags...)
	request := i.request(CreatedBy(a.plan.Name.ValueString()), abandoned())
	given, diags := a.entrust(ctx, i, &request)
	a.diags.Append(diags...)
	if a.diags.HasError() {
		return
	}
	ctx = progress.Of(ctx, a.plan.Name.ValueString())
	prov, err := r.session.Provisioner(ctx)
	if err != nil {
		a.leaveUnbegun(outer, diagnose.Unbegun(a.what, err))
		return
	}
	if request.Create {
		request.NameFree, err = r.session.claim(request.Spec.Name, time.Now())
		if err != nil {
			a.leaveUnbegun(outer, diag.NewAttributeErrorDiagnostic(path.Root("name"), "Cluster name used twice", diagnose.Sentence(err.Error())))
			return
		}
	}
	done, err := r.session.alone(ctx, request.Spec.Name)
	if err != nil {
		a.leaveUnbegun(outer, diagnose.Unbegun(a.what, err))
		return
	}
	defer done()
	var latest cluster.View
	request.Changed = func(nodes cluster.Nodes) {
		latest.Nodes = nodes
		tflog.Debug(ctx, "nodes changed", map[string]any{"cluster": request.Spec.Name, "nodes": len(nodes)})
	}
	result, err := prov.Apply(ctx, request)
	a.reportProblems(request.Spec.Name, result)
	a.diags.Append(keepOutcome(outer, a.private, given, result.View, err == nil)...)
	if _, taken := errors.AsType[*provision.ExistsError](err); taken && len(result.Nodes) == 0 {
		a.leaveUnbegun(outer, diagnose.Fault(a.what, err))
		return
	}
	if err != nil {
		if len(result.Nodes) > 0 || len(latest.Nodes) == 0 {
			latest = result.View
		}
		a.breakOff(outer, latest)
		a.diags.Append(diagnose.Fault(a.what, err))
		return
	}
	settled, diags := i.settle(outer, result.View)
	a.diags.Append(diags...)
	a.diags.Append(a.state.Set(outer, &settled)...)
}

// leaveUnbegun ends an apply that has made nothing yet. A create then leaves no
// resource behind, which the next apply would have to replace.
func (a application) leaveUnbegun(ctx context.Context, why diag.Diagnostic) {
	a.diags.Append(why)
	if a.before == nil {
		a.state.RemoveResource(ctx)
	}
}

// reportProblems warns of each node that is not as planned.
func (a application) reportProblems(name string, result provision.Result) {
	for _, problem := range result.Problems {
		a.diags.Append(diagnose.Problem(name, problem))
	}
	if len(result.Problems) > 0 {
		a.diags.AddWarning("Cluster "+name+": not all is as planned", diagnose.Sentence(result.Counts.String()))
	}
}

// breakOff leaves in the state what there was and what the apply made.
func (a application) breakOff(ctx context.Context, v cluster.View) {
	if len(v.Nodes) == 0 {
		return
	}
	a.diags.Append(a.base.observe(ctx, v)...)
	a.diags.Append(a.state.Set(ctx, &a.base)...)
}

// unmade returns the state of a cluster of which nothing exists yet.
func (m model) unmade() model {
	m.Nodes, m.WorkerNames = types.StringNull(), types.StringNull()
	m.Generation = types.Int64Null()
	m.FrontEndAddress, m.HostsFile = types.StringNull(), types.StringNull()
	m.SSHConfig, m.KnownHosts = types.StringNull(), types.StringNull()
	if m.Resolved.IsUnknown() {
		m.Resolved = types.MapNull(types.StringType)
	}
	return m
}

// intent is what a plan has decided, decoded once for its apply.
type intent struct {
	want    config
	was     prior
	create  bool
	planned map[string]nodeState // the attribute `nodes` of the plan
}

func readIntent(ctx context.Context, plan model, state *model) (intent, diag.Diagnostics) {
	want, _, diags := decode(ctx, plan)
	planned, more := nodeStates(plan.Nodes)
	diags.Append(more...)
	i := intent{want: want, create: state == nil, planned: planned}
	if state != nil {
		i.was, more = readPrior(ctx, *state)
		diags.Append(more...)
	}
	return i, diags
}

// request returns what provisioning has to bring about: what is wanted, within
// what the plan has promised.
func (i intent) request(createdBy, abandoned string) provision.Request {
	req := provision.Request{
		Spec: i.want.wanted(resolutionOf(i.want.Resolved), i.was.config.groups), Create: i.create,
		Wait: provision.Wait(i.want.WaitFor.ValueString()), DrainTimeout: i.want.drainTimeout(), Replacement: i.want.replaces(),
		CreatedBy: createdBy, Abandoned: abandoned,
	}
	if !i.create {
		req.Generation, req.Known = i.was.config.Generation.ValueInt64(), i.was.nodes
		readPromise(i.was.states, i.planned).hold(&req, i.was.states)
	}
	return req
}

// settle returns the plan completed with what an apply brought about. Terraform
// holds the provider to the plan: what the plan knows stays, what it leaves open is
// filled, and `nodes` has the planned keys. A planned worker without a server keeps
// its entry with a null ID, and the next refresh drops it.
func (i intent) settle(ctx context.Context, v cluster.View) (model, diag.Diagnostics) {
	var diags diag.Diagnostics
	states, _ := observedNodes(v)
	nodes := make(map[string]nodeState, len(i.planned))
	if i.want.Nodes.IsUnknown() {
		nodes = states
	}
	for name, p := range i.planned {
		seen, ok := states[name]
		if !ok {
			seen = missingNode(i.want.Name.ValueString(), name)
		}
		nodes[name] = p.complete(seen)
	}
	diags.Append(i.want.settleCounts(ctx, v)...)
	m := i.want.model
	m.Nodes = nodesValue(nodes)
	if m.WorkerNames.IsUnknown() {
		m.WorkerNames = m.workerNames(sortedNames(nodes))
	}
	if m.FrontEndAddress.IsUnknown() {
		m.FrontEndAddress = orNull(frontEndAddress(v.Nodes, ""))
	}
	if m.HostsFile.IsUnknown() {
		m.HostsFile = types.StringValue(hostsFile(nodes))
	}
	a := m.access(v)
	if m.SSHConfig.IsUnknown() {
		m.SSHConfig = types.StringValue(a.sshConfig())
	}
	if m.KnownHosts.IsUnknown() {
		m.KnownHosts = orNull(a.knownHosts())
	}
	if m.Generation.IsUnknown() {
		m.Generation = types.Int64Value(v.Document.Generation)
	}
	return m, diags
}

// missingNode returns the entry of a planned node that has no server.
func missingNode(clusterName, name string) nodeState {
	role, group := cluster.RoleWorker, cluster.GroupOf(clusterName, name)
	if group == "" {
		role = cluster.RoleFrontEnd
	}
	return nodeState{Role: types.StringValue(string(role)), Group: orNull(group), Status: types.StringValue(statusMissing)}
}

// complete fills what a planned entry leaves open.
func (p nodeState) complete(seen nodeState) nodeState {
	fill := func(planned, seen types.String) types.String {
		if planned.IsUnknown() {
			return seen
		}
		return planned
	}
	return nodeState{
		ID: fill(p.ID, seen.ID), Role: fill(p.Role, seen.Role), Group: fill(p.Group, seen.Group),
		Address: fill(p.Address, seen.Address), Status: fill(p.Status, seen.Status),
		Image: fill(p.Image, seen.Image), Created: fill(p.Created, seen.Created), Spec: fill(p.Spec, seen.Spec),
	}
}
