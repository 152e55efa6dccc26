package cluster

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// checkMessenger refuses, with coordinator = "last_worker", a change that no new
// worker can bring to the front-end.
func (c change) checkMessenger() diag.Diagnostics {
	if c.create || c.nodes.FrontEnd || c.spec.Coordinator != cluster.CoordinatorLastWorker {
		return nil
	}
	var diags diag.Diagnostics
	switch {
	case c.rotates && !c.makes():
		diags.AddAttributeError(path.Root("ssh_ca_private_key_wo_version"), "Nothing brings the new CA to the nodes",
			"With `coordinator = \"last_worker\"` a new CA comes with a new worker: raise a `count` in the same apply.")
	case c.makes() && !c.kept.given.open && !provision.CanSign(c.kept.last, c.kept.keys(c.kept.given)...):
		diags.AddAttributeError(path.Root("workers"), "Nothing brings the new roster to the front-end",
			"A new worker needs a certificate of the CA that the front-end trusts, and that CA's key is not at hand. Give it as `ssh_ca_private_key_wo`.")
	}
	return diags
}

// checkSigning refuses, with document_signing, an apply that could not prove what it
// writes: it needs the key of the CA that the nodes trust.
func (c change) checkSigning() diag.Diagnostics {
	last := c.kept.last
	signs := c.spec.DocumentSigning || last.Signing()
	changes := c.rotates || c.makes() || c.redescribed() || c.spec.DocumentSigning != last.Signing()
	if c.create || !signs || !changes || last.CA == "" || c.kept.given.open || provision.CanSign(last, c.kept.keys(c.kept.given)...) {
		return nil
	}
	at, remedy := "document_signing", "Give it as `ssh_ca_private_key_wo`. If that key is lost, the nodes of this cluster can't be brought to trust another CA: destroy the cluster and make it anew"
	if c.rotates {
		at, remedy = "ssh_ca_private_key_wo_version", "Give it as `ssh_ca_former_private_key_wo` in this apply"
	}
	var diags diag.Diagnostics
	diags.AddAttributeError(path.Root(at), "The cluster document can't be signed",
		"With `document_signing` the front-end accepts a change only if the CA that the nodes trust has signed it, and that CA's key is not at hand. "+remedy+".")
	return diags
}

// laterWarnings names the changes that present nodes do not follow.
func laterWarnings(c change) diag.Diagnostics {
	var diags diag.Diagnostics
	if c.create {
		return nil
	}
	withoutFloating := func(s cluster.NodeSpec) string { s.ExternalNetworkID = ""; return s.Hash() }
	if !c.nodes.FrontEnd && !c.keepsFrontEnd && withoutFloating(c.spec.FrontEnd) != withoutFloating(c.was.spec.FrontEnd) {
		diags.AddAttributeWarning(path.Root("front_end"), "The front-end stays as it is",
			fmt.Sprintf("A change of the front-end's image, flavor, network, security groups, `cloud_config`, `files` or `batch_system.state_volume` takes effect when %s is next made, or at once with `replace_on_change = true`.", c.nodes.FrontEndName))
	}
	if before := c.was.spec.FrontEnd.ExternalNetworkID; !c.nodes.FrontEnd && before != "" && before != c.spec.FrontEnd.ExternalNetworkID {
		diags.AddAttributeWarning(path.Root("front_end").AtName("external_network"), "The front-end keeps its floating IP",
			fmt.Sprintf("The floating IP that %s has stays with it until the cluster is destroyed.", c.nodes.FrontEndName))
	}
	for _, name := range c.spec.GroupNames() {
		before, existed := c.was.spec.Groups[name]
		plan := c.nodes.Groups[name]
		keep := without(plan.Keep, plan.Roll)
		if existed && len(keep) > 0 && before.NodeSpec.Hash() != c.spec.Groups[name].NodeSpec.Hash() {
			diags.AddAttributeWarning(path.Root("workers").AtMapKey(name), "Present workers stay as they are",
				fmt.Sprintf("The change applies to workers that are made from now on. Made before: %s. To replace these too, set `replacement`.", strings.Join(keep, ", ")))
		}
	}
	return diags
}

// boundsWarnings names the scaled groups that have more workers than it should.
func boundsWarnings(c change) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range c.spec.GroupNames() {
		n, bounds := c.nodes.Groups[name].Working(), c.spec.Groups[name].Scaling
		if bounds != nil && n > bounds.Max {
			diags.AddAttributeWarning(path.Root("workers").AtMapKey(name).AtName("scaling").AtName("max"), "More workers than max",
				fmt.Sprintf("The group has %d workers. None is deleted: the scaler adds no more, and lets idle ones go. "+
					"To shrink the group now, give it `count` in place of `scaling`.", n))
		}
	}
	return diags
}
