package cluster

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// store is a private state.
type store map[string][]byte

func (s store) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return s[key], nil }

func (s store) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	s[key] = value
	return nil
}

func TestPlanOfAFrontEnd(t *testing.T) {
	held, err := trust.ParseCA(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	other, err := trust.ParseCA(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	last := cluster.Document{CA: held.Public(), FrontEnd: cluster.FrontEndRecord{HostCA: "ssh-ed25519 AAAA"}}
	cases := []struct {
		name                string
		lost, asked, change bool
		key                 *trust.CA
		frontEnd, workers   bool // made anew
		says                string
	}{
		{"it is there", false, false, false, held, false, false, ""},
		{"lost", true, false, false, held, true, false, "queue is made anew"},
		{"lost, no key", true, false, false, nil, true, true, "Workers are made anew"},
		{"lost, another key", true, false, false, other, true, true, "Workers are made anew"},
		{"made of something else now", false, false, true, held, false, false, ""},
		{"made of something else, and asked for", false, true, true, held, true, false, "queue is made anew"},
		{"asked for, and nothing is different", false, true, false, held, false, false, ""},
		{"made of something else, asked for, no key", false, true, true, nil, false, false, "stays as it is"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			m := testModel(t).with(t, 1)
			was := existing(t, "astro-cpu-1")
			fe := testFrontEnd()
			fe.ReplaceOnChange = types.BoolValue(tc.asked)
			m.setFrontEnd(t, fe)
			if tc.lost {
				states, _ := nodeStates(was.Nodes)
				delete(states, "astro-frontend")
				was.Nodes = nodesValue(states)
			}
			c := computed(t, m, &was)
			c.kept = private{memory: memory{last: last, frontEndSpec: c.spec.FrontEnd.BuildHash()}, given: givenKeys{ca: tc.key}}
			if tc.change {
				c.spec.FrontEnd.Flavor = "f9"
			}
			diags := c.decideFrontEnd()
			if c.nodes.FrontEnd != tc.frontEnd || (len(c.nodes.Groups["cpu"].Add) > 0) != tc.workers {
				t.Errorf("front-end made anew: %t, workers: %v", c.nodes.FrontEnd, c.nodes.Groups["cpu"].Add)
			}
			var said strings.Builder
			for _, d := range diags {
				said.WriteString(d.Summary() + "\n")
			}
			if (tc.says == "") != (said.Len() == 0) || !strings.Contains(said.String(), tc.says) {
				t.Errorf("said %q, want %q", said.String(), tc.says)
			}
		})
	}
}

// Generated keys stay until no node can trust them any more.
func TestRememberKeys(t *testing.T) {
	one, two := testKey(t), testKey(t)
	caOf := func(text string) *trust.CA {
		ca, err := trust.ParseCA(text)
		if err != nil {
			t.Fatal(err)
		}
		return ca
	}
	cases := []struct {
		name  string
		given *trust.CA
		doc   *trust.CA // what the nodes trust
		well  bool
		want  caRecord
	}{
		{"a new key has reached the nodes", nil, caOf(two), true, caRecord{Key: two}},
		{"it may not have", nil, caOf(two), false, caRecord{Key: two, Former: one}},
		{"it has not", nil, caOf(one), true, caRecord{Key: two, Former: one}},
		{"a key that is given is not kept, nor any other", caOf(testKey(t)), nil, true, caRecord{}},
	}
	for _, tc := range cases {
		s := store{}
		keepPrivate(t.Context(), s, privateCA, caRecord{Key: two, Former: one})
		if tc.doc == nil {
			tc.doc = tc.given
		}
		view := cluster.View{HasDocument: true, Document: cluster.Document{CA: tc.doc.Public()}, Nodes: cluster.Nodes{testNodeOf("astro-frontend", "")}}
		if diags := keepOutcome(t.Context(), s, tc.given, view, tc.well); diags.HasError() {
			t.Fatal(diags)
		}
		m, diags := readMemory(t.Context(), s)
		if diags.HasError() || m.ca != tc.want || m.last.CA != tc.doc.Public() {
			t.Errorf("%s: kept the wrong keys or documents", tc.name)
		}
	}
}

// What a refresh finds in metadata that a stranger has changed does not replace what is
// kept of a cluster with document_signing.
func TestRememberViewFollowsTheLinks(t *testing.T) {
	caOf := func() *trust.CA {
		ca, err := trust.NewCA()
		if err != nil {
			t.Fatal(err)
		}
		return ca
	}
	own, next, evil := caOf(), caOf(), caOf()
	document := func(ca *trust.CA, links ...cluster.Link) cluster.Document {
		return cluster.Document{ID: "c1", CA: ca.Public(), Signed: links, FrontEnd: cluster.FrontEndRecord{CoordinatorKey: "key of " + printOf(ca)}}
	}
	link := func(n int64, ca, by *trust.CA) cluster.Link {
		l := cluster.Link{Number: n, CA: ca.Public(), Operator: cluster.OperatorPrint("")}
		var err error
		if l.Signature, err = by.Sign(trust.ForDocument, l.Message("c1")); err != nil {
			t.Fatal(err)
		}
		return l
	}
	first := link(1, own, own)
	for _, row := range []struct {
		name         string
		before, seen cluster.Document
		want         *trust.CA
	}{
		{"the same", document(own, first), document(own, first), own},
		{"another CA with its proof", document(own, first), document(next, first, link(2, next, own)), next},
		{"another CA", document(own, first), document(evil, first), own},
		{"another CA without links", document(own, first), document(evil), own},
		{"another CA that proves itself", document(own, first), document(evil, first, link(2, evil, evil)), own},
		{"without document_signing", document(own), document(evil), evil},
	} {
		s := store{}
		view := cluster.View{HasDocument: true, Document: row.seen, Nodes: cluster.Nodes{testNodeOf("astro-frontend", "")}}
		diags := rememberView(t.Context(), s, row.before, view)
		m, more := readMemory(t.Context(), s)
		if diags.HasError() || more.HasError() || m.last.CA != row.want.Public() || m.last.FrontEnd.CoordinatorKey != "key of "+printOf(row.want) {
			t.Errorf("%s: kept CA %q and front-end %+v", row.name, m.last.CA, m.last.FrontEnd)
		}
	}
}

func printOf(ca *trust.CA) string { return trust.Fingerprint(ca.Public()) }

func testKey(t *testing.T) string {
	t.Helper()
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	text, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
