package cluster

import (
	"context"
	"errors"
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

// kind is the kind of thing that a name in the configuration stands for.
type kind string

const (
	kindImage           kind = "image"
	kindFlavor          kind = "flavor"
	kindFlavorSize      kind = "flavor_size" // of a group's flavor; see sizeOf
	kindNetwork         kind = "network"
	kindExternalNetwork kind = "external_network"
	kindKeyPair         kind = "key_pair"
	kindSecurityGroup   kind = "security_group"
	kindZone            kind = "availability_zone"
	kindNetworkName     kind = "network_name" // the unique name of a network given by name or ID; see addNetworks
	kindPort            kind = "port"
	kindVolume          kind = "volume"
)

// resolution maps "kind/name" to what the name stands for: an ID, for a key pair its
// public half. The state has it as `resolved`, so an apply uses what the plan showed.
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
// it stands. whole is false while one of them is unknown.
func (c config) references() (refs []reference, whole bool) {
	l := referenceList{seen: map[string]bool{}}
	l.add(kindImage, c.Image, path.Root("image"))
	l.add(kindNetwork, c.Network, path.Root("network"))
	l.add(kindKeyPair, c.KeyPair, path.Root("key_pair"))
	l.addGroups(c.SecurityGroups, path.Root("security_groups"))
	l.open = l.open || c.Networks.IsUnknown() || c.frontEnd.Networks.IsUnknown()
	c.addNetworks(l.add)
	l.addNode(c.frontEnd.nodeModel, path.Root("front_end"))
	l.add(kindPort, c.frontEnd.Port, path.Root("front_end").AtName("port"))
	l.add(kindExternalNetwork, c.frontEnd.ExternalNetwork, path.Root("front_end").AtName("external_network"))
	l.add(kindVolume, c.batch.StateVolume, stateVolumeAt)
	for _, name := range c.groupNames() {
		g, at := c.groups[name], path.Root("workers").AtMapKey(name)
		l.addNode(g.nodeModel, at)
		l.add(kindFlavorSize, g.Flavor, at.AtName("flavor"))
		l.open = l.open || g.AvailabilityZones.IsUnknown() || g.Networks.IsUnknown()
		for i, z := range g.AvailabilityZones.Elements() {
			if zone, ok := z.(types.String); ok {
				l.add(kindZone, zone, at.AtName("availability_zones").AtListIndex(i))
			}
		}
	}
	return l.refs, !l.open
}

// referenceList collects references.
type referenceList struct {
	refs []reference
	seen map[string]bool
	open bool // a name is unknown
}

func (l *referenceList) add(k kind, name types.String, at path.Path) {
	l.open = l.open || name.IsUnknown()
	r := reference{k, name.ValueString(), at}
	if r.name == "" || l.seen[r.key()] {
		return
	}
	l.seen[r.key()] = true
	l.refs = append(l.refs, r)
}

func (l *referenceList) addGroups(groups types.Set, at path.Path) {
	l.open = l.open || groups.IsUnknown()
	for _, g := range groups.Elements() {
		if name, ok := g.(types.String); ok {
			l.add(kindSecurityGroup, name, at.AtSetValue(name))
		}
	}
}

func (l *referenceList) addNode(n nodeModel, at path.Path) {
	l.add(kindFlavor, n.Flavor, at.AtName("flavor"))
	l.add(kindImage, n.Image, at.AtName("image"))
	l.add(kindNetwork, n.Network, at.AtName("network"))
	l.addGroups(n.SecurityGroups, at.AtName("security_groups"))
	l.add(kindZone, n.AvailabilityZone, at.AtName("availability_zone"))
}

// catalog looks names up; *openstack.Client implements it.
type catalog interface {
	ResolveImage(ctx context.Context, nameOrID string) (openstack.Image, error)
	ResolveFlavor(ctx context.Context, nameOrID string) (openstack.Flavor, error)
	ResolveNetwork(ctx context.Context, nameOrID string) (openstack.Network, error)
	ResolveExternalNetwork(ctx context.Context, nameOrID string) (openstack.Network, error)
	ResolveKeyPair(ctx context.Context, name string) (publicKey string, err error)
	ResolveSecurityGroups(ctx context.Context, namesOrIDs []string) ([]openstack.SecurityGroup, error)
	ResolveZone(ctx context.Context, name string) (string, error)
	ResolvePort(ctx context.Context, nameOrID string) (openstack.Port, error)
	ResolveVolume(ctx context.Context, nameOrID string) (cluster.Volume, error)
}

// resolve looks up the names that known lacks. Each failure is a diagnostic at the
// place of the name.
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
	reported := map[cluster.FaultKind]bool{}
	for i, r := range refs {
		switch k := cluster.KindOf(failed[i]); {
		case failed[i] == nil:
			out[r.key()] = found[i]
		case r.kind == kindFlavorSize: // the flavor's own diagnostic says so
		case k == cluster.FaultNotFound || k == cluster.FaultAmbiguous:
			diags.Append(lookUpDiagnostic(r, failed[i]))
		case !reported[k]: // of a cloud that does not answer, one report is enough
			reported[k] = true
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
	case kindFlavorSize:
		flavor, err := c.ResolveFlavor(ctx, r.name)
		return sizeOf(flavor), err
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
	case kindVolume:
		volume, err := c.ResolveVolume(ctx, r.name)
		return volume.ID, err
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

// lookUpDiagnostic translates a failed look-up of a name. The place of the diagnostic
// has the name, so the text does not repeat it.
func lookUpDiagnostic(r reference, err error) diag.Diagnostic {
	what, reason := r.kind.describe(), err.Error()
	var ce *cluster.CloudError
	if errors.As(err, &ce) {
		reason = ce.Message
	}
	switch cluster.KindOf(err) {
	case cluster.FaultNotFound:
		return diag.NewAttributeErrorDiagnostic(r.path, fmt.Sprintf("Unknown %s %q", what, r.name),
			diagnose.Sentence(reason+cluster.ForeignCharacter(r.name))+" Check the spelling, the region, and whether the project may see it.")
	case cluster.FaultAmbiguous:
		return diag.NewAttributeErrorDiagnostic(r.path, fmt.Sprintf("Ambiguous %s %q", what, r.name),
			diagnose.Sentence(reason)+" Use the ID in place of the name.")
	}
	if cluster.IsKind(err, cluster.FaultImage) {
		return diag.NewAttributeErrorDiagnostic(r.path, fmt.Sprintf("Unusable %s %q", what, r.name), diagnose.Sentence(reason)+" Choose another one.")
	}
	d := diagnose.Unbegun(fmt.Sprintf("The %s %q can't be looked up", what, r.name), err)
	return diag.WithPath(r.path, d)
}

// notOneCluster returns the words for an error that says that no cluster, or more than
// one, has a name or ID; the summary of another error is "".
func notOneCluster(err error) (summary, reason string) {
	var ce *cluster.CloudError
	if !errors.As(err, &ce) {
		return "", ""
	}
	switch ce.Kind {
	case cluster.FaultNotFound:
		return "No such cluster", diagnose.Sentence(ce.Message) + " Check the spelling, the project and the region."
	case cluster.FaultAmbiguous:
		return "Ambiguous name of a cluster", diagnose.Sentence(ce.Message)
	default:
		return "", ""
	}
}

// securityGroup looks a security group up, except the one that every project has.
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

// missing reports whether a name is not among the known ones.
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

// only returns the resolution without the names that the configuration lacks.
func (r resolution) only(refs []reference) resolution {
	out := make(resolution, len(refs))
	for _, ref := range refs {
		if id, ok := r[ref.key()]; ok {
			out[ref.key()] = id
		}
	}
	return out
}

// selfResolved returns the resolution of an imported cluster: its state holds IDs in
// place of names, and an ID stands for itself.
func selfResolved(refs []reference, doc cluster.Document) resolution {
	out := resolution{}
	for _, r := range refs {
		switch {
		case r.kind == kindFlavorSize:
			if size := documentedSize(doc, r.name); size != "" {
				out[r.key()] = size
			}
		case r.kind != kindKeyPair:
			out[r.key()] = r.name
		case doc.OperatorKey != "":
			out[r.key()] = doc.OperatorKey
		}
	}
	return out
}

// describe returns the kind as words of a sentence.
func (k kind) describe() string { return strings.ReplaceAll(string(k), "_", " ") }

func sortedNames[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), cluster.CompareNames)
}
