package cluster

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// change is what a plan is computed from: what is wanted, what was, and which
// nodes come, stay and go.
type change struct {
	wanted cluster.Spec
	was    *model        // nil for a create
	have   cluster.Nodes // as the state has them
	wasFor cluster.Spec  // the spec that was's configuration stands for
	nodes  provision.Plan
	// resolved is what names stand for.
	resolved resolution
	// What is left to the apply must not be promised: it may change anything that
	// follows from the description of nodes, or where the front-end is reached.
	open, floatingOpen bool
	frontEndOpen       bool // what it is made of, or whether it follows that
	rollsOpen          bool // whether workers follow what they are made of
	rotates            bool // the nodes get another CA
	// What an interrupted apply left, and this one deletes first: workers that are
	// in no roster, and whatever there is of a cluster that is to be made.
	strays    []string
	leftovers bool
	// serverGroups tells in which policy's server group a worker was made, and
	// documentItems how much of the front-end's metadata the cluster document takes.
	serverGroups  map[string]string
	documentItems int
}

// redescribed tells whether the description of nodes to come changes.
func (c change) redescribed() bool {
	a, b := c.wanted, c.wasFor
	if c.open || a.KeyPair != b.KeyPair || a.OperatorKey != b.OperatorKey || a.LoginUser != b.LoginUser ||
		a.LoginUID != b.LoginUID || a.BatchSystem != b.BatchSystem || a.FrontEnd.Hash() != b.FrontEnd.Hash() ||
		len(a.Groups) != len(b.Groups) {
		return true
	}
	for name, g := range a.Groups {
		before, ok := b.Groups[name]
		if !ok || before.NodeSpec.Hash() != g.NodeSpec.Hash() || !reflect.DeepEqual(before.Scaling, g.Scaling) {
			return true
		}
	}
	return false
}

// makes tells whether any node is to be made.
func (c change) makes() bool {
	for _, g := range c.nodes.Groups {
		if len(g.Add) > 0 || len(g.Roll) > 0 {
			return true
		}
	}
	return c.nodes.FrontEnd
}

// planComputed sets every computed attribute that follows from the change: known
// where it can be known, so that a plan without a change shows none.
func (m *model) planComputed(ctx context.Context, c change) diag.Diagnostics {
	var diags diag.Diagnostics
	prior := map[string]nodeState{}
	if c.was != nil {
		prior, diags = nodeStates(ctx, c.was.Nodes)
	}
	planned := plannedNodes(c, prior)
	m.Nodes = nodesValue(ctx, planned, &diags)
	m.Generation = types.Int64Unknown()
	m.FrontEndAddress, m.HostsFile, m.SSHConfig = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	if c.was == nil {
		return diags
	}
	refloat := c.lacksFloating(prior)
	if !c.nodes.FrontEnd && !refloat {
		m.FrontEndAddress = c.was.FrontEndAddress
	}
	switch {
	case c.nodes.Empty() && !refloat:
		m.HostsFile, m.SSHConfig = c.was.HostsFile, c.was.SSHConfig
	case !c.makes():
		m.HostsFile = types.StringValue(hostsFile(planned))
		if !m.FrontEndAddress.IsUnknown() {
			m.SSHConfig = types.StringValue(sshConfig(c.wanted.Name, c.wanted.LoginUser, m.FrontEndAddress.ValueString(), planned))
		}
	}
	if c.nodes.Empty() && !c.redescribed() && !refloat && !c.rotates && !c.clears() {
		m.Generation = c.was.Generation
	}
	return diags
}

// clears tells whether there are strays to delete, which is a change by itself.
// Without a metadata service a new roster needs a messenger, so there it waits for
// one.
func (c change) clears() bool {
	return len(c.strays) > 0 && c.wanted.Coordinator != cluster.CoordinatorLastWorker
}

// lacksFloating tells that the front-end should have a floating IP and is
// reached at its fixed address.
func (c change) lacksFloating(prior map[string]nodeState) bool {
	fe, ok := prior[c.nodes.FrontEndName]
	if ok && c.floatingOpen {
		return true
	}
	return ok && c.wanted.FrontEnd.ExternalNetworkID != "" && c.was.FrontEndAddress.ValueString() == fe.Address.ValueString()
}

