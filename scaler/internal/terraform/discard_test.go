package terraform

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

type discarding struct {
	Cloud
	gone []string
}

func (d *discarding) RequestDiscard(_ context.Context, _ cluster.Ref, serverID string) error {
	d.gone = append(d.gone, serverID)
	return nil
}

// An unwanted server is deleted by a direct call, unless the current run may have made
// it, or its group has "scaling" in Terraform's configuration.
func TestDiscard(t *testing.T) {
	for _, row := range []struct {
		name, server string
		going        bool
		gone         []string
		err          error
	}{
		{"one more of a name", "twin", false, []string{"twin"}, nil},
		{"while a run is going", "twin", true, nil, errRunGoing},
		{"of a group with scaling", "gpu", false, nil, ErrNotOurs},
		{"not in the list any more", "none", false, []string{"none"}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var cloud discarding
			a := New(Options{Cloud: &cloud})
			a.last = cluster.View{
				Document: cluster.Document{Groups: map[string]cluster.GroupSpec{"cpu": {Count: 2}, "gpu": {Scaling: &cluster.Scaling{Max: 2}}}},
				Nodes:    cluster.Nodes{{ID: "twin", Name: "astro-cpu-1", Group: "cpu"}, {ID: "gpu", Name: "astro-gpu-1", Group: "gpu"}},
			}
			if row.going {
				a.running = make(chan struct{})
			}
			if err := a.Discard(t.Context(), "id", row.server); !errors.Is(err, row.err) || !slices.Equal(cloud.gone, row.gone) {
				t.Errorf("gone %v, want %v; %v", cloud.gone, row.gone, err)
			} else if _, off := errors.AsType[actuate.PutOffError](err); off != row.going {
				t.Errorf("put off %t: %v", off, err)
			}
		})
	}
}
