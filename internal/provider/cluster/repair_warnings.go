package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// mostNames is how many nodes a warning names.
const mostNames = 10

// anewWarnings names the nodes that exist, do not work, and are made anew, each with
// what is wrong with it: the plan itself shows a new `id`.
func anewWarnings(c change) diag.Diagnostics {
	var diags diag.Diagnostics
	if fe := c.nodes.FrontEndName; c.nodes.FrontEnd && c.doesNotWork(fe) {
		c.warnAnew(path.Root("front_end"), []string{fe}, &diags)
	}
	for _, group := range c.spec.GroupNames() {
		anew := slices.DeleteFunc(slices.Clone(c.nodes.Groups[group].Add), func(name string) bool { return !c.doesNotWork(name) })
		if len(anew) > 0 {
			c.warnAnew(path.Root("workers").AtMapKey(group), anew, &diags)
		}
	}
	return diags
}

// doesNotWork reports whether a node has a server that is of no use.
func (c change) doesNotWork(name string) bool {
	s, ok := c.was.states[name]
	standing := cluster.Status(s.Status.ValueString()).Standing()
	return ok && s.ID.ValueString() != "" && (standing == cluster.Unfit || standing == cluster.Gone)
}

func (c change) warnAnew(at path.Path, names []string, diags *diag.Diagnostics) {
	summary := names[0] + " will be deleted and made anew"
	if len(names) > 1 {
		summary = fmt.Sprintf("%d workers will be deleted and made anew", len(names))
	}
	var lines []string
	for _, name := range names[:min(len(names), mostNames)] {
		lines = append(lines, name+": "+c.fault(name))
	}
	if more := len(names) - mostNames; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	diags.AddAttributeWarning(at, summary, "Made anew are nodes that do not work.\n"+strings.Join(lines, "\n"))
}

// fault returns what is wrong with a node as a sentence.
func (c change) fault(name string) string {
	switch status := cluster.Status(c.was.states[name].Status.ValueString()); status {
	case cluster.StatusError:
		if why := c.kept.faults[name]; why != "" {
			return "its server is in ERROR. Nova says: " + diagnose.Sentence(why)
		}
		return "its server is in ERROR, and Nova does not say why."
	case cluster.StatusShutoff:
		return "its server is SHUTOFF. To keep it, start it (openstack server start " + name + ") and plan again."
	case cluster.StatusNotJoined:
		return "its server is ACTIVE, and the front-end has never been able to join it."
	case cluster.StatusDeleting:
		return "its server is being deleted."
	default:
		return "its server is in status " + string(status) + "."
	}
}

// keyWarnings names the nodes that keep the operators' old key.
func keyWarnings(c change) diag.Diagnostics {
	var diags diag.Diagnostics
	name, key := c.want.KeyPair, c.spec.OperatorKey
	changed := c.spec.KeyPair != c.was.spec.KeyPair || key != "" && key != c.was.spec.OperatorKey
	if c.create || name.IsUnknown() || !changed {
		return nil
	}
	var kept []string
	if !c.nodes.FrontEnd {
		kept = append(kept, c.nodes.FrontEndName)
	}
	for _, group := range c.spec.GroupNames() {
		plan := c.nodes.Groups[group]
		kept = append(kept, without(plan.Keep, plan.Roll)...)
	}
	if len(kept) == 0 {
		return nil
	}
	if c.was.spec.KeyPair == "" && c.was.spec.OperatorKey == "" {
		diags.AddAttributeWarning(path.Root("key_pair"), "Present nodes do not get the key",
			fmt.Sprintf("A key reaches a node only when that is made, so this one is not on %s. "+
				"Add it there to ~/.ssh/authorized_keys, or make a node anew: delete its server (openstack server delete NAME) and apply. "+
				"What is on a front-end's own disk goes with its server.", firstOf(kept)))
		return diags
	}
	diags.AddAttributeWarning(path.Root("key_pair"), "Present nodes keep the old key",
		fmt.Sprintf("A key reaches a node only when that is made, so the old key, and no other, stays valid on %s. "+
			"Add the new key there and remove the old one in ~/.ssh/authorized_keys of the accounts that have it, or make a node anew: "+
			"delete its server (openstack server delete NAME) and apply. What is on a front-end's own disk goes with its server.", firstOf(kept)))
	return diags
}

// firstOf names the first of some nodes, and the number of the others.
func firstOf(names []string) string {
	if more := len(names) - mostNames; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), more)
	}
	return strings.Join(names, ", ")
}
