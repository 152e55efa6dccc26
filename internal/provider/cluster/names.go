package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// kind is what a name in the configuration is the name of.
type kind string

const (
	kindImage           kind = "image"
	kindFlavor          kind = "flavor"
	kindNetwork         kind = "network"
	kindExternalNetwork kind = "external_network"
	kindKeyPair         kind = "key_pair"
	kindSecurityGroup   kind = "security_group"
	kindZone            kind = "availability_zone"
	kindNetworkName     kind = "network_name" // an ID's or a name's; see networking
	kindPort            kind = "port"
)

// resolution maps "kind/name" to what the name stands for: an ID, for a key
// pair its public half. It is kept in the state as `resolved`, so that an apply
// takes what the plan showed.
type resolution map[string]string

func (r resolution) get(k kind, name types.String) string {
	if name.IsNull() || name.IsUnknown() {
		return ""
	}
	return r[string(k)+"/"+name.ValueString()]
}

// reference is a name in the configuration with the place where it stands.
type reference struct {
	kind kind
	name string
	path path.Path
}

func (r reference) key() string { return string(r.kind) + "/" + r.name }

// references lists each name of the configuration once, at the first place where
// it stands. known is false while one of them is unknown.
func (m model) references(p parts) (refs []reference, known bool) {
	known = true
	seen := map[string]bool{}
	add := func(k kind, name types.String, at path.Path) {
		if name.IsUnknown() {
			known = false
		}
		r := reference{k, name.ValueString(), at}
		if r.name == "" || seen[r.key()] {
			return
		}
		seen[r.key()] = true
		refs = append(refs, r)
	}
	addGroups := func(groups types.Set, at path.Path) {
		known = known && !groups.IsUnknown()
		for _, g := range groups.Elements() {
			if name, ok := g.(types.String); ok {
				add(kindSecurityGroup, name, at)
			}
		}
	}
	addNode := func(n nodeModel, at path.Path) {
		add(kindFlavor, n.Flavor, at.AtName("flavor"))
		add(kindImage, n.Image, at.AtName("image"))
		add(kindNetwork, n.Network, at.AtName("network"))
		addGroups(n.SecurityGroups, at.AtName("security_groups"))
		add(kindZone, n.AvailabilityZone, at.AtName("availability_zone"))
	}
	add(kindImage, m.Image, path.Root("image"))
	add(kindNetwork, m.Network, path.Root("network"))
	add(kindKeyPair, m.KeyPair, path.Root("key_pair"))
	addGroups(m.SecurityGroups, path.Root("security_groups"))
	known = known && !m.Networks.IsUnknown() && !p.frontEnd.Networks.IsUnknown()
	m.addNetworks(p, add)
	addNode(p.frontEnd.nodeModel, path.Root("front_end"))
	add(kindPort, p.frontEnd.Port, path.Root("front_end").AtName("port"))
	add(kindExternalNetwork, p.frontEnd.ExternalNetwork, path.Root("front_end").AtName("external_network"))
	for _, name := range p.groupNames() {
		at := path.Root("workers").AtMapKey(name)
		addNode(p.groups[name].nodeModel, at)
		zones := p.groups[name].AvailabilityZones
		known = known && !zones.IsUnknown() && !p.groups[name].Networks.IsUnknown()
		for i, z := range zones.Elements() {
			if zone, ok := z.(types.String); ok {
				add(kindZone, zone, at.AtName("availability_zones").AtListIndex(i))
			}
		}
	}
	return refs, known
}

// catalog answers what a name stands for; *openstack.Client does.
type catalog interface {
	ResolveImage(ctx context.Context, nameOrID string) (openstack.Image, error)
	ResolveFlavor(ctx context.Context, nameOrID string) (openstack.Flavor, error)
	ResolveNetwork(ctx context.Context, nameOrID string) (openstack.Network, error)
	ResolveExternalNetwork(ctx context.Context, nameOrID string) (openstack.Network, error)
	ResolveKeyPair(ctx context.Context, name string) (publicKey string, err error)
	ResolveSecurityGroups(ctx context.Context, namesOrIDs []string) ([]openstack.SecurityGroup, error)
	ResolveZone(ctx context.Context, name string) (string, error)
	ResolvePort(ctx context.Context, nameOrID string) (openstack.Port, error)
}

