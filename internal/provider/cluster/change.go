package cluster

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	nodeplan "github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// change is what a plan decides: from what is wanted, what was, and what names
// stand for, which nodes come, stay and go.
type change struct {
	want config
	was  prior
	kept private

	create  bool     // the state has no such cluster
	open    openness // what only the apply will know
	rotates bool     // the nodes get another CA

	names resolution   // what the names in want stand for
	spec  cluster.Spec // what want stands for by these names
	nodes nodeplan.Plan

	keepsFrontEnd bool // although it is asked for another one: a warning says why
	leftovers     bool // the apply first deletes what an interrupted create left
	documentItems int  // metadata items that the cluster document takes
}

// openness is which parts of a configuration are known during the apply only. A
// plan promises nothing that follows from them.
type openness struct {
	any      bool            // any part that describes nodes
	floating bool            // where the front-end's floating IP comes from
	frontEnd bool            // what the front-end is made of, or whether it follows a change of that
	rolls    bool            // whether workers follow a change of what they are made of
	groups   map[string]bool // groups of which a part is open
}

// openIn returns what is open in a configuration.
func openIn(ctx context.Context, c config) openness {
	common := []attr.Value{c.Image, c.Network, c.Networks, c.ClusterNetwork, c.SecurityGroups}
	frontEnd := c.FrontEnd.Attributes()
	delete(frontEnd, "external_network") // a floating IP needs no new server
	frontEnd["state_volume"] = c.batch.StateVolume
	o := openness{
		any:      !isKnown(ctx, append(common, c.FrontEnd, c.Workers, c.KeyPair, c.BatchSystem)...),
		floating: c.frontEnd.ExternalNetwork.IsUnknown(),
		frontEnd: !isKnown(ctx, append(slices.Collect(maps.Values(frontEnd)), common...)...),
		rolls:    c.rollsOpen(),
		groups:   map[string]bool{},
	}
	for name, g := range c.Workers.Elements() {
		o.groups[name] = !isKnown(ctx, append(common, g)...)
	}
	return o
}

// newChange returns a change of which nothing is computed yet; state is nil for a
// create.
func newChange(ctx context.Context, want config, state *model, kept private) (change, diag.Diagnostics) {
	c := change{want: want, kept: kept, create: state == nil, open: openIn(ctx, want)}
	if state == nil {
		return c, nil
	}
	c.rotates = rotates(want.model, *state)
	was, diags := readPrior(ctx, *state)
	c.was = was
	return c, diags
}

// compute decides which nodes come, stay and go, given what names stand for.
func (c *change) compute(names resolution) {
	c.names, c.spec = names, c.want.wanted(names, c.was.config.groups)
	rules := c.kept.rules()
	if !c.create && (c.want.rolls() || c.open.rolls) {
		rules.Rolling, rules.Open = true, c.openGroups()
	}
	c.nodes = nodeplan.Compute(c.spec, c.was.nodes, rules)
}

// openGroups returns the groups whose workers may turn out to be outdated, because
// a part of their description is known during the apply only.
func (c change) openGroups() []string {
	var out []string
	for _, name := range c.spec.GroupNames() {
		g := c.spec.Groups[name]
		if c.open.groups[name] || g.Image == "" || g.Flavor == "" || g.Network == "" {
			out = append(out, name)
		}
	}
	return out
}

// redescribed reports whether the description of nodes to come changes.
func (c change) redescribed() bool {
	a, b := c.spec, c.was.spec
	if c.open.any || a.KeyPair != b.KeyPair || a.OperatorKey != b.OperatorKey || a.LoginUser != b.LoginUser ||
		a.LoginUID != b.LoginUID || a.BatchSystem != b.BatchSystem || a.BatchConfig != b.BatchConfig || a.BatchInstall != b.BatchInstall ||
		a.FrontEnd.Hash() != b.FrontEnd.Hash() ||
		len(a.Groups) != len(b.Groups) {
		return true
	}
	for name, g := range a.Groups {
		before, ok := b.Groups[name]
		if !ok || before.NodeSpec.Hash() != g.NodeSpec.Hash() || before.Machine != g.Machine || !reflect.DeepEqual(before.Scaling, g.Scaling) {
			return true
		}
	}
	return false
}

// makes reports whether any node is made.
func (c change) makes() bool {
	for _, g := range c.nodes.Groups {
		if len(g.Add) > 0 || len(g.Roll) > 0 {
			return true
		}
	}
	return c.nodes.FrontEnd
}

// mayGrow reports whether a group's upper bound is raised.
func (c change) mayGrow() bool {
	for name, g := range c.spec.Groups {
		if g.Scaling != nil && g.Most() > c.was.spec.Groups[name].Most() {
			return true
		}
	}
	return false
}

