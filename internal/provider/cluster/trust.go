package cluster

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// Keys of the private state that outlive a front-end's server.
const (
	privateCA       = "ca"        // the CA keys that the provider made: the one secret in a state
	privateLast     = "last"      // the cluster document as last seen, without specs
	privateFrontEnd = "front_end" // what the front-end was made of
)

// caRecord holds CA keys as PEM. Former is the key before Key, as long as a node may
// not trust Key.
type caRecord struct {
	Key    string `json:"key,omitempty"`
	Former string `json:"former,omitempty"`
}

// memory is the part of the private state that outlives the front-end's server.
type memory struct {
	ca           caRecord
	last         cluster.Document
	frontEndSpec string
}

type privateStore interface {
	privateState
	privateWriter
}

func readMemory(ctx context.Context, s privateState) (memory, diag.Diagnostics) {
	var m memory
	var diags diag.Diagnostics
	for key, value := range map[string]any{privateCA: &m.ca, privateLast: &m.last, privateFrontEnd: &m.frontEndSpec} {
		raw, more := s.GetKey(ctx, key)
		diags.Append(more...)
		if len(raw) == 0 {
			continue
		}
		if json.Unmarshal(raw, value) != nil { // the error might hold a part of a key
			diags.AddError("Private state can't be read", "Its part "+key+" is not what this provider writes.")
		}
	}
	return m, diags
}

func keepPrivate(ctx context.Context, s privateWriter, key string, value any) diag.Diagnostics {
	raw, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Private state can't be written", diagnose.Sentence(err.Error()))}
	}
	return s.SetKey(ctx, key, raw)
}

// rememberView keeps what a new front-end needs. before is the document that was kept
// so far; one that does not follow from it is not the cluster's own.
func rememberView(ctx context.Context, s privateWriter, before cluster.Document, v cluster.View) diag.Diagnostics {
	fe, ok := v.Nodes.FrontEnd()
	if !ok || !v.HasDocument {
		return nil
	}
	last := v.Document
	last.Groups = nil
	if !provision.Proven(before, last) { // the nodes do not follow it either
		last.CA, last.Signed, last.HostCAs, last.FrontEnd = before.CA, before.Signed, before.HostCAs, before.FrontEnd
		last.BatchConfig = before.BatchConfig
	}
	diags := keepPrivate(ctx, s, privateLast, last)
	diags.Append(keepPrivate(ctx, s, privateFrontEnd, fe.SpecHash)...)
	return diags
}

// keys returns the CA keys at hand: the one that the configuration gives, those that
// the provider made, and the one that the configuration gave before.
func (m memory) keys(given givenKeys) []*trust.CA {
	var out []*trust.CA
	if given.ca != nil {
		out = append(out, given.ca)
	}
	for _, text := range []string{m.ca.Key, m.ca.Former} {
		if ca, err := trust.ParseCA(text); err == nil {
			out = append(out, ca)
		}
	}
	if given.former != nil {
		out = append(out, given.former)
	}
	return out
}

// givenKeys are the write-only keys of a configuration; they go nowhere else.
type givenKeys struct {
	ca, former *trust.CA // nil: not given
	open       bool      // one of them is not known yet
}

// readKeys reads them. ValidateConfig has refused a wrong one.
func readKeys(ctx context.Context, config tfsdk.Config) (givenKeys, diag.Diagnostics) {
	var given givenKeys
	var diags diag.Diagnostics
	for name, into := range map[string]**trust.CA{"ssh_ca_private_key_wo": &given.ca, "ssh_ca_former_private_key_wo": &given.former} {
		var key types.String
		diags.Append(config.GetAttribute(ctx, path.Root(name), &key)...)
		given.open = given.open || key.IsUnknown()
		if key.IsUnknown() || key.IsNull() {
			continue
		}
		ca, err := trust.ParseCA(key.ValueString())
		if err != nil {
			diags.AddAttributeError(path.Root(name), "Invalid CA key", name+": the key can't be used: "+diagnose.Sentence(err.Error()))
			continue
		}
		*into = ca
	}
	return given, diags
}

// rotates reports whether a plan asks for another CA than the state's.
func rotates(plan, state model) bool { return !plan.CAKeyVersion.Equal(state.CAKeyVersion) }

// entrust completes a request by what concerns the CA. A key that the provider
// makes is in the private state before it is used. given is the CA key that the
// configuration holds.
func (a application) entrust(ctx context.Context, i intent, req *provision.Request) (given *trust.CA, diags diag.Diagnostics) {
	m, diags := readMemory(ctx, a.private)
	keys, more := readKeys(ctx, a.config)
	diags.Append(more...)
	given = keys.ca
	if diags.HasError() {
		return given, diags
	}
	req.Keys, req.Last = m.keys(keys), m.last
	changes := i.create || rotates(i.want.model, i.was.config.model)
	switch {
	case given != nil && changes:
		req.CA = given
	case given != nil:
	case m.ca.Former != "" && changes: // the key of an earlier try, which has not reached all nodes
		req.CA = req.Keys[0]
	case changes || (m.ca.Key == "" && i.want.Generation.IsUnknown()):
		// After an import there is no key: the nodes get a CA that has one.
		ca, text, err := newCA()
		if err != nil {
			diags.AddError(a.what, diagnose.Sentence(err.Error()))
			return given, diags
		}
		req.CA = ca
		diags.Append(keepPrivate(ctx, a.private, privateCA, caRecord{Key: text, Former: m.ca.Key})...)
	}
	return given, diags
}

// newCA returns a new CA and its key as PEM.
func newCA() (*trust.CA, string, error) {
	ca, err := trust.NewCA()
	if err != nil {
		return nil, "", err
	}
	text, err := ca.PrivatePEM()
	return ca, text, err
}

// keepOutcome keeps in the private state what an apply brought about. given is the
// CA key that the configuration holds. If the apply went well, no node trusts an
// older CA, so the state keeps no older key, and none that the configuration has.
func keepOutcome(ctx context.Context, s privateStore, given *trust.CA, v cluster.View, well bool) diag.Diagnostics {
	diags := rememberView(ctx, s, cluster.Document{}, v) // the run has checked the document
	diags.Append(keepPrivate(ctx, s, privateStrays, strays(v, time.Now()).Names())...)
	diags.Append(keepPrivate(ctx, s, privateUnenrolled, unenrolled(v, time.Now()).Names())...)
	diags.Append(keepPrivate(ctx, s, privateLeftovers, staying(v.Leftovers).Names())...)
	if !well {
		return diags
	}
	m, more := readMemory(ctx, s)
	diags.Append(more...)
	ca, err := trust.ParseCA(m.ca.Key)
	switch {
	case given != nil && given.Public() == v.Document.CA:
		diags.Append(keepPrivate(ctx, s, privateCA, caRecord{})...)
	case err == nil && ca.Public() == v.Document.CA:
		diags.Append(keepPrivate(ctx, s, privateCA, caRecord{Key: m.ca.Key})...)
	}
	return diags
}
