package provision

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// SetLeaving marks members to leave, or to stay after all. Names without an entry
// in the roster are passed over.
func (p Steps) SetLeaving(ctx context.Context, ref cluster.Ref, marks map[string]cluster.Leaving) error {
	_, fe, err := p.open(ctx, ref)
	if err != nil {
		return err
	}
	_, err = p.store(fe.ID).SetLeaving(ctx, func(m cluster.Member) cluster.Leaving {
		if want, ok := marks[m.Name]; ok {
			return want
		}
		return m.Leaving
	})
	return err
}
