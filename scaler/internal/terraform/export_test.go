package terraform

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// Add is Post for one group.
func (a *Actuator) Add(ctx context.Context, clusterID, group string, n int) error {
	_, err := a.Post(ctx, clusterID, []actuate.Order{{Group: group, Count: n}}, nil)
	return err
}

// Retire is Remove without the names, which a run does not know.
func (a *Actuator) Retire(ctx context.Context, clusterID string, names, drained []string) error {
	_, err := a.Remove(ctx, clusterID, names, drained)
	return err
}
