package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight/compare"
)

// remedy is the attribute at which a shortage is shown, and what helps. number stands
// for the attribute that holds the number of nodes of the group.
type remedy struct {
	attribute string
	text      string
}

const number = ""

var remedies = map[compare.Resource]remedy{
	compare.Instances:    {number, "Ask for fewer nodes, or have the project's quota raised."},
	compare.Cores:        {number, "Ask for fewer nodes or a smaller flavor, or have the project's quota raised."},
	compare.RAM:          {number, "Ask for fewer nodes or a smaller flavor, or have the project's quota raised."},
	compare.Ports:        {number, "Ask for fewer nodes or networks, or have the project's quota raised."},
	compare.Addresses:    {"network", "Choose another network, ask for fewer nodes, or enlarge the subnet's allocation pools."},
	compare.Volumes:      {"boot_volume", "Ask for fewer nodes, leave `boot_volume` out, or have the project's quota raised."},
	compare.Gigabytes:    {"boot_volume", "Ask for fewer nodes or smaller volumes, or have the project's quota raised."},
	compare.ServerGroups: {"server_group", "Leave `server_group` out, or have the project's quota raised."},
	compare.Members:      {"server_group", "Ask for fewer workers, leave `server_group` out, or have the project's quota raised."},
	compare.Metadata:     {"metadata", "Use fewer keys, or have the project's quota of metadata items raised. The front-end's metadata holds the cluster document too: shorter `cloud_config`, `files` and `batch_system.config` make that smaller."},
	compare.FlavorRAM:    {"flavor", "The image asks for that much. Choose a larger flavor or another image."},
	compare.FlavorDisk:   {"flavor", "The image asks for that much. Choose a larger flavor or another image, or set `boot_volume`."},
	compare.VolumeSize:   {"boot_volume", "The image asks for that much. Choose a larger volume or another image."},
}

// comesFree describes what the apply deletes before it makes anything; "" is nothing.
func (f forecast) comesFree() string {
	switch {
	case f.leftovers, len(f.kept.leftovers) > 0:
		return "What an interrupted create of this cluster left is deleted first."
	case len(f.kept.strays) > 0:
		return fmt.Sprintf("What an interrupted apply left is deleted first: %s.", strings.Join(f.kept.strays, ", "))
	case f.create && f.mayReplace:
		return "If this cluster replaces one, what that one has comes free first."
	default:
		return ""
	}
}

// shortage words a shortage, at the attribute that helps: an error for what the plan
// adds, a warning for what its groups may come to add. If the apply deletes something
// first, a shortage of what this frees is a warning too.
func (f forecast) shortage(s compare.Shortage) diag.Diagnostic {
	r := remedies[s.Resource]
	at := placeOf(s.Group).AtName(r.attribute)
	switch {
	case r.attribute == number:
		at = f.numberOf(s.Group, s.OnlyAtMax)
	case s.Resource == compare.Addresses && len(f.specOf(s.Group).Networks) > 1:
		at = placeOf(s.Group).AtName("networks")
	}
	detail := fmt.Sprintf("%s needed, %d possible", needed(s), s.Have)
	if s.Network != "" {
		detail = fmt.Sprintf("%s of network %s needed, %d free", needed(s), f.networkName(s.Network), s.Have)
	}
	if s.Of != nil {
		detail = fmt.Sprintf("%s needed, %d left (%d of %d used)", needed(s), s.Have, s.Of.Used, s.Of.Max)
	}
	detail += ". " + r.text
	shared, comesFree := s.Of != nil || s.Network != "", f.comesFree()
	switch {
	case s.OnlyAtMax:
		return diag.NewAttributeWarningDiagnostic(at, "Not enough "+string(s.Resource)+" for the maximum", detail+"\n\nWhat this plan adds fits.")
	case shared && comesFree != "":
		return diag.NewAttributeWarningDiagnostic(at, "Not enough "+string(s.Resource)+" now", detail+"\n\n"+comesFree)
	default:
		return diag.NewAttributeErrorDiagnostic(at, "Not enough "+string(s.Resource), detail)
	}
}

// networkName returns what the configuration calls a network of that ID, in quotation
// marks; the ID where it has no name for it.
func (f forecast) networkName(id string) string {
	for _, key := range sortedNames(f.names) {
		if name, ok := strings.CutPrefix(key, string(kindNetwork)+"/"); ok && f.names[key] == id {
			return strconv.Quote(name)
		}
	}
	return id
}

// singular holds the names of one thing of which there can be too little.
var singular = map[compare.Resource]string{
	compare.Instances: "instance", compare.Cores: "core", compare.Ports: "port", compare.Volumes: "volume", compare.Addresses: "address",
	compare.ServerGroups: "server group", compare.Members: "member of a server group", compare.Metadata: "metadata item of a server",
}

// needed returns how much of a resource is needed, with its name.
func needed(s compare.Shortage) string {
	if one, ok := singular[s.Resource]; ok && s.Need == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", s.Need, s.Resource)
}

// numberOf returns the attribute that holds the number of nodes of a group.
func (f forecast) numberOf(group string, atMax bool) path.Path {
	at := placeOf(group)
	switch {
	case group == cluster.FrontEndGroup:
		return at.AtName("flavor")
	case f.spec.Groups[group].Scaling == nil:
		return at.AtName("count")
	case atMax:
		return at.AtName("scaling").AtName("max")
	case f.beginsWithInitial(group):
		return at.AtName("scaling").AtName("initial")
	default:
		return at.AtName("scaling").AtName("min")
	}
}

// beginsWithInitial reports whether a group is made with as many workers as `initial`
// says.
func (f forecast) beginsWithInitial(group string) bool {
	_, existed := f.was.config.groups[group]
	s, scaled := f.want.groups[group].scaling()
	return !existed && scaled && !s.Initial.IsNull()
}

func placeOf(group string) path.Path {
	if group == cluster.FrontEndGroup {
		return path.Root("front_end")
	}
	return path.Root("workers").AtMapKey(group)
}

func (f forecast) specOf(group string) cluster.NodeSpec {
	if group == cluster.FrontEndGroup {
		return f.spec.FrontEnd
	}
	return f.spec.Groups[group].NodeSpec
}
