package batch

import (
	"context"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Waiting are the workers of a batch that are held back while servers are being deleted that
// have their names, or that take the room they need. For Progress they are workers that have
// met no goal.
type Waiting struct{ *Batch }

// Hold keeps workers from being made until Release: their names are not free yet.
func (b Waiting) Hold(names []string) {
	for _, name := range names {
		if m := b.members[name]; m != nil {
			m.held = true
		}
	}
}

// ForRoom says that servers are being deleted. Until RoomIsFree a worker for which
// the cloud has no room is held and not given up.
func (b Waiting) ForRoom() { b.awaitsRoom = true }

// Names returns the names of the workers that are held back, in order.
func (b Waiting) Names() []string {
	var out []string
	for m := range b.members.settled() {
		if m.held && !m.lost {
			out = append(out, m.name)
		}
	}
	cluster.SortNames(out)
	return out
}

// Release makes those of the held workers that are named. The error is the context's only.
func (b Waiting) Release(ctx context.Context, names []string) error {
	for m := range b.members.settled() {
		m.held = m.held && !slices.Contains(names, m.name)
	}
	return b.Launch(ctx)
}

// RoomIsFree makes all held workers: no deletion makes more room. It reports whether there
// were any. The error is the context's only.
func (b Waiting) RoomIsFree(ctx context.Context) (bool, error) {
	b.awaitsRoom = false
	held := b.Names()
	if len(held) == 0 {
		return false, nil
	}
	b.placement.forgive()
	b.maker.Log(ctx, "making the workers that waited for room", "nodes", held)
	return true, b.Release(ctx, held)
}

// refused ends a worker whose create call would be or was refused, or holds it back where
// the end of a deletion may help.
func (b Waiting) refused(m *member, kind cluster.FaultKind, detail string) {
	if b.awaitsRoom && NeedsRoom(kind) {
		m.held = true
		return
	}
	b.GiveUp(m.name, cluster.Problem{Kind: kind, Summary: "was not created", Detail: detail})
}

// NeedsRoom reports whether a fault may end when other servers are gone: they take quota,
// addresses and hosts.
func NeedsRoom(kind cluster.FaultKind) bool {
	return slices.Contains([]cluster.FaultKind{cluster.FaultQuota, cluster.FaultNetwork, cluster.FaultNoHost}, kind)
}
