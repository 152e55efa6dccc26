package cluster

import (
	"context"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// silent is a cloud that does not answer within the time of a plan.
type silent struct{ Cloud }

func (silent) Nodes(context.Context, ...string) (cluster.Nodes, error) {
	return nil, context.DeadlineExceeded
}

// A plan that can't compare names has changed nothing, so it does not send people to
// the state.
func TestNamesThatCanNotBeComparedAreThePlansFault(t *testing.T) {
	c := change{spec: cluster.Spec{Name: "astro-x", Groups: map[string]cluster.GroupSpec{"cpu": {}}}}
	diags := (&clusterResource{session: NewSession(at{cloud: silent{}})}).checkHomonyms(t.Context(), c)
	if len(diags) != 1 || !strings.HasSuffix(diags[0].Detail(), "Nothing was changed.") {
		t.Errorf("diagnostics are %v", diags)
	}
}
