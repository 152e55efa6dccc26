package provision

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// The errors of a cluster with document_signing.
var (
	// ErrUnknownCA means that the cluster document names a CA whose key is not at hand.
	ErrUnknownCA = errors.New("document_signing is on, and the cluster document names a CA whose key is not among those given. " +
		"If the key was changed, give the one before as ssh_ca_former_private_key_wo. If it was not, a person or program that may write metadata has changed the document: " +
		"see what the page on security says about that, and delete the front-end's server, so that the next apply makes it anew with the CA whose key you have")

	// ErrRefused means that the front-end does not accept the document's CA, operators'
	// key or configuration of the batch system, because the CA that it accepts has not
	// signed them.
	ErrRefused = errors.New("document_signing is on, and the front-end does not accept the document's CA, operators' key or batch_system.config, which the CA before has not signed")
)

// checkTrust returns ErrUnknownCA if the nodes' trust hangs on the document's CA and
// the caller has no key of it. New nodes are born with the document's CA, so a
// document that a stranger has changed must not get that far.
func (r *run) checkTrust(d cluster.Document) error {
	if d.CA == "" || !r.req.Spec.DocumentSigning && !d.Signing() || CanSign(d, r.req.keys()...) {
		return nil
	}
	return ErrUnknownCA
}

// prove adds to a document the link that proves its CA, its operators' key and its
// configuration of the batch system. It reports whether there was something to prove.
func (r *run) prove(d *cluster.Document) (bool, error) {
	link, needed := d.NextLink(r.req.Spec.DocumentSigning)
	if !needed {
		return false, nil
	}
	if !d.Signing() { // the front-end takes the first link as it is
		d.Signed = []cluster.Link{link}
		return true, nil
	}
	before := cluster.Document{CA: d.Signed[len(d.Signed)-1].CA}
	ca := signer(before, r.req.keys())
	if ca == nil {
		return false, ErrUnknownCA
	}
	var err error
	if link.Signature, err = ca.Sign(trust.ForDocument, link.Message(d.ID)); err != nil {
		return false, fmt.Errorf("sign the cluster document: %w", err)
	}
	d.Signed = append(slices.Clone(d.Signed), link)
	d.Signed = d.Signed[max(0, len(d.Signed)-cluster.MaxLinks):]
	return true, nil
}

// checkAccepted returns ErrRefused if the front-end says in a report on this run's
// document that it does not accept its CA or operators' key.
func (r *run) checkAccepted(said cluster.Report) error {
	if !said.Refused || said.Generation < r.doc.Generation {
		return nil
	}
	return fmt.Errorf("%w; it says: %q. A front-end that has missed more than %d changes, or that another writer has misled, has to be made anew: delete the server %s, and apply again",
		ErrRefused, said.Error, cluster.MaxLinks, r.inv.frontEnd.Name)
}

// Proven reports whether a document's CA, operators' key and configuration of the batch
// system follow from those of an earlier document of that cluster. Without document_signing in the earlier one they
// always do.
func Proven(before, d cluster.Document) bool {
	if before.ID != d.ID || !before.Signing() {
		return true
	}
	last := before.Signed[len(before.Signed)-1]
	for _, l := range d.Signed {
		if l.Number > last.Number && trust.Verify(last.CA, trust.ForDocument, l.Message(d.ID), l.Signature) == nil {
			last = l
		}
	}
	same := last.Operator == cluster.OperatorPrint(d.OperatorKey) && last.Config == cluster.ConfigPrint(d.BatchConfig)
	return last.CA == d.CA && (last.Off || same)
}
