package actuate

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// DryRun does nothing. The decision shows what another actuator would have done.
type DryRun struct{}

// Add makes workers of a group and returns their names.
func (DryRun) Add(context.Context, string, string, int) ([]string, error) { return nil, nil }

// Mark asks workers to leave, or to stay after all.
func (DryRun) Mark(context.Context, string, map[string]cluster.Leaving) error { return nil }

// Remove deletes workers and takes them from the roster.
func (DryRun) Remove(context.Context, string, []string, []string) error { return nil }
