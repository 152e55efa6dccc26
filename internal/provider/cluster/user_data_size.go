package cluster

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// checkSizes renders what an apply would send, with throw-away keys, and reports what
// does not fit: a group's or the front-end's user data, or the cluster document.
// documentItems is the number of metadata items that the document takes.
func checkSizes(spec cluster.Spec, now time.Time) (documentItems int, diags diag.Diagnostics) {
	ca, err := trust.NewCA()
	if err != nil {
		diags.AddError("User data can't be checked", diagnose.Sentence(err.Error()))
		return 0, diags
	}
	doc := roster.Trial(spec, ca.Public())
	items, tooLarge := doc.Encode()
	diags.Append(checkMetadata(path.Root("front_end"), spec.FrontEnd, cluster.RoleFrontEnd, len(items))...)
	for _, group := range spec.GroupNames() {
		diags.Append(checkMetadata(path.Root("workers").AtMapKey(group), spec.Groups[group].NodeSpec, cluster.RoleWorker, 0)...)
		if err := tryWorker(ca, doc, group, spec.Groups[group]); err != nil {
			diags.Append(diagnose.UserData(path.Root("workers").AtMapKey(group), err))
		}
	}
	if tooLarge != nil && !diags.HasError() { // what makes a node's user data too large makes the document so
		diags.Append(diagnose.Document(tooLarge))
	}
	if err := tryFrontEnd(ca, doc, spec.FrontEnd, now); err != nil {
		diags.Append(diagnose.UserData(path.Root("front_end"), err))
	}
	return len(items), diags
}

// checkMetadata counts what a server's metadata holds: the user's keys, ours, and
// on the front-end the cluster document.
func checkMetadata(at path.Path, spec cluster.NodeSpec, role cluster.Role, document int) diag.Diagnostics {
	var diags diag.Diagnostics
	users, own := len(spec.Metadata), spec.OwnMetadata(role)
	if n := users + own + document; n > cluster.MaxMetadata {
		diags.AddAttributeError(at.AtName("metadata"), "Too much metadata", fmt.Sprintf(
			"%d items are needed (%d of your own, %d of the provider's, %d of the cluster document), a server has room for %d. Use at most %d keys here.",
			n, users, own, document, cluster.MaxMetadata, max(cluster.MaxMetadata-own-document, 0)))
	}
	return diags
}

func tryWorker(ca *trust.CA, doc cluster.Document, group string, spec cluster.GroupSpec) error {
	name := cluster.WorkerName(doc.Name, group, max(spec.Most(), 1))
	key, err := ca.HostKey(name, time.Now())
	if err != nil {
		return err
	}
	in := cloudinit.WorkerInput{
		Common: cloudinit.NewCommon(doc, spec.NodeSpec), Name: name, Group: group,
		FrontEndName: doc.FrontEnd.Name, CoordinatorKey: doc.CA,
		HostKey: cloudinit.HostKey{Private: key.Private, Public: key.Public, Certificate: key.Certificate},
	}
	if doc.Coordinator == cluster.CoordinatorLastWorker { // any worker may be the messenger that brings the roster
		in.Document, in.MessengerKey, in.Certificate = &doc, key.Private, key.Certificate
	}
	_, err = cloudinit.Worker(in)
	return err
}

func tryFrontEnd(ca *trust.CA, doc cluster.Document, spec cluster.NodeSpec, now time.Time) error {
	key, err := ca.Coordinator(doc.Name, now)
	if err != nil {
		return err
	}
	_, err = cloudinit.FrontEnd(cloudinit.FrontEndInput{
		Common: cloudinit.NewCommon(doc, spec), Name: doc.FrontEnd.Name, Document: doc,
		CoordinatorKey: key.Private, Certificate: key.Certificate,
	})
	return err
}
