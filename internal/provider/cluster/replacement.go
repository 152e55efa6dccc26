package cluster

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// Strategies of a replacement.
const (
	strategyRolling = "rolling"
	strategyNew     = "new_nodes_only"
)

var replacementTypes = map[string]attr.Type{
	"strategy": types.StringType, "max_unavailable": whole.Type{}, "drain_timeout": types.StringType,
}

// rolls reports whether present workers follow a change.
func (m model) rolls() bool {
	strategy, _ := m.Replacement.Attributes()["strategy"].(types.String)
	return strategy.ValueString() == strategyRolling
}

// rollsOpen reports whether the strategy is known during the apply only.
func (m model) rollsOpen() bool {
	strategy, _ := m.Replacement.Attributes()["strategy"].(types.String)
	return m.Replacement.IsUnknown() || strategy.IsUnknown()
}

func (m model) replaces() provision.Replacement {
	unavailable, _ := m.Replacement.Attributes()["max_unavailable"].(whole.Number)
	drain, _ := m.Replacement.Attributes()["drain_timeout"].(types.String)
	r := provision.Replacement{Rolling: m.rolls(), MaxUnavailable: int(unavailable.ValueInt64()), DrainTimeout: m.drainTimeout()}
	if d, err := time.ParseDuration(drain.ValueString()); err == nil {
		r.DrainTimeout = d
	}
	return r
}