// readdresses reports whether the front-end, once it is made anew, gets another
// address than the one that was wanted before.
func (c change) readdresses() bool {
	now, before := c.spec.FrontEnd, c.was.spec.FrontEnd
	return !c.create && (now.FixedIP != before.FixedIP || now.FixedIP != "" && now.Network != before.Network)
}

// addsFloatingIP reports whether a front-end that is reached at its fixed address is to
// have a floating IP.
func (c change) addsFloatingIP() bool {
	fe, ok := c.was.states[c.nodes.FrontEndName]
	if ok && c.open.floating {
		return true
	}
	return ok && c.spec.FrontEnd.ExternalNetworkID != "" && c.was.config.FrontEndAddress.ValueString() == fe.Address.ValueString()
}

// fill sets every computed attribute that follows from the change: known where it
// can be known, so that a plan without a change shows none.
func (c *change) fill(ctx context.Context) diag.Diagnostics {
	diags := c.want.setScaledCounts(ctx, func(group string) whole.Number {
		return whole.Value(int64(c.nodes.Groups[group].Working()))
	})
	m, was := &c.want.model, c.was.config
	planned := promise(c.nodes, c.was.nodes).nodes(c.was.states, c.freshNodes())
	c.leaveUnenrolledOpen(planned)
	m.Nodes, m.WorkerNames = nodesValue(planned), m.workerNames(sortedNames(planned))
	m.openComputed()
	if c.create {
		return diags
	}
	floats := c.addsFloatingIP()
	if !c.nodes.FrontEnd && !floats {
		m.FrontEndAddress = was.FrontEndAddress
	}
	switch {
	case len(c.kept.unenrolled) > 0: // their addresses may be open
	case c.nodes.Empty() && !floats:
		m.HostsFile = was.HostsFile
	case !c.makes():
		m.HostsFile = types.StringValue(hostsFile(planned))
	}
	if !m.FrontEndAddress.IsUnknown() {
		c.fillAccess()
	}
	if c.nodes.Empty() && !c.redescribed() && !floats && !c.rotates && !c.enrols() && len(c.kept.leftovers) == 0 {
		m.Generation = was.Generation
	}
	return diags
}

// fillAccess sets what SSH clients get, where the front-end stays where it is. The keys
// stay with the front-end. Keys that are not known yet may become known in the apply.
func (c *change) fillAccess() {
	m, was := &c.want.model, c.was.config
	m.SSHConfig = types.StringValue(m.access(cluster.View{}).sshConfig())
	sameGroups := slices.Equal(slices.Sorted(maps.Keys(m.Workers.Elements())), slices.Sorted(maps.Keys(was.Workers.Elements())))
	if quiet := c.nodes.Empty() && !c.redescribed() && !c.rotates && !c.enrols(); quiet || (sameGroups && !was.KnownHosts.IsNull()) {
		m.KnownHosts = was.KnownHosts
	}
}

// freshNodes returns the planned entries of the nodes that become other servers, or
// may become others: what is known beforehand.
func (c change) freshNodes() map[string]nodeState {
	image, address := c.spec.FrontEnd.Image, c.spec.FrontEnd.FixedIP
	if _, had := c.was.states[c.nodes.FrontEndName]; had && c.open.frontEnd { // it may stay as it is
		image, address = "", ""
	}
	out := map[string]nodeState{c.nodes.FrontEndName: newNode(cluster.RoleFrontEnd, "", image, address)}
	for group, g := range c.nodes.Groups {
		for _, name := range g.Roll { // a worker that the replacement does not reach stays as it is
			out[name] = newNode(cluster.RoleWorker, group, "", "")
		}
		for _, name := range g.Add {
			out[name] = unknownNode()
			if _, had := c.was.states[name]; had { // another server of the same name
				out[name] = newNode(cluster.RoleWorker, group, c.spec.Groups[group].Image, "")
			}
		}
	}
	return out
}

func newNode(role cluster.Role, group, image, address string) nodeState {
	known := func(text string) types.String {
		if text == "" {
			return types.StringUnknown()
		}
		return types.StringValue(text)
	}
	return nodeState{
		Role: types.StringValue(string(role)), Group: orNull(group), Image: known(image), Address: known(address),
		ID: types.StringUnknown(), Status: types.StringUnknown(), Created: types.StringUnknown(), Spec: types.StringUnknown(),
	}
}

// openComputed leaves to the apply what follows from the nodes.
func (m *model) openComputed() {
	m.Generation = types.Int64Unknown()
	m.FrontEndAddress, m.HostsFile = types.StringUnknown(), types.StringUnknown()
	m.SSHConfig, m.KnownHosts = types.StringUnknown(), types.StringUnknown()
}
