package cluster

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// config is a model with its nested values decoded: what a configuration, a plan
// or a state says of a cluster.
type config struct {
	model
	frontEnd frontEndModel
	groups   map[string]groupModel
	batch    batchSystemModel
}

// decode reads the nested values of a model. whole is false while one of them is
// unknown as a whole; single attributes inside them may still be unknown.
func decode(ctx context.Context, m model) (c config, whole bool, diags diag.Diagnostics) {
	c.model = m
	if m.FrontEnd.IsUnknown() || m.Workers.IsUnknown() || m.BatchSystem.IsUnknown() {
		return c, false, nil
	}
	for _, group := range m.Workers.Elements() {
		if group.IsUnknown() {
			return c, false, nil
		}
	}
	c.groups = map[string]groupModel{}
	if !m.FrontEnd.IsNull() {
		diags.Append(under("front_end", m.FrontEnd.As(ctx, &c.frontEnd, basetypes.ObjectAsOptions{}))...)
	}
	if !m.Workers.IsNull() {
		diags.Append(under("workers", m.Workers.ElementsAs(ctx, &c.groups, false))...)
	}
	if !m.BatchSystem.IsNull() {
		diags.Append(under("batch_system", m.BatchSystem.As(ctx, &c.batch, basetypes.ObjectAsOptions{}))...)
	}
	return c, !diags.HasError(), diags
}

// under returns diagnostics about parts of an attribute with their paths from the root:
// those that the framework makes of a nested value begin at that value.
func under(attribute string, diags diag.Diagnostics) diag.Diagnostics {
	out := make(diag.Diagnostics, 0, len(diags))
	for _, d := range diags {
		at := path.Root(attribute)
		if inner, ok := d.(diag.DiagnosticWithPath); ok {
			at = below(at, inner.Path())
		}
		out = append(out, diag.WithPath(at, d))
	}
	return out
}

// below returns the path that goes on from at as inner does from its beginning.
func below(at, inner path.Path) path.Path {
	for _, step := range inner.Steps() {
		switch step := step.(type) {
		case path.PathStepAttributeName:
			at = at.AtName(string(step))
		case path.PathStepElementKeyString:
			at = at.AtMapKey(string(step))
		case path.PathStepElementKeyInt:
			at = at.AtListIndex(int(step))
		case path.PathStepElementKeyValue:
			at = at.AtSetValue(step.Value)
		}
	}
	return at
}

func (c config) groupNames() []string { return slices.Sorted(maps.Keys(c.groups)) }

// spec translates the configuration. A name that names lacks becomes the empty
// text, which planning takes for "not known yet".
func (c config) spec(names resolution) cluster.Spec {
	s := cluster.Spec{
		ID:          c.ID.ValueString(),
		Name:        c.Name.ValueString(),
		LoginUser:   c.LoginUser.ValueString(),
		LoginUID:    int(c.LoginUID.ValueInt64()),
		KeyPair:     c.KeyPair.ValueString(),
		OperatorKey: names.get(kindKeyPair, c.KeyPair),
		BatchSystem: cluster.BatchSystem(c.batch.Type.ValueString()),
		BatchConfig: c.batch.Config.ValueString(),
		Coordinator: c.Coordinator.ValueString(),

		DocumentSigning: c.Signing.ValueBool(),
		BatchInstall:    c.batch.Install.ValueBool(),

		FrontEnd: c.nodeSpec(c.frontEnd.nodeModel, names),
		Groups:   make(map[string]cluster.GroupSpec, len(c.groups)),
	}
	if s.BatchSystem == "" {
		s.BatchSystem = cluster.BatchNone
	}
	s.FrontEnd.FixedIP = c.frontEnd.FixedIP.ValueString()
	s.FrontEnd.Port = names.get(kindPort, c.frontEnd.Port)
	s.FrontEnd.StateVolume = names.get(kindVolume, c.batch.StateVolume)
	s.FrontEnd.ExternalNetworkID = names.get(kindExternalNetwork, c.frontEnd.ExternalNetwork)
	for name, g := range c.groups {
		node := c.nodeSpec(g.nodeModel, names)
		g.apply(&node.Placement)
		s.Groups[name] = cluster.GroupSpec{
			NodeSpec: node,
			Count:    g.count(),
			Scaling:  g.bounds(),
			Machine:  g.machine(names),
			Retire:   texts(g.Retire.Elements()),
			MinReady: int(g.MinReady.ValueInt64()),
		}
	}
	return s
}