// resolve looks names up, except those that known has. Each failure is a
// diagnostic at the name's place.
func resolve(ctx context.Context, c catalog, refs []reference, known resolution) (resolution, diag.Diagnostics) {
	found := make([]string, len(refs))
	failed := make([]error, len(refs))
	var g errgroup.Group
	for i, r := range refs {
		if id, ok := known[r.key()]; ok {
			found[i] = id
			continue
		}
		g.Go(func() error {
			found[i], failed[i] = lookUp(ctx, c, r)
			return nil
		})
	}
	_ = g.Wait() // failures are kept with their names
	var diags diag.Diagnostics
	out := make(resolution, len(refs))
	told := map[cluster.FaultKind]bool{}
	for i, r := range refs {
		switch k := cluster.KindOf(failed[i]); {
		case failed[i] == nil:
			out[r.key()] = found[i]
		case k == cluster.FaultNotFound || k == cluster.FaultAmbiguous:
			diags.Append(lookUpDiagnostic(r, failed[i]))
		case !told[k]: // a cloud that does not answer is no news for each name
			told[k] = true
			diags.Append(lookUpDiagnostic(r, failed[i]))
		}
	}
	return out, diags
}

func lookUp(ctx context.Context, c catalog, r reference) (string, error) {
	switch r.kind {
	case kindImage:
		image, err := c.ResolveImage(ctx, r.name)
		return image.ID, err
	case kindFlavor:
		flavor, err := c.ResolveFlavor(ctx, r.name)
		return flavor.ID, err
	case kindNetwork:
		network, err := c.ResolveNetwork(ctx, r.name)
		return network.ID, err
	case kindExternalNetwork:
		network, err := c.ResolveExternalNetwork(ctx, r.name)
		return network.ID, err
	case kindKeyPair:
		return c.ResolveKeyPair(ctx, r.name)
	case kindZone:
		return c.ResolveZone(ctx, r.name)
	case kindPort:
		port, err := c.ResolvePort(ctx, r.name)
		return port.ID, err
	case kindNetworkName:
		network, err := c.ResolveNetwork(ctx, r.name)
		if err == nil {
			network, err = c.ResolveNetwork(ctx, network.Name) // no other may have this name
		}
		return network.Name, err
	default:
		return securityGroup(ctx, c, r.name)
	}
}

// lookUpDiagnostic translates a failed look-up of a name.
func lookUpDiagnostic(r reference, err error) diag.Diagnostic {
	what := r.kind.describe()
	switch cluster.KindOf(err) {
	case cluster.FaultNotFound:
		return diag.NewAttributeErrorDiagnostic(r.path, fmt.Sprintf("Unknown %s %q", what, r.name),
			diagnose.Sentence(err.Error())+" Check the spelling, the region, and whether the project may see it.")
	case cluster.FaultAmbiguous:
		return diag.NewAttributeErrorDiagnostic(r.path, fmt.Sprintf("Ambiguous %s %q", what, r.name),
			diagnose.Sentence(err.Error())+" Use the ID in place of the name.")
	}
	d := diagnose.Fault(fmt.Sprintf("The %s %q can't be looked up", what, r.name), err)
	return diag.WithPath(r.path, d)
}

// securityGroup spares the look-up of the one group that every project has.
func securityGroup(ctx context.Context, c catalog, name string) (string, error) {
	if name == defaultGroup {
		return defaultGroup, nil
	}
	found, err := c.ResolveSecurityGroups(ctx, []string{name})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].ID, nil
}

// missing tells whether a name is not among what is known.
func missing(refs []reference, known resolution) bool {
	return slices.ContainsFunc(refs, func(r reference) bool { _, ok := known[r.key()]; return !ok })
}

func (r resolution) value() types.Map {
	elements := make(map[string]attr.Value, len(r))
	for k, v := range r {
		elements[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, elements)
}

func resolutionOf(m types.Map) resolution {
	out := resolution{}
	for k, v := range m.Elements() {
		if s, ok := v.(types.String); ok && !s.IsNull() && !s.IsUnknown() {
			out[k] = s.ValueString()
		}
	}
	return out
}

// selfResolved is the resolution of an imported cluster: its state holds IDs in
// place of names, and an ID stands for itself.
func selfResolved(refs []reference, doc cluster.Document) resolution {
	out := resolution{}
	for _, r := range refs {
		switch {
		case r.kind != kindKeyPair:
			out[r.key()] = r.name
		case doc.OperatorKey != "":
			out[r.key()] = doc.OperatorKey
		}
	}
	return out
}

// describe names a kind in running text.
func (k kind) describe() string { return strings.ReplaceAll(string(k), "_", " ") }

func sortedNames[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), cluster.CompareNames)
}
