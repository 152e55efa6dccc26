package cluster

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	nodeplan "github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// Keys of the private state under which a refresh keeps what a plan needs.
const (
	privateLeaving = "leaving" // workers that are being drained: those leave first
	privateLost    = "lost"    // workers of the roster without a server: made anew under their names
	privateStrays  = "strays"  // servers that are in no roster and can't be enrolled as they are

	privateLeftovers    = "leftovers"     // servers of this name that an interrupted create left: the next apply deletes them
	privateUnenrolled   = "unenrolled"    // workers that are in no roster: the next apply enrols them
	privateFaults       = "faults"        // why Nova set a node to ERROR, in its words
	privateServerGroups = "server_groups" // the policy of the server group that a worker was made in
)

// longestFault is how many characters of Nova's words a plan shows.
const longestFault = 300

// private is what a plan reads from the private state and the write-only part of the
// configuration.
type private struct {
	memory
	leaving, lost []string
	strays        []string
	leftovers     []string
	unenrolled    []string
	serverGroups  map[string]string
	faults        map[string]string
	given         givenKeys
}

func (p private) rules() nodeplan.Rules {
	return nodeplan.Rules{Leaving: func(name string) bool { return slices.Contains(p.leaving, name) || slices.Contains(p.unenrolled, name) }, Names: p.lost}
}

type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

func readPrivate(ctx context.Context, s privateState) (private, diag.Diagnostics) {
	m, diags := readMemory(ctx, s)
	p := private{memory: m}
	for key, into := range map[string]any{
		privateLeaving: &p.leaving, privateLost: &p.lost, privateStrays: &p.strays, privateUnenrolled: &p.unenrolled,
		privateLeftovers: &p.leftovers, privateServerGroups: &p.serverGroups, privateFaults: &p.faults,
	} {
		raw, more := s.GetKey(ctx, key)
		diags.Append(more...)
		if len(raw) == 0 {
			continue
		}
		if err := json.Unmarshal(raw, into); err != nil {
			diags.AddError("Private state can't be read", diagnose.Sentence(err.Error()))
		}
	}
	return p, diags
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// writePrivate keeps the part of a view that a plan will need.
func writePrivate(ctx context.Context, s privateWriter, v cluster.View) diag.Diagnostics {
	now, leaving, lost := time.Now(), []string{}, []string{}
	for _, m := range v.Document.Workers {
		if m.Leaving != cluster.Stays {
			leaving = append(leaving, m.Name)
		}
		if _, there := v.Nodes.ByName(m.Name); !there {
			lost = append(lost, m.Name)
		}
	}
	groups, faults := map[string]string{}, map[string]string{}
	for _, n := range v.Nodes {
		if n.Fault != nil {
			faults[n.Name] = text.Line(n.Fault.Message, longestFault)
		}
	}
	for _, w := range v.Nodes.Workers("") {
		if w.ServerGroup != "" {
			groups[w.Name] = w.ServerGroup
		}
	}
	var diags diag.Diagnostics
	for key, value := range map[string]any{
		privateLeaving: leaving, privateLost: lost, privateStrays: strays(v, now).Names(),
		privateUnenrolled: unenrolled(v, now).Names(), privateLeftovers: staying(v.Leftovers).Names(), privateServerGroups: groups, privateFaults: faults,
	} {
		diags.Append(keepPrivate(ctx, s, key, value)...)
	}
	return diags
}
