package provision

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// accept does what the node program does with document_signing (internal/node,
// trust.py), and reports whether the document's CA and operators' key are accepted.
func (s *memServer) accept(d cluster.Document) bool {
	if s.accepts.Number == 0 || s.accepts.Off {
		if d.Signing() {
			s.accepts = d.Signed[len(d.Signed)-1]
		}
		return true
	}
	last := s.accepts
	for _, l := range d.Signed {
		if l.Number > last.Number && trust.Verify(last.CA, trust.ForDocument, l.Message(d.ID), l.Signature) == nil {
			last = l
		}
	}
	if last.CA != d.CA || last.Operator != cluster.OperatorPrint(d.OperatorKey) || last.Config != cluster.ConfigPrint(d.BatchConfig) {
		return false
	}
	s.accepts = last
	return true
}

// A document with document_signing proves each change of the CA and of the operators'
// key, with the keys that are at hand, and nothing else is taken for the cluster's.
func TestDocumentSigning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		req.Spec.DocumentSigning = true
		made(t, c, &req)
		first := req.Keys[0]
		if d := document(t, c); !d.Signing() || len(d.Signed) != 1 || d.Signed[0].Signature != "" {
			t.Errorf("a new document has the links %+v", d.Signed)
		}
		ca := first
		for step, change := range []func(){
			func() { grow(&req, 2) },
			func() { req.CA, req.Keys = newCA(t), []*trust.CA{ca} },
			func() { req.Spec.OperatorKey = "ssh-ed25519 AAAAother" },
			func() { req.Spec.BatchConfig = "A = b\n" },
			func() { req.CA, req.Keys = newCA(t), []*trust.CA{req.CA} },
			func() { req.CA, req.Keys = newCA(t), []*trust.CA{req.CA} },
			func() { grow(&req, 3) },
		} {
			change()
			res := apply(t, c, req)
			if len(res.Problems) > 0 || req.CA != nil && res.Document.CA != req.CA.Public() || len(res.Document.Signed) > cluster.MaxLinks {
				t.Errorf("step %d: problems %v, links %+v", step, res.Problems, res.Document.Signed)
			}
			req.Last = res.Document
		}
		req.Spec.DocumentSigning = false
		if res := apply(t, c, req); res.Document.Signing() {
			t.Error("it is not switched off")
		}
		time.Sleep(time.Minute)
		fe := c.server(t, "astro-frontend")
		c.compose(fe)
		if !fe.accepts.Off {
			t.Error("the front-end does not know that it is switched off")
		}
		req.Spec.DocumentSigning = true
		if res := apply(t, c, req); !res.Document.Signing() {
			t.Error("it is not switched on again")
		}
	})
}

// tampered is a change that a stranger makes who may write the front-end's metadata.
func (c *memCloud) tamper(t *testing.T, change func(*cluster.Document)) {
	t.Helper()
	c.changeRoster(t, c.server(t, "astro-frontend"), func(d *cluster.Document) {
		change(d)
		d.Generation++
	})
}

