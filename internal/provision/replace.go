package provision

import (
	"errors"
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// ErrCAKey means that workers were to be kept under a new front-end, and that none
// of the CA keys given can let it in.
var ErrCAKey = errors.New("none of the CA keys given is the one that the cluster's nodes trust")

// CanKeepWorkers reports whether the workers of a cluster can go on under a new
// front-end. The front-end has to get in, by a certificate of the CA that the
// workers trust, and to verify them, by the host CA of the front-end that joined
// them.
func CanKeepWorkers(last cluster.Document, keys ...*trust.CA) bool {
	return signer(last, keys) != nil && len(roster.HostCAs(last)) > 0
}

// CanSign reports whether one of the keys is that of the CA which a cluster's nodes
// trust.
func CanSign(last cluster.Document, keys ...*trust.CA) bool { return signer(last, keys) != nil }

func signer(last cluster.Document, keys []*trust.CA) *trust.CA {
	for _, ca := range keys {
		if ca != nil && ca.Public() == last.CA {
			return ca
		}
	}
	return nil
}

// startOver prepares the document of a front-end that is to be made. The front-end
// before it is deleted first, see run.create: their names are the same, and so
// may be the floating IP and a fixed port.
func (r *run) startOver(v cluster.View) error {
	s, last := r.req.Spec, v.Document
	generation := max(r.req.Generation, last.Generation) + 1
	keys := r.req.keys()
	if r.plan.Keeps() && CanKeepWorkers(last, keys...) {
		// A new CA is brought to the nodes when the front-end has reached them all.
		r.ca = signer(last, keys)
		r.doc = roster.New(s, r.ca.Public(), generation)
		r.doc.HostCAs, r.doc.Batches = roster.HostCAs(last), last.Batches
		r.doc.Workers = r.kept(last)
		_, err := r.prove(&r.doc)
		return err
	}
	if r.plan.Keeps() && r.req.KeepWorkers {
		return fmt.Errorf("make a new front-end for workers that stay: %w", ErrCAKey)
	}
	r.plan = r.compute(v, s).Anew() // every worker is made anew, latecomers too
	var err error
	if r.ca, err = firstCA(keys); err != nil {
		return err
	}
	r.doc = roster.New(s, r.ca.Public(), generation)
	_, err = r.prove(&r.doc)
	return err
}

// firstCA returns the first key there is. Without any, the CA lives as long as
// this run: it signs the first certificate of this front-end, and nothing later.
func firstCA(keys []*trust.CA) (*trust.CA, error) {
	for _, ca := range keys {
		if ca != nil {
			return ca, nil
		}
	}
	return trust.NewCA()
}

// kept returns the roster of the workers that stay. Marks to leave end with the
// front-end that they were meant for.
func (r *run) kept(last cluster.Document) []cluster.Member {
	var out []cluster.Member
	for _, name := range r.plan.Kept() {
		m, listed := last.Member(name)
		n, there := r.inv.servers.ByName(name)
		if there && n.Address != "" {
			m.Address = n.Address
		}
		if !listed || there && !m.Enrols(n) {
			continue // it is enrolled with the workers that are made
		}
		m.Leaving = cluster.Stays
		if m.Address != "" {
			out = append(out, m)
		}
	}
	return out
}
