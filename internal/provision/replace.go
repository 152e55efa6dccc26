package provision

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// ErrCAKey says that workers were to be kept under a new front-end, and that none
// of the CA keys given can let it in.
var ErrCAKey = errors.New("none of the CA keys given is the one that the cluster's nodes trust")

// CanKeepWorkers tells whether the workers of a cluster can go on under a new
// front-end. It has to get in, by a certificate of the CA that they trust, and to
// tell them from impostors, by the host CA of the front-end that joined them.
func CanKeepWorkers(last cluster.Document, keys ...*trust.CA) bool {
	return signer(last, keys) != nil && len(roster.HostCAs(last)) > 0
}

// CanSign tells whether any of the keys is that of the CA which a cluster's nodes
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

// Anew returns the plan with every worker made anew: a new front-end could
// neither get into those that exist nor tell them from impostors.
func (p Plan) Anew() Plan {
	groups := make(map[string]GroupPlan, len(p.Groups))
	for name, g := range p.Groups {
		anew := GroupPlan{Add: slices.Concat(g.Add, g.Keep), Remove: slices.Concat(g.Remove, g.Keep)}
		sortNames(anew.Add)
		sortNames(anew.Remove)
		groups[name] = anew
	}
	p.Groups = groups
	return p
}

// Keeps tells whether any worker stays.
func (p Plan) Keeps() bool {
	for _, g := range p.Groups {
		if len(g.Keep) > 0 {
			return true
		}
	}
	return false
}

// outdatedFrontEnd tells whether the front-end is to be replaced although it works.
func (r *run) outdatedFrontEnd(v View) bool {
	fe, ok := v.Nodes.FrontEnd()
	return ok && r.req.ReplaceFrontEnd && fe.SpecHash != r.req.Spec.FrontEnd.BuildHash()
}

// startOver prepares the document of a front-end that is to be made. The one
// before it is deleted first, see clear: their names are the same, and so may be
// the floating IP and a fixed port.
func (r *run) startOver(v View) error {
	s, last := r.req.Spec, v.Document
	generation := max(r.req.Generation, last.Generation) + 1
	keys := append([]*trust.CA{r.req.CA}, r.req.Keys...)
	if r.plan.Keeps() && CanKeepWorkers(last, keys...) {
		// A new CA is brought to the nodes when the front-end has reached them all.
		r.ca = signer(last, keys)
		r.doc = roster.New(s, r.ca.Public(), generation)
		r.doc.HostCAs, r.doc.Batches = roster.HostCAs(last), last.Batches
		r.doc.Workers = r.kept(last)
		return nil
	}
	if r.plan.Keeps() && r.req.KeepWorkers {
		return fmt.Errorf("make a new front-end for workers that stay: %w", ErrCAKey)
	}
	r.plan = r.compute(v, s).Anew() // latecomers are none any more
	var err error
	if r.ca, err = firstCA(keys); err != nil {
		return err
	}
	r.doc = roster.New(s, r.ca.Public(), generation)
	return nil
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

// kept is the roster of the workers that stay. Marks to leave end with the
// front-end that was to see to it.
func (r *run) kept(last cluster.Document) []cluster.Member {
	var out []cluster.Member
	for _, w := range r.plan.each(func(g GroupPlan) []string { return g.Keep }) {
		m, _ := last.Member(w.name)
		m.Name = w.name
		if n, ok := r.have.ByName(w.name); ok && n.Address != "" {
			m.Address = n.Address
		}
		m.Leaving = cluster.Stays
		if m.Address != "" {
			out = append(out, m)
		}
	}
	return out
}

// setCA has the nodes trust another CA from this document on. It reports whether
// that changed it.
func (r *run) setCA(d *cluster.Document) bool {
	if r.req.CA == nil || d.CA == r.req.CA.Public() || !r.tells(*d) {
		return false
	}
	d.CA = r.req.CA.Public()
	return true
}
