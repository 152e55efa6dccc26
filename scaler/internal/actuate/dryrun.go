package actuate

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// DryRun does nothing. The decision shows what another actuator would have done.
type DryRun struct{}

// Post sends no create call.
func (DryRun) Post(context.Context, string, []Order, []string) (Posted, error) {
	return Posted{}, nil
}

// Mark marks no worker.
func (DryRun) Mark(context.Context, string, map[string]cluster.Leaving) error { return nil }

// Enrol enrols no worker.
func (DryRun) Enrol(context.Context, cluster.View) ([]string, error) { return nil, nil }

// Remove deletes no server.
func (DryRun) Remove(context.Context, string, []string, []string) ([]string, error) { return nil, nil }

// Forget leaves the roster as it is.
func (DryRun) Forget(context.Context, string, []string) ([]string, error) { return nil, nil }
