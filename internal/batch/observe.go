package batch

import (
	"context"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// MostUnseen is the number of lists in a row without a server that was just made
// until the server counts as deleted by another client: another API worker's list may lack
// it for a moment.
const MostUnseen = 4

// Observe takes over what a list shows. A worker in ERROR is read, deleted and,
// while tries are left, built once more under the same name. The error is the
// context's only.
func (b *Batch) Observe(ctx context.Context, nodes cluster.Nodes) error {
	byID := make(map[string]cluster.Node, len(nodes))
	for _, n := range nodes {
		byID[n.ID] = n
		b.dropTwin(ctx, n)
	}
	again := false
	for m := range b.members.settled() {
		if m.id == "" || m.lost {
			continue
		}
		n, there := byID[m.id]
		switch {
		case !there:
			if m.unseen++; m.unseen >= MostUnseen {
				b.GiveUp(m.name, cluster.Problem{Kind: cluster.FaultNotFound, Summary: "vanished", Detail: "its server was deleted by another client while it was being made"})
			}
		case n.Broken():
			b.failed(ctx, m, n)
			again = again || !m.lost
		default:
			m.node, m.unseen = n, 0
		}
	}
	if !again {
		return nil
	}
	return b.Launch(ctx)
}

// dropTwin deletes a second server of the batch with a member's name: a create
// call made it whose answer got lost, and no list showed it before the call was
// repeated. A server that another writer made under that name is left alone.
func (b *Batch) dropTwin(ctx context.Context, n cluster.Node) {
	m := b.members[n.Name]
	if m == nil || m.called || n.Metadata[cluster.MetaBatch] != b.ID || m.id == "" || m.id == n.ID || slices.Contains(m.old, n.ID) {
		return
	}
	b.maker.Log(ctx, "deleting a second server of one name", "node", n.Name, "server", n.ID)
	if err := b.maker.Cloud.DeleteNode(ctx, n.ID); err == nil {
		m.old = append(m.old, n.ID)
	}
}

func (b *Batch) failed(ctx context.Context, m *member, n cluster.Node) {
	kind, words := b.maker.Fault(ctx, n)
	b.maker.Log(ctx, "a worker ended in ERROR", "node", m.name, "fault", words, "try", m.tries)
	console := b.maker.Console(ctx, n.ID)
	m.old = append(m.old, m.id)
	m.id = ""
	m.node = cluster.Node{}
	if err := b.maker.Cloud.DeleteNode(ctx, n.ID); err != nil {
		words += "; and its server could not be deleted: " + err.Error()
	}
	// Trying again at once brings neither more quota nor another image, and a roster that is
	// on its way can't be changed any more. Without its server group it could stand anywhere.
	waits := b.awaitsRoom && NeedsRoom(kind)
	hopeless := kind == cluster.FaultQuota && !waits || kind == cluster.FaultImage || b.Messenger.Bound(m.name) ||
		m.serverGroup == "" && b.doc.Groups[m.group].ServerGroup != ""
	last := m.tries >= b.placement.mostTries(m.group)
	if hopeless || last && !waits {
		summary := "ended in ERROR"
		if m.tries > 1 {
			summary += " " + text.Count(m.tries, "time")
		}
		b.GiveUp(m.name, cluster.Problem{Kind: kind, Summary: summary, Detail: words + m.zonesInWords(), Console: console})
		return
	}
	before := m.zone
	b.placement.next(m)
	m.held = waits && (last || kind == cluster.FaultQuota || m.zone == before) // another zone may have room now
}
