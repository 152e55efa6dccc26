package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	nodeplan "github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
)

// shown returns the nodes of a cluster without strays.
func shown(v cluster.View) cluster.Nodes {
	out := strays(v, time.Now())
	return slices.DeleteFunc(slices.Clone(v.Nodes), func(n cluster.Node) bool {
		return slices.ContainsFunc(out, func(s cluster.Node) bool { return s.ID == n.ID })
	})
}

// strays returns Terraform's servers that are no nodes of the cluster: they are in no
// roster, and no apply enrols them as they are. Where a new worker carries the roster to
// the front-end, those that can be enrolled are among them until an apply makes one.
func strays(v cluster.View, now time.Time) cluster.Nodes {
	out := nodeplan.Strays(v, cluster.OwnerTerraform, now)
	if v.Document.WithoutMetadataService() {
		out = append(out, nodeplan.Unenrolled(v, cluster.OwnerTerraform, now)...)
	}
	return out
}

// unenrolled returns Terraform's workers that are nodes of the cluster and in no roster
// yet: the next apply enrols them.
func unenrolled(v cluster.View, now time.Time) cluster.Nodes {
	if v.Document.WithoutMetadataService() {
		return nil
	}
	return nodeplan.Unenrolled(v, cluster.OwnerTerraform, now)
}

// enrolmentWarnings names the servers that run and are in no roster.
func enrolmentWarnings(v cluster.View, now time.Time) diag.Diagnostics {
	var diags diag.Diagnostics
	at := func(n cluster.Node) path.Path { return path.Root("workers").AtMapKey(n.Group) }
	for _, n := range unenrolled(v, now) {
		diags.AddAttributeWarning(at(n), n.Name+" is not in the roster yet",
			fmt.Sprintf("Server %s was made by an apply that ended before it could enrol it, so the front-end has not joined it. The next apply enrols it as it is.", n.ID))
	}
	for _, n := range strays(v, now) {
		why, then := v.Document.Unenrollable(n, now), "The next apply that changes the cluster deletes it"
		if why == "" {
			why, then = "on this cloud only a new worker brings the roster to the front-end", "The next apply that makes a worker enrols it or makes it anew"
		}
		diags.AddAttributeWarning(at(n), n.Name+" is not a part of the cluster",
			fmt.Sprintf("Server %s was made by an apply that ended before it could enrol it, and it can't be enrolled now: %s. %s; or delete it now: openstack server delete %s", n.ID, why, then, n.ID))
	}
	return diags
}

// enrols reports whether the apply has workers to enrol or strays to delete, which is a
// change by itself. With coordinator = "last_worker" both wait until a new worker can
// bring the roster.
func (c change) enrols() bool {
	return len(c.kept.strays)+len(c.kept.unenrolled) > 0 && c.spec.Coordinator != cluster.CoordinatorLastWorker
}

// leaveUnenrolledOpen leaves open what the plan can't know of workers that the apply enrols:
// they are still being built, perhaps without an address.
func (c change) leaveUnenrolledOpen(planned map[string]nodeState) {
	for _, name := range c.kept.unenrolled {
		n, stays := planned[name]
		if !stays || n == unknownNode() {
			continue
		}
		n.Status = unknownNode().Status
		if n.Address.ValueString() == "" {
			n.Address = unknownNode().Address
		}
		planned[name] = n
	}
}
