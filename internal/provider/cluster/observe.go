package cluster

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/packed"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// statusMissing is the status of a planned worker that has no server.
const statusMissing = "MISSING"

// observe writes what the cloud shows into the model: the nodes, the number of
// working workers of each group, and what follows from them. Names that the
// configuration gave stay as they are. If the model has only an ID, as after an
// import, the cluster document fills the rest.
func (m *model) observe(ctx context.Context, v cluster.View) diag.Diagnostics {
	diags := enrolmentWarnings(v, time.Now())
	v.Nodes = shown(v)
	if m.Name.IsNull() {
		if more := m.adopt(ctx, v); more.HasError() {
			return more
		}
	}
	diags.Append(m.countWorkers(ctx, v)...)
	states, others := observedNodes(v)
	diags.Append(twinWarnings(others)...)
	m.Nodes, m.WorkerNames = nodesValue(states), m.workerNames(sortedNames(states))
	m.FrontEndAddress = orNull(frontEndAddress(v.Nodes, m.FrontEndAddress.ValueString()))
	m.HostsFile = types.StringValue(hostsFile(states))
	a := m.access(v)
	m.SSHConfig, m.KnownHosts = types.StringValue(a.sshConfig()), orNull(a.knownHosts())
	if v.HasDocument {
		m.Generation = types.Int64Value(v.Document.Generation)
	}
	return diags
}

// twinWarnings names second servers of a node's name: what an overrun Nova made
// of a create call whose answer got lost, and showed too late.
func twinWarnings(others cluster.Nodes) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, n := range others {
		diags.AddWarning(fmt.Sprintf("A second server is named %s", n.Name),
			fmt.Sprintf("Server %s is not the one that the cluster works with: the cloud made it from a create call whose answer got lost. "+
				"The next apply that changes the cluster deletes it; or delete it now: openstack server delete %s", n.ID, n.ID))
	}
	return diags
}

// countWorkers sets each group's count to the number of its workers that are not
// unfit. A group that exists in the cloud only is shown too, so that a plan
// removes it or takes it over.
func (m *model) countWorkers(ctx context.Context, v cluster.View) diag.Diagnostics {
	c, _, diags := decode(ctx, *m)
	if diags.HasError() {
		return diags
	}
	working := workingWorkers(v.Nodes)
	for _, w := range v.Nodes.Workers("") {
		if _, known := c.groups[w.Group]; !known {
			spec, ok := v.Document.Groups[w.Group]
			if !ok {
				spec.NodeSpec = cluster.NodeSpec{Flavor: w.Flavor, Image: w.Image}
			}
			c.groups[w.Group] = m.groupOf(spec)
		}
	}
	for name, g := range c.groups {
		g.Count = whole.Value(int64(len(working[name])))
		c.groups[name] = g
	}
	if len(c.groups) == 0 && m.Workers.IsNull() {
		return diags
	}
	workers, more := types.MapValueFrom(ctx, groupType, c.groups)
	m.Workers = workers
	return append(diags, more...)
}

// groupOf returns the configuration of a group, with IDs for names and without what
// equals the cluster's own setting.
func (m *model) groupOf(spec cluster.GroupSpec) groupModel {
	g := groupModel{
		nodeModel: m.nodeOf(spec.NodeSpec), groupPlacementModel: groupPlacementOf(spec.Placement),
		Scaling: types.ObjectNull(scalingTypes), Retire: types.SetNull(types.StringType),
	}
	if n := spec.Machine.GPUs; n > 0 {
		g.GPUs = whole.Value(int64(n))
	}
	if s := spec.Scaling; s != nil {
		g.Scaling = types.ObjectValueMust(scalingTypes, map[string]attr.Value{
			"min": whole.Value(int64(s.Min)), "max": whole.Value(int64(s.Max)), "initial": whole.Null(),
		})
	}
	return g
}

func (m *model) nodeOf(spec cluster.NodeSpec) nodeModel {
	resolved := resolutionOf(m.Resolved)
	same := func(k kind, common types.String, id string) bool {
		return common.ValueString() == id || resolved.get(k, common) == id
	}
	n := nodeModel{
		Flavor: orNull(spec.Flavor), Image: orNull(spec.Image),
		SecurityGroups: types.SetNull(types.StringType),
		CloudConfig:    orNull(spec.CloudConfig),
		Files:          types.MapNull(types.StringType),
		placementModel: placementOf(spec.Placement),
	}
	if same(kindImage, m.Image, spec.Image) {
		n.Image = types.StringNull()
	}
	n.Network, n.Networks, n.ClusterNetwork = networksOf(spec)
	if same(kindNetwork, m.Network, spec.Network) {
		n.Network = types.StringNull()
	}
	if own := stringSetOf(spec.SecurityGroups); len(spec.SecurityGroups) > 0 && !own.Equal(m.SecurityGroups) {
		n.SecurityGroups = own
	}
	if len(spec.Files) > 0 {
		n.Files = resolution(spec.Files).value()
	}
	return n
}