// wanted is spec in which each group that is not among those before has the
// number of workers that a new group begins with.
func (c config) wanted(names resolution, before map[string]groupModel) cluster.Spec {
	s := c.spec(names)
	for name, g := range s.Groups {
		if _, existed := before[name]; !existed {
			g.Count = c.groups[name].initial()
			s.Groups[name] = g
		}
	}
	return s
}

func (m model) nodeSpec(n nodeModel, names resolution) cluster.NodeSpec {
	spec := cluster.NodeSpec{
		Image:       names.get(kindImage, either(n.Image, m.Image)),
		Flavor:      names.get(kindFlavor, n.Flavor),
		CloudConfig: n.CloudConfig.ValueString(),
		Placement:   n.placement(),
	}
	m.networking(n, path.Empty()).apply(&spec, names)
	for _, group := range m.securityGroups(n) {
		spec.SecurityGroups = append(spec.SecurityGroups, names.get(kindSecurityGroup, types.StringValue(group)))
	}
	for path, content := range n.Files.Elements() {
		if s, ok := content.(types.String); ok {
			if spec.Files == nil {
				spec.Files = map[string]string{}
			}
			spec.Files[path] = s.ValueString()
		}
	}
	return spec
}

func (m model) securityGroups(n nodeModel) []string {
	if n.SecurityGroups.IsNull() {
		return texts(m.SecurityGroups.Elements())
	}
	return texts(n.SecurityGroups.Elements())
}

func (m model) drainTimeout() time.Duration {
	d, err := time.ParseDuration(m.DrainTimeout.ValueString())
	if err != nil {
		d, _ = time.ParseDuration(defaultDrainTimeout) // a constant of ours
	}
	return d
}

// prior is a cluster as the state has it. The zero value is that of a cluster
// which does not exist yet.
type prior struct {
	config config
	spec   cluster.Spec         // what the configuration stood for
	states map[string]nodeState // the attribute `nodes`
	nodes  cluster.Nodes        // the same in the domain's words
}

func readPrior(ctx context.Context, m model) (prior, diag.Diagnostics) {
	c, _, diags := decode(ctx, m)
	states, more := nodeStates(m.Nodes)
	diags.Append(more...)
	return prior{config: c, spec: c.spec(resolutionOf(m.Resolved)), states: states, nodes: nodesOf(states)}, diags
}

// nodesOf translates node states into the domain's words, so that a plan needs no
// further list of servers. It leaves out nodes that never had a server.
func nodesOf(states map[string]nodeState) cluster.Nodes {
	var out cluster.Nodes
	for name, s := range states {
		if s.ID.ValueString() == "" {
			continue
		}
		created, _ := time.Parse(time.RFC3339, s.Created.ValueString()) // the zero time counts as the oldest
		out = append(out, cluster.Node{
			ID: s.ID.ValueString(), Name: name, Role: cluster.Role(s.Role.ValueString()), Group: s.Group.ValueString(),
			Address: s.Address.ValueString(), Status: cluster.Status(s.Status.ValueString()),
			Image: s.Image.ValueString(), Created: created, SpecHash: s.Spec.ValueString(),
		})
	}
	slices.SortFunc(out, func(a, b cluster.Node) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

// isKnown reports whether nothing in the values is left to the apply.
func isKnown(ctx context.Context, values ...attr.Value) bool {
	for _, v := range values {
		raw, err := v.ToTerraformValue(ctx)
		if err != nil || !raw.IsFullyKnown() {
			return false
		}
	}
	return true
}
