package cluster

import (
	"context"
	"encoding/json"

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

// caRecord holds CA keys as PEM. Former is the one before, until every node
// trusts Key.
type caRecord struct {
	Key    string `json:"key,omitempty"`
	Former string `json:"former,omitempty"`
}

// memory is what the private state knows of a cluster whose front-end may be
// gone.
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

// rememberView keeps what a new front-end would have to know.
func rememberView(ctx context.Context, s privateWriter, v provision.View) diag.Diagnostics {
	fe, ok := v.Nodes.FrontEnd()
	if !ok || !v.HasDocument {
		return nil
	}
	last := v.Document
	last.Groups = nil
	diags := keepPrivate(ctx, s, privateLast, last)
	diags.Append(keepPrivate(ctx, s, privateFrontEnd, fe.SpecHash)...)
	return diags
}

// keys are the CA keys at hand: the one that the configuration gives, and those
// that the provider made.
func (m memory) keys(given *trust.CA) []*trust.CA {
	var out []*trust.CA
	if given != nil {
		out = append(out, given)
	}
	for _, text := range []string{m.ca.Key, m.ca.Former} {
		if ca, err := trust.ParseCA(text); err == nil {
			out = append(out, ca)
		}
	}
	return out
}

// givenCA reads the write-only key from a configuration; it goes nowhere else.
// open tells that it is not known yet. ValidateConfig has refused a wrong one.
func givenCA(ctx context.Context, config tfsdk.Config) (ca *trust.CA, open bool, diags diag.Diagnostics) {
	var key types.String
	diags = config.GetAttribute(ctx, path.Root("ssh_ca_private_key_wo"), &key)
	if key.IsUnknown() {
		return nil, true, diags
	}
	if key.IsNull() {
		return nil, false, diags
	}
	ca, err := trust.ParseCA(key.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("ssh_ca_private_key_wo"), "Invalid CA key", "The CA key can't be used: "+diagnose.Sentence(err.Error()))
	}
	return ca, false, diags
}

// rotates tells whether another CA is asked for.
func rotates(plan, was *model) bool {
	return was != nil && !plan.CAKeyVersion.Equal(was.CAKeyVersion)
}

// entrust completes a request by what concerns the CA and a front-end that is to
// be made anew. Keys that the provider makes are in the private state before they
// are used.
func (a *application) entrust(ctx context.Context, req *provision.Request) diag.Diagnostics {
	m, diags := readMemory(ctx, a.private)
	given, _, more := givenCA(ctx, a.config)
	diags.Append(more...)
	if diags.HasError() {
		return diags
	}
	a.given = given
	req.Keys, req.Last = m.keys(given), m.last
	changes := a.create || rotates(&a.plan, a.prior)
	switch {
	case given != nil && changes:
		req.CA = given
	case given != nil:
	case m.ca.Former != "" && changes: // what an earlier try made has not reached all nodes
		req.CA = req.Keys[0]
	case changes || (m.ca.Key == "" && a.plan.Generation.IsUnknown()):
		// After an import there is no key: the nodes get a CA that has one.
		ca, err := trust.NewCA()
		if err != nil {
			diags.AddError(a.what, diagnose.Sentence(err.Error()))
			return diags
		}
		text, err := ca.PrivatePEM()
		if err != nil {
			diags.AddError(a.what, diagnose.Sentence(err.Error()))
			return diags
		}
		req.CA = ca
		diags.Append(keepPrivate(ctx, a.private, privateCA, caRecord{Key: text, Former: m.ca.Key})...)
	}
	if a.prior != nil {
		diags.Append(a.promises(ctx, req)...)
	}
	return diags
}

// promises tells the request what the plan has shown of front-end and workers.
func (a *application) promises(ctx context.Context, req *provision.Request) diag.Diagnostics {
	planned, diags := nodeStates(ctx, a.plan.Nodes)
	for _, n := range planned {
		if n.Role.ValueString() == string(cluster.RoleFrontEnd) {
			req.ReplaceFrontEnd = n.ID.IsUnknown()
		} else if !n.ID.IsUnknown() {
			req.KeepWorkers = true
		}
	}
	return diags
}

// remember keeps what came about. When the apply went well, no node trusts an
// older CA, and a key that is given is nobody else's to keep.
func (a *application) remember(ctx context.Context, v provision.View, well bool) diag.Diagnostics {
	diags := rememberView(ctx, a.private, v)
	diags.Append(keepPrivate(ctx, a.private, privateStrays, strays(v).Names())...)
	if !well {
		return diags
	}
	m, more := readMemory(ctx, a.private)
	diags.Append(more...)
	ca, err := trust.ParseCA(m.ca.Key)
	switch {
	case a.given != nil && a.given.Public() == v.Document.CA:
		diags.Append(keepPrivate(ctx, a.private, privateCA, caRecord{})...)
	case err == nil && ca.Public() == v.Document.CA:
		diags.Append(keepPrivate(ctx, a.private, privateCA, caRecord{Key: m.ca.Key})...)
	}
	return diags
}