func TestASignedDocumentThatAStrangerHasChanged(t *testing.T) {
	for _, row := range []struct {
		name   string
		signed bool
		tamper func(*cluster.Document)
		req    func(*Request)
		err    error
	}{
		{"another CA, without document_signing", false, func(d *cluster.Document) { d.CA = memKey().Public() }, nil, nil},
		{"another CA", true, func(d *cluster.Document) { d.CA = memKey().Public() }, nil, ErrUnknownCA},
		{"another CA with a link of its own", true, func(d *cluster.Document) {
			evil := memKey()
			d.CA = evil.Public()
			l := cluster.Link{Number: 2, CA: d.CA, Operator: cluster.OperatorPrint(d.OperatorKey)}
			l.Signature, _ = evil.Sign(trust.ForDocument, l.Message(d.ID))
			d.Signed = append(d.Signed, l)
		}, nil, ErrUnknownCA},
		{"switched off, and another CA", true, func(d *cluster.Document) { d.CA, d.Signed = memKey().Public(), nil }, nil, ErrUnknownCA},
		{"another operators' key: the apply writes its own", true, func(d *cluster.Document) { d.OperatorKey = "ssh-ed25519 AAAAevil" }, nil, nil},
		{"other lines of the batch system: the apply writes its own", true, func(d *cluster.Document) { d.BatchConfig = "PROLOG = /bin/evil\n" }, nil, nil},
		{"an apply without the CA's key, as after an import", true, func(*cluster.Document) {}, func(r *Request) { r.CA, r.Keys = nil, nil }, ErrUnknownCA},
		{"an apply with a new key, and without the one before", true, func(*cluster.Document) {}, func(r *Request) { r.CA, r.Keys = memKey(), nil }, ErrUnknownCA},
		{"an apply with the key after an import", true, func(*cluster.Document) {}, func(r *Request) { r.Last = cluster.Document{} }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 1)
				req.Spec.DocumentSigning = row.signed
				made(t, c, &req)
				c.tamper(t, row.tamper)
				before := len(c.present())
				grow(&req, 2)
				if row.req != nil {
					row.req(&req)
				}
				_, err := New(c, Options{}).Apply(bounded(t), req)
				if !errors.Is(err, row.err) || row.err != nil && len(c.present()) != before {
					t.Errorf("error %v, want %v; %d servers, then %d", err, row.err, before, len(c.present()))
				}
			})
		})
	}
}

// A front-end that does not accept what an apply has brought is an error: the key of
// the CA before must not be forgotten.
func TestAFrontEndThatRefusesTheDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 1)
		req.Spec.DocumentSigning = true
		made(t, c, &req)
		fe := c.server(t, "astro-frontend")
		c.compose(fe)
		fe.accepts.CA = memKey().Public()
		grow(&req, 2)
		if _, err := New(c, Options{}).Apply(bounded(t), req); !errors.Is(err, ErrRefused) {
			t.Errorf("error %v", err)
		}
	})
}

// With document_signing too, a front-end that is lost is made anew under the CA that
// the workers trust, and a new CA follows with its proof.
func TestASigningFrontEndIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		req.Spec.DocumentSigning = true
		made(t, c, &req)
		c.lose(t, "astro-frontend")
		req.CA = newCA(t)
		res := apply(t, c, req)
		if len(res.Problems) > 0 || res.Document.CA != req.CA.Public() || len(res.Document.Signed) != 2 {
			t.Errorf("problems %v, links %+v", res.Problems, res.Document.Signed)
		}
		expectNames(t, c, wantNames("cpu", 1, 2))
		if !slices.Contains(c.log, "report") {
			t.Error("no report was read")
		}
	})
}

// What follows from a document is what a link has signed: the memory of a cluster takes
// over no lines of the batch system's configuration that a stranger has written.
func TestProvenLinesOfTheBatchSystem(t *testing.T) {
	ca := memKey()
	before := cluster.Document{ID: "c1", CA: ca.Public(), BatchConfig: "A = b\n"}
	first, _ := before.NextLink(true)
	before.Signed = []cluster.Link{first}
	other := before
	other.BatchConfig = "PROLOG = /bin/evil\n"
	next, needed := other.NextLink(true)
	if !needed {
		t.Fatal("other lines need no link")
	}
	next.Signature, _ = memKey().Sign(trust.ForDocument, next.Message("c1"))
	forged := other
	forged.Signed = []cluster.Link{first, next}
	next.Signature, _ = ca.Sign(trust.ForDocument, next.Message("c1"))
	signed := other
	signed.Signed = []cluster.Link{first, next}
	if !Proven(before, before) || Proven(before, other) || Proven(before, forged) || !Proven(before, signed) {
		t.Errorf("the same %t, without a link %t, with a forged one %t, with a signed one %t",
			Proven(before, before), Proven(before, other), Proven(before, forged), Proven(before, signed))
	}
}