// plannedNodes gives every node that exists after the change its entry: those
// that stay as the state has them, new ones with what is known beforehand.
func plannedNodes(c change, prior map[string]nodeState) map[string]nodeState {
	out := map[string]nodeState{}
	if fe, ok := prior[c.nodes.FrontEndName]; ok && !c.nodes.FrontEnd {
		out[c.nodes.FrontEndName] = fe
	} else {
		image, ip := c.wanted.FrontEnd.Image, c.wanted.FrontEnd.FixedIP
		if ok && c.frontEndOpen { // it may stay as it is
			image, ip = "", ""
		}
		fe := newNode(cluster.RoleFrontEnd, "", image)
		if ip != "" {
			fe.Address = types.StringValue(ip)
		}
		out[c.nodes.FrontEndName] = fe
	}
	for group, g := range c.nodes.Groups {
		for _, name := range g.Keep {
			out[name] = prior[name]
		}
		for _, name := range g.Roll { // one that is not reached stays as it is
			out[name] = newNode(cluster.RoleWorker, group, "")
		}
		for _, name := range g.Add {
			out[name] = newNode(cluster.RoleWorker, group, c.wanted.Groups[group].Image)
		}
	}
	return out
}

func newNode(role cluster.Role, group, image string) nodeState {
	s := nodeState{
		ID: types.StringUnknown(), Role: types.StringValue(string(role)), Group: orNull(group),
		Address: types.StringUnknown(), Status: types.StringUnknown(),
		Image: types.StringUnknown(), Created: types.StringUnknown(), Spec: types.StringUnknown(),
	}
	if image != "" {
		s.Image = types.StringValue(image)
	}
	return s
}

// leaveOpen marks what can't be planned while the shape of the cluster is unknown.
func (m *model) leaveOpen() {
	m.Nodes, m.Resolved = types.MapUnknown(nodeStateType), types.MapUnknown(types.StringType)
	m.Generation = types.Int64Unknown()
	m.FrontEndAddress, m.HostsFile, m.SSHConfig = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
}

// settled returns the wanted spec so that exactly those leave whom the plan
// shows: it names them.
func settled(spec cluster.Spec, prior, planned map[string]nodeState) cluster.Spec {
	for name, g := range spec.Groups {
		g.Retire = nil
		for _, node := range sortedNames(prior) {
			if _, stays := planned[node]; !stays && prior[node].Group.ValueString() == name {
				g.Retire = append(g.Retire, node)
			}
		}
		spec.Groups[name] = g
	}
	return spec
}

// laterWarnings says which changes present nodes do not follow.
func laterWarnings(c change) diag.Diagnostics {
	var diags diag.Diagnostics
	if c.was == nil {
		return nil
	}
	withoutFloating := func(s cluster.NodeSpec) string { s.ExternalNetworkID = ""; return s.Hash() }
	if !c.nodes.FrontEnd && withoutFloating(c.wanted.FrontEnd) != withoutFloating(c.wasFor.FrontEnd) {
		diags.AddAttributeWarning(path.Root("front_end"), "The front-end stays as it is",
			fmt.Sprintf("A change of the front-end's image, flavor, network, security groups, cloud_config or files takes effect when %s is next made, or at once with replace_on_change = true.", c.nodes.FrontEndName))
	}
	if before := c.wasFor.FrontEnd.ExternalNetworkID; !c.nodes.FrontEnd && before != "" && before != c.wanted.FrontEnd.ExternalNetworkID {
		diags.AddAttributeWarning(path.Root("front_end").AtName("external_network"), "The front-end keeps its floating IP",
			fmt.Sprintf("The floating IP that %s has stays with it until the cluster is destroyed.", c.nodes.FrontEndName))
	}
	for _, name := range c.wanted.GroupNames() {
		before, existed := c.wasFor.Groups[name]
		plan := c.nodes.Groups[name]
		keep := slices.DeleteFunc(slices.Clone(plan.Keep), func(n string) bool { return slices.Contains(plan.Roll, n) })
		if existed && len(keep) > 0 && before.NodeSpec.Hash() != c.wanted.Groups[name].NodeSpec.Hash() {
			diags.AddAttributeWarning(path.Root("workers").AtMapKey(name), "Present workers stay as they are",
				fmt.Sprintf("The change applies to workers of group %q made from now on. Made before: %s. To replace these too, set `replacement`.", name, strings.Join(keep, ", ")))
		}
	}
	return diags
}