// adopt fills the configured part of an imported cluster's model.
func (m *model) adopt(ctx context.Context, v cluster.View) diag.Diagnostics {
	doc := v.Document
	made := frontEndSpec(v)
	common := cluster.NodeSpec{Image: made.Image, Network: made.Network, SecurityGroups: made.SecurityGroups}
	for _, name := range sortedNames(doc.Groups) {
		common.Network, common.SecurityGroups = doc.Groups[name].Network, doc.Groups[name].SecurityGroups
		break
	}
	made.Network = cmp.Or(made.Network, common.Network)
	m.Name = orNull(clusterName(v))
	m.Image, m.Network = orNull(common.Image), orNull(common.Network)
	m.SecurityGroups = stringSetOf(common.SecurityGroups)
	m.KeyPair = orNull(doc.KeyPair)
	m.LoginUser = types.StringValue(doc.LoginUser)
	m.LoginUID = whole.Value(int64(doc.LoginUID))
	m.Replacement = types.ObjectNull(replacementTypes)
	m.Signing = types.BoolValue(doc.Signing())
	m.Coordinator = types.StringValue(cmp.Or(doc.Coordinator, cluster.CoordinatorFrontEnd))
	m.WaitFor, m.DrainTimeout = types.StringValue(defaultWait), types.StringValue(defaultDrainTimeout)
	batch := doc.BatchSystem
	if batch == "" {
		batch = cluster.BatchNone
	}
	m.BatchSystem = batchSystemModel{
		Type: types.StringValue(string(batch)), Config: orNull(doc.BatchConfig), StateVolume: orNull(made.StateVolume), Install: types.BoolValue(doc.BatchInstall),
	}.value()
	frontEnd, diags := types.ObjectValueFrom(ctx, frontEndTypes, frontEndModel{
		nodeModel:              m.nodeOf(made),
		frontEndPlacementModel: frontEndPlacementModel{FixedIP: orNull(made.FixedIP), Port: orNull(made.Port)},
		ExternalNetwork:        orNull(made.ExternalNetworkID),
	})
	m.FrontEnd = frontEnd
	groups := make(map[string]groupModel, len(doc.Groups))
	for name, spec := range doc.Groups {
		groups[name] = m.groupOf(spec)
	}
	workers, more := types.MapValueFrom(ctx, groupType, groups)
	m.Workers = workers
	diags.Append(more...)
	c, _, more := decode(ctx, *m)
	diags.Append(more...)
	refs, _ := c.references()
	m.Resolved = selfResolved(refs, doc).value()
	return diags
}

// frontEndSpec returns what the front-end is made of, as far as the cloud shows it.
func frontEndSpec(v cluster.View) cluster.NodeSpec {
	if as := v.Document.FrontEndAs; as != nil {
		return *as
	}
	fe, _ := v.Nodes.FrontEnd()
	return cluster.NodeSpec{Image: fe.Image, Flavor: fe.Flavor}
}

func clusterName(v cluster.View) string {
	if v.HasDocument {
		return v.Document.Name
	}
	for _, n := range v.Nodes {
		return n.ClusterName
	}
	return ""
}

// observedNodes returns the state entries of the nodes by name; others are second
// servers of a name.
func observedNodes(v cluster.View) (states map[string]nodeState, others cluster.Nodes) {
	one, others := v.Nodes.Distinct(v.Document.Workers)
	states = make(map[string]nodeState, len(one))
	for _, n := range one {
		states[n.Name] = stateOf(n)
	}
	return states, others
}

func stateOf(n cluster.Node) nodeState {
	created := types.StringNull()
	if !n.Created.IsZero() {
		created = types.StringValue(n.Created.UTC().Format(time.RFC3339))
	}
	return nodeState{
		ID: orNull(n.ID), Role: types.StringValue(string(n.Role)), Group: orNull(n.Group),
		Address: orNull(n.Address), Status: types.StringValue(string(n.Status)),
		Image: orNull(n.Image), Created: created, Spec: orNull(n.SpecHash),
	}
}

// frontEndAddress returns the address at which the front-end is reached. Nova shows a
// floating IP some time after its association only, so the address known before
// stays valid as long as the front-end exists.
func frontEndAddress(nodes cluster.Nodes, before string) string {
	fe, ok := nodes.FrontEnd()
	switch {
	case !ok:
		return ""
	case fe.Floating != "":
		return fe.Floating
	case before != "":
		return before
	default:
		return fe.Address
	}
}

// WorkerNames is the computed attribute `worker_names`, which the plugin framework knows as
// one text.
var WorkerNames = packed.Attribute{Name: "worker_names", Of: namesType}

var namesType = tftypes.Set{ElementType: tftypes.String}

// workerNames returns the attribute `worker_names` for nodes of those names, in order.
func (m model) workerNames(nodes []string) types.String {
	groups := map[string][]tftypes.Value{}
	for group := range m.Workers.Elements() {
		groups[group] = []tftypes.Value{}
	}
	for _, name := range nodes {
		if group := cluster.GroupOf(m.Name.ValueString(), name); group != "" {
			groups[group] = append(groups[group], tftypes.NewValue(tftypes.String, name))
		}
	}
	sets := make(map[string]tftypes.Value, len(groups))
	for group, names := range groups {
		sets[group] = tftypes.NewValue(namesType, names)
	}
	return types.StringValue(WorkerNames.Pack(sets))
}

func stringSetOf(ss []string) types.Set {
	values := make([]attr.Value, 0, len(ss))
	for _, s := range ss {
		values = append(values, types.StringValue(s))
	}
	return types.SetValueMust(types.StringType, values)
}
